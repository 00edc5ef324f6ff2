"""Tables for the terminal, readable at 80 columns."""

import math
from collections.abc import Mapping

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from autoeval.leaderboards.table import Board, Cell
from autoeval.metrics.win_rate import WinRate


def board_table(board: Board, current: str | None = None) -> Table:
    """Make the leaderboard a table; the current model's row is marked."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("model", overflow="fold", max_width=30)
    has_lc = any(_is_number(row.get("length_controlled_winrate")) for row in board.rows.values())
    headers = [
        "win rate",
        "95% interval",
        *(["LC win rate"] if has_lc else []),
        "SE",
        "n",
        "missing",
        "length",
    ]
    for header in headers:
        table.add_column(header, justify="right", no_wrap=True)
    for name, row in board.rows.items():
        cells = [
            _number(row.get("win_rate")),
            _interval(row),
            *([_number(row.get("length_controlled_winrate"))] if has_lc else []),
            _number(row.get("standard_error")),
            _count(row.get("n_total")),
            _count(row.get("n_missing")),
            _count(row.get("avg_length")),
        ]
        table.add_row(Text(name), *cells, style="bold" if name == current else None)
    return table


def subset_table(by_subset: Mapping[str, WinRate]) -> Table:
    """Make the win rates of subsets a table."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("subset", overflow="fold")
    for header in ("win rate", "95% interval", "SE", "n", "missing"):
        table.add_column(header, justify="right", no_wrap=True)
    for name, rate in by_subset.items():
        interval = f"{rate.low:.1f} – {rate.high:.1f}"
        counts = (str(rate.n_total), str(rate.n_missing))
        table.add_row(Text(name), _number(rate.win_rate), interval, _number(rate.standard_error), *counts)
    return table


def _interval(row: Mapping[str, Cell]) -> str:
    low, high = row.get("low"), row.get("high")
    return f"{low:.1f} – {high:.1f}" if isinstance(low, float) and isinstance(high, float) else ""


def _number(cell: Cell) -> str:
    return f"{cell:.2f}" if _is_number(cell) else ""


def _count(cell: Cell) -> str:
    return str(int(cell)) if isinstance(cell, int | float) and not math.isnan(cell) else ""


def _is_number(cell: Cell) -> bool:
    return isinstance(cell, int | float) and not math.isnan(cell)
