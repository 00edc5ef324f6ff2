"""Where a result stands: on its board, or apart from one whose numbers do not compare."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from autoeval.leaderboards.preferences import Preference, path_beside
from autoeval.leaderboards.table import Board
from autoeval.pipeline import boards
from autoeval.pipeline.presets import Preset
from autoeval.pipeline.rows import Conditions, Row


@dataclass(frozen=True)
class Apart:
    """A board that a result cannot be ranked on, with the reason."""

    board: Board
    reason: str


@dataclass(frozen=True)
class Placed:
    """A board with the new row on it under the name `shown_as`, and what is shown apart from it."""

    board: Board
    shown_as: str
    apart: Apart | None


def place(
    name: str, row: Row, conditions: Conditions, board: Board, overwrite: bool, known: Preset | None
) -> Placed:
    """Put a row on a board, or on one of its own where the numbers do not compare.

    Args:
        name: the model.
        row: its row.
        conditions: what its numbers depend on.
        board: where it is to stand.
        overwrite: replace the model's old row.
        known: show the preset's known models apart, if they answered the same instructions.
    """
    conflict = conditions.conflict(board, replaced={name})
    placed, shown_as = boards.merged(Board({}) if conflict else board, name, row, overwrite)
    if not conflict and known is not None:
        board = boards.known_models(known)
        conflict = conditions.conflict(board) if conditions.has_same_pairs_as(board) else None
    return Placed(placed, shown_as, Apart(board, conflict) if conflict else None)


def add_to_board(
    path: Path, name: str, row: Row, stored: Iterable[Preference], overwrite: bool, sort_by: str
) -> None:
    """Write a row into a board's file as it is now, which another process may have changed meanwhile.

    The preferences behind it are stored where those of the other rows are.
    """
    keeps = path_beside(path).exists()
    boards.update_board(
        path,
        lambda board: boards.merged(board, name, row, overwrite)[0],
        {name: stored} if keeps else {},
        sort_by,
    )
