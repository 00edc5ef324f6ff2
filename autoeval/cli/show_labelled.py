"""Showing what judges are worth on pairs with a right answer."""

from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from autoeval.analysis.labelled import JudgeWorth, Worth
from autoeval.cli.printed_board import PrintedBoard
from autoeval.cli.show_asked import asked_lines
from autoeval.cli.tables import plain_table
from autoeval.journeys.labelled_judges import LabelledAnalysis

_MOST_CONTRASTS = 10
PRINTED_COLUMNS = ("accuracy", "accuracy_low", "accuracy_high", "accuracy_both", "agreement", "first_shown")


def show_labelled(console: Console, result: LabelledAnalysis) -> None:
    """Show each judge's accuracy, then by section or subset, who is better than whom, and what to know of it."""
    if result.judges:
        console.print(_table("judge", {judge.name: judge.whole for judge in result.judges}, console.width))
    if len(result.judges) == 1 and (parts := _parts(result.judges[0])):
        console.print(_table("subset", parts, console.width))
    show_labelled_notes(console, result)


def show_labelled_notes(console: Console, result: LabelledAnalysis) -> None:
    """Say who is better than whom, and what is to be known of the numbers."""
    for found in result.contrasts[:_MOST_CONTRASTS]:
        console.print(
            Text(
                f"{found.better} is right more often than {found.other} by {found.difference:.1f} points "
                f"({found.low:.1f} to {found.high:.1f}; {found.n} pairs; p = {found.p:.3g}, "
                f"{found.p_holm:.3g} after Holm)"
            ),
            soft_wrap=True,
        )
    left = len(result.contrasts) - _MOST_CONTRASTS
    lines = [f"{left} more comparisons are not shown"] if left > 0 else []
    lines += [*result.notes, *(asked_lines(result.ask) if result.ask else [])]
    lines += [f"Written: {result.path}"] if result.path else []
    for line in lines:
        console.print(Text(line), soft_wrap=True)


def _parts(judge: JudgeWorth) -> dict[str, Worth]:
    return {**judge.sections, **judge.subsets}


def _table(title: str, worth: dict[str, Worth], width: int) -> Table:
    rows = list(worth.values())
    accuracies = [one.accuracy for one in rows]
    columns = {
        "accuracy": [f"{found.value:.1f}" for found in accuracies],
        "95% interval": [f"{found.low:.1f} – {found.high:.1f}" for found in accuracies],
        "both": [_value(one, "accuracy_both") for one in rows],
        "agree": [_value(one, "agreement") for one in rows],
        "first": [_value(one, "first_shown") for one in rows],
        "n": [str(found.n) for found in accuracies],
    }
    return plain_table(title, list(worth), columns, width)


def _value(worth: Worth, name: str) -> str:
    found = worth.statistics.get(name)
    return f"{found.value:.1f}" if found else ""


SHOWN: Mapping[type, Callable[[Console, Any], None]] = {LabelledAnalysis: show_labelled}
BOARDS: Mapping[type, Callable[[Any], PrintedBoard]] = {
    LabelledAnalysis: lambda result: PrintedBoard(result.board, PRINTED_COLUMNS, show_labelled_notes)
}
