"""Showing boards of models: one as it is, one that was filled, drawn from records, regenerated or made a site."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from autoeval.cli.printed_board import PrintedBoard
from autoeval.cli.show_asked import asked_lines
from autoeval.cli.tables import board_table, graded_table, ratings_table
from autoeval.journeys.board_run import Leaderboard
from autoeval.journeys.recorded import RecordedBoard
from autoeval.journeys.site import Site
from autoeval.leaderboards.columns import COLUMNS
from autoeval.leaderboards.printed import LEADERBOARD_COLUMNS, filled_columns, models_columns
from autoeval.leaderboards.rating_columns import RATINGS
from autoeval.leaderboards.table import Board
from autoeval.metrics.columns import Column
from autoeval.runs.regeneration import Regeneration

_TABLES: Sequence[tuple[Sequence[Column], Callable[..., Table]]] = (
    (COLUMNS, board_table),
    (RATINGS, ratings_table),
)
"""What shows a board, by the columns of its kind; of scores are all others."""


def _show_board(console: Console, board: Board) -> None:
    if board.rows:
        table = next((make for known, make in _TABLES if board.known is known), graded_table)
        console.print(table(board, width=console.width))
    _show_no_board(console, board)


def _show_no_board(console: Console, board: Board) -> None:
    if not board.rows:
        console.print(
            "There is no shipped leaderboard for this judge and reference. Give --model_outputs to evaluate a model, "
            "or --precomputed_leaderboard to show a board; alpaca_eval --help says more."
        )


def _show_recorded_board(console: Console, result: RecordedBoard) -> None:
    console.print(graded_table(result.board, console.width))
    for model, cautions in result.cautions.items():
        for caution in cautions:
            console.print(Text(f"{model}: {caution}"), soft_wrap=True)
    for note in result.notes:
        console.print(Text(note), soft_wrap=True)
    console.print(Text(f"Written: {result.path}"), soft_wrap=True)


def _show_leaderboard(console: Console, result: Leaderboard) -> None:
    if result.board.known is COLUMNS:
        console.print(board_table(result.board, width=console.width, interval=result.interval_name))
    else:
        console.print(graded_table(result.board, console.width))
    _show_models(console, result)


def _show_models(console: Console, result: Leaderboard) -> None:
    """Say which models were judged."""
    for name, coverage in result.incomplete.items():
        console.print(Text(f"left off: {name}, of which {100 * coverage:.1f}% could be judged"))
    for name, paid in result.paid.items():
        console.print(Text(f"{name}: {paid.in_short}"), soft_wrap=True)
    for line in result.decided.lines if result.decided else ():
        console.print(Text(line), soft_wrap=True)
    for line in asked_lines(result.ask):
        console.print(Text(line))
    console.print(Text(f"{_counted(len(result.judged), 'model')} written to {result.path}"), soft_wrap=True)


def _show_regeneration(console: Console, result: Regeneration) -> None:
    for difference in result.differences:
        console.print(Text(str(difference)), soft_wrap=True)
    if result.unchecked:
        console.print(Text(f"not checked, without stored preferences: {', '.join(result.unchecked)}"))
    found = (
        f"{len(result.differences)} numbers moved" if result.differences else "every number as on the board"
    )
    console.print(
        Text(
            f"{_counted(result.n_models, 'model')} on {_counted(result.n_boards, 'board')} regenerated: {found}"
        )
    )


def _show_site(console: Console, result: Site) -> None:
    made = f"{_counted(result.n_boards, 'board')}, {_counted(result.n_pages, 'page')}"
    if result.n_runs:
        made = _counted(result.n_runs, "run")
    console.print(Text(f"{made}. Open {result.index}"), soft_wrap=True)


def _counted(n: int, thing: str) -> str:
    return f"{n} {thing}" if n == 1 else f"{n} {thing}s"


def _board(board: Board) -> PrintedBoard:
    is_of_pairs = board.known is COLUMNS
    columns = models_columns(board.order) if is_of_pairs else filled_columns(board, board.known)
    return PrintedBoard(board, columns, _show_no_board)


def _leaderboard(result: Leaderboard) -> PrintedBoard:
    is_of_pairs = result.board.known is COLUMNS
    columns = LEADERBOARD_COLUMNS if is_of_pairs else filled_columns(result.board, result.board.known)
    return PrintedBoard(result.board, columns, _show_models)


SHOWN: Mapping[type, Callable[[Console, Any], None]] = {
    Board: _show_board,
    Leaderboard: _show_leaderboard,
    RecordedBoard: _show_recorded_board,
    Regeneration: _show_regeneration,
    Site: _show_site,
}
BOARDS: Mapping[type, Callable[[Any], PrintedBoard]] = {Board: _board, Leaderboard: _leaderboard}
