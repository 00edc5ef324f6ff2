"""Showing what there is to judge with and to evaluate: a table that keeps its names whole."""

from collections.abc import Callable, Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from autoeval.journeys.line_up import Entry, LineUp


def show_line_up(console: Console, result: LineUp) -> None:
    """Print the configs of a kind, and what came of those that were tried."""
    is_judges = result.kind == "annotator"
    table = Table(
        box=SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True, padding=(0, 1, 0, 0)
    )
    table.add_column(result.kind, no_wrap=True, min_width=17)
    table.add_column("model" if is_judges else "asked as", overflow="fold")
    if is_judges:
        table.add_column("order", no_wrap=True, min_width=6)
        table.add_column("says", no_wrap=True)
    table.add_column("in", justify="right", no_wrap=True, min_width=_widest(result, 0))
    table.add_column("out", justify="right", no_wrap=True, min_width=_widest(result, 1))
    table.add_column("until", no_wrap=True, min_width=10)
    for entry in result.entries:
        middle = [entry.order, entry.says] if is_judges else []
        table.add_row(*map(Text, [entry.name, entry.model, *middle, *_prices(entry), entry.until]))
    console.print(table)
    for entry in result.entries:
        if entry.default_of:
            console.print(Text(f"{entry.name} is the judge of the preset {', '.join(entry.default_of)}."))
        if entry.trial:
            paid = "" if entry.trial.cost is None else f", ${entry.trial.cost:.6f}"
            console.print(Text(f"{entry.name}: {entry.trial.verdict}{paid}"), soft_wrap=True)
    console.print(Text("Prices are US dollars per million tokens."))
    console.print(Text(f"As of {result.day}; the table of lifetimes is of {result.table}."))


def _widest(result: LineUp, side: int) -> int:
    """Return the width that no price of a side is cut at: a price in part would be another price."""
    return max((len(_prices(entry)[side]) for entry in result.entries), default=0)


def _prices(entry: Entry) -> tuple[str, str]:
    if entry.price is None:
        return "", ""
    return f"{entry.price.input:g}", f"{entry.price.output:g}"


SHOWN: Mapping[type, Callable[[Console, Any], None]] = {LineUp: show_line_up}
