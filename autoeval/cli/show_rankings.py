"""Showing models ranked by battles, and by how much of a reference's score they reach."""

from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from autoeval.cli.printed_board import PrintedBoard
from autoeval.cli.show_asked import asked_lines
from autoeval.cli.tables import plain_table, ratings_table
from autoeval.journeys.percent_asked import Percentages
from autoeval.journeys.rank import Ranking
from autoeval.leaderboards.table import Board
from autoeval.metrics.columns import Cell

PERCENT_COLUMNS = ("percent", "low", "high", "sum_model", "sum_reference", "n_total", "n_missing")
RANKING_COLUMNS = ("rating", "low", "high", "rank_low", "rank_high", "n")


def show_ranking(console: Console, result: Ranking) -> None:
    """Show the board, and what is to be known of it."""
    console.print(ratings_table(result.board, console.width))
    show_ranking_notes(console, result)


def show_ranking_notes(console: Console, result: Ranking) -> None:
    """Say what the ranking rests on, what style does, and where it was written."""
    differ, pairs = result.n_different
    told = [
        f"{result.n_battles} battles of {len(result.board.rows)} models; {differ} of {pairs} pairs of models differ "
        "(p < 0.05 after Holm)"
    ]
    told += [
        f"style: a standard deviation more {name} adds {value:+.3f} ± {error:.3f} to the log odds"
        for name, (value, error) in result.style.items()
    ]
    for line in (*told, *result.cautions, *(f"Written: {path}" for path in result.paths)):
        console.print(Text(line), soft_wrap=True)


def _number(cell: Cell) -> str:
    return f"{cell:.1f}" if isinstance(cell, int | float) else ""


def show_percentages(console: Console, result: Percentages) -> None:
    """Show how much of a reference's score each model reaches."""
    console.print(_percentages("model", result.board, console.width))
    for column, board in result.groups.items():
        console.print(_percentages(column, board, console.width))
    show_percentages_notes(console, result)


def show_percentages_notes(console: Console, result: Percentages) -> None:
    """Say what is to be known of the numbers, and where they were written."""
    asked = asked_lines(result.ask) if result.ask else []
    for line in (*result.notes, *asked, *([f"Written: {result.path}"] if result.path else [])):
        console.print(Text(line), soft_wrap=True)


def _percentages(title: str, board: Board, width: int) -> Table:
    rows = list(board.rows.values())
    columns = {
        "% of": [str(row["reference"]) for row in rows],
        "percent": [_number(row["percent"]) for row in rows],
        "95% interval": [f"{_number(row.get('low'))} – {_number(row.get('high'))}" for row in rows],
        "sums": [f"{row['sum_model']:g} / {row['sum_reference']:g}" for row in rows],
        "n": [str(row["n_total"]) for row in rows],
        "missing": [str(row["n_missing"]) for row in rows],
    }
    return plain_table(title, list(board.rows), columns, width)


SHOWN: Mapping[type, Callable[[Console, Any], None]] = {Ranking: show_ranking, Percentages: show_percentages}
BOARDS: Mapping[type, Callable[[Any], PrintedBoard]] = {
    Ranking: lambda result: PrintedBoard(result.board, RANKING_COLUMNS, show_ranking_notes),
    Percentages: lambda result: PrintedBoard(result.board, PERCENT_COLUMNS, show_percentages_notes),
}
