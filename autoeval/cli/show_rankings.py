"""Showing models ranked by battles."""

from rich.console import Console
from rich.text import Text

from autoeval.cli.tables import plain_table
from autoeval.journeys.rank import Ranking
from autoeval.leaderboards.table import Cell

RANKING_COLUMNS = ("rating", "low", "high", "rank_low", "rank_high", "n")


def show_ranking(console: Console, result: Ranking) -> None:
    """Show the board, and what is to be known of it."""
    rows = list(result.board.rows.values())
    columns = {
        "rating": [_number(row["rating"]) for row in rows],
        "95% interval": [f"{_number(row['low'])} – {_number(row['high'])}" for row in rows],
        "rank": [str(row["rank"]) for row in rows],
        "between": [f"{row['rank_low']} – {row['rank_high']}" for row in rows],
        "n": [str(row["n"]) for row in rows],
    }
    console.print(plain_table("model", list(result.board.rows), columns, console.width))
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
