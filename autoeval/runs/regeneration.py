"""Whether a leaderboard still follows from what it was made of."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autoeval.errors import UsageError
from autoeval.leaderboards.columns import COLUMNS
from autoeval.leaderboards.preferences import path_beside, read_preferences
from autoeval.leaderboards.rows import Row, numbers
from autoeval.leaderboards.table import Board, read_board
from autoeval.leaderboards.tally import Tally
from autoeval.metrics.columns import Cell
from autoeval.resources import shipped
from autoeval.runs.length import length_controlled

TOLERANCE = 1e-9
TOLERANCE_OF_FITS = 1e-6
_FITTED = frozenset({"length_controlled_winrate", "lc_standard_error", "difficulty_free_lc_winrate"})
_METHODS_WITHOUT_A_FILE = frozenset({"shipped_difficulties", "baseline", "none"})


@dataclass(frozen=True)
class Difference:
    """A cell that came out differently."""

    board: Path
    model: str
    column: str
    stored: Cell
    regenerated: Cell

    def __str__(self) -> str:
        """Say it in one line."""
        return (
            f"{self.board}: {self.model}, {self.column}: the board says {_shown(self.stored)}, "
            f"regenerated it is {_shown(self.regenerated)}"
        )


@dataclass(frozen=True)
class Regeneration:
    """What a check found. `n_models` were compared; `unchecked` are the rows that do not follow from stored preferences
    alone.
    """

    n_boards: int
    n_models: int
    differences: Sequence[Difference]
    unchecked: Sequence[str] = ()

    @property
    def exit_code(self) -> int:
        """What the command line exits with."""
        return 1 if self.differences else 0

    def merged(self, other: Sequence[Difference]) -> "Regeneration":
        """Return the check with more differences."""
        return Regeneration(self.n_boards, self.n_models, (*self.differences, *other), self.unchecked)


def shipped_boards() -> list[Path]:
    """Return the shipped boards whose preferences are shipped with them."""
    boards = sorted(shipped("leaderboards").glob("*/*.csv"))
    return [path for path in boards if path_beside(path).exists()]


def check_boards(paths: Iterable[Path]) -> Regeneration:
    """Compute boards again from the preferences stored beside them.

    Raises:
        UsageError: a board or its preferences cannot be read, or there are none.
    """
    n_boards = n_models = 0
    differences: list[Difference] = []
    unchecked: list[str] = []
    for path in paths:
        board, preferences = read_board(path), read_preferences(path_beside(path))
        if not preferences:
            raise UsageError(
                f"--check: no preferences are stored beside {path}, so it cannot be regenerated."
            )
        rows = {}
        for name, row in board.rows.items():
            if name in preferences and not row.get("method"):  # a sample has chances that are not among them
                rows[name] = _regenerated(name, row, Tally.of(preferences[name]))
            else:
                unchecked.append(name)
        differences += compare_rows(path, board, rows)
        differences += [
            Difference(path, name, "row", None, "a model with preferences")
            for name in preferences
            if name not in board.rows
        ]
        n_boards, n_models = n_boards + 1, n_models + len(rows)
    return Regeneration(n_boards, n_models, differences, unchecked)


def check_again(path: Path, board: Board, rows: Mapping[str, Row]) -> Regeneration:
    """Compare a board with rows that were judged again, and with the preferences stored beside it.

    Raises:
        UsageError: the board or its preferences cannot be read; of win rates, there are none.
    """
    moved = compare_rows(path, board, rows)
    if board.known[0].name != COLUMNS[0].name:
        return Regeneration(1, len(rows), moved)
    return check_boards([path]).merged(moved)


def compare_rows(path: Path, board: Board, rows: Mapping[str, Row]) -> list[Difference]:
    """Compare rows that were computed again with those of a board, number by number."""
    found = []
    for name, row in rows.items():
        stored = board.rows.get(name)
        if stored is None:
            found.append(Difference(path, name, "row", None, "judged"))
            continue
        for column, cell in row.items():
            if column != "mode" and not _is_close(column, stored.get(column), cell):
                found.append(Difference(path, name, column, stored.get(column), cell))
    return found


def _regenerated(name: str, row: Row, tally: Tally) -> Row:
    """Compute a row's numbers again; what its model never answered is not among the preferences."""
    n_stored = row.get("n_missing")
    n_unpaired = n_stored - tally.n_missing if isinstance(n_stored, int) else 0
    again = numbers(tally, max(n_unpaired, 0))
    if row.get("lc_method") in _METHODS_WITHOUT_A_FILE:
        again |= length_controlled(name, row, tally)
    return again


def _is_close(column: str, stored: Cell, regenerated: Cell) -> bool:
    tolerance = TOLERANCE_OF_FITS if column in _FITTED else TOLERANCE
    if isinstance(stored, int | float) and isinstance(regenerated, int | float):
        return abs(stored - regenerated) <= tolerance or (math.isnan(stored) and math.isnan(regenerated))
    return (_empty(stored) and _empty(regenerated)) or stored == regenerated


def _empty(cell: Cell) -> bool:
    return cell in (None, "") or (isinstance(cell, float) and math.isnan(cell))


def _shown(cell: Cell) -> str:
    return "nothing" if _empty(cell) else str(cell)
