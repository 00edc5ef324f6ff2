"""Where a result stands: on its board, or apart from one whose numbers do not compare."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from autoeval.data.eval_sets import EvalSet
from autoeval.leaderboards import boards
from autoeval.leaderboards.preferences import Preference, path_beside
from autoeval.leaderboards.rows import Conditions, Row
from autoeval.leaderboards.table import Board, read_board
from autoeval.metrics.columns import Column


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


@dataclass(frozen=True)
class Standing:
    """The board that a result is to stand on, and how it is put there.

    Attributes:
        board: the board; empty where there is none.
        path: its file, None where there is none.
        known: the preset whose known models are shown apart where there is no board.
        preset: of the run.
        overwrites: whether the model's old row is replaced.
        sort_by: the column that orders the board.
        mode_to_print: which rows are shown; None for all.
        is_kept: whether the result is written into the board's file.
    """

    board: Board
    path: Path | None
    known: EvalSet | None
    preset: EvalSet
    overwrites: bool
    sort_by: str
    mode_to_print: str | None
    is_kept: bool

    def __post_init__(self) -> None:
        """Refuse a board that the result could not be written to."""
        if self.is_kept and self.path is not None:
            boards.refuse_unwritable_board(self.path)

    @classmethod
    def find(
        cls,
        precomputed: str | Path | None,
        annotator: str | Path,
        preset: EvalSet,
        overwrites: bool,
        sort_by: str,
        mode_to_print: str | None,
        is_kept: bool,
    ) -> "Standing":
        """Find the board that the parameters of `evaluate` name.

        Raises:
            UsageError: it cannot be read, or not be written where it is to be.
        """
        board, path = boards.find_board(precomputed, annotator, preset)
        is_own = path is not None and boards.is_own(path)
        if mode_to_print == "auto":
            shown = board if path else boards.known_models(preset)
            mode_to_print = None if is_own else shown.strictest_mode()
        return cls(
            board=board,
            path=path,
            known=preset if precomputed == "auto" and path is None else None,
            preset=preset,
            overwrites=overwrites,
            sort_by=sort_by,
            mode_to_print=mode_to_print,
            is_kept=is_kept and is_own,
        )

    @classmethod
    def among_own(
        cls,
        path: Path | None,
        known: Sequence[Column],
        preset: EvalSet,
        overwrites: bool,
        sort_by: str,
        is_kept: bool,
    ) -> "Standing":
        """Find the board of the user's own runs that a file holds, or is to hold; None for no board.

        Raises:
            UsageError: it cannot be read, or not be written where it is to be.
        """
        board = Board({}, known) if path is None else boards.read_own(path, known)
        return cls(board, path, None, preset, overwrites, sort_by, None, is_kept and path is not None)

    def alone(self) -> Board:
        """Return what is shown where no model is evaluated: the board, else the preset's known models."""
        shown = self.board if self.path else boards.known_models(self.preset)
        return shown.sorted_by(self.sort_by).of_mode(self.mode_to_print)

    def comparable_with(self, model: str, conditions: Conditions) -> Path | None:
        """Return the board's file if a result made under these conditions may stand on it."""
        conflict = conditions.conflict(self.board, replaced={model})
        return self.path if self.board.rows and not conflict else None

    def place(self, name: str, row: Row, conditions: Conditions) -> Placed:
        """Put a row on the board, or on one of its own where the numbers do not compare.

        Args:
            name: the model.
            row: its row.
            conditions: what its numbers depend on.
        """
        board = self.board
        conflict = conditions.conflict(board, replaced={name})
        placed, shown_as = boards.merged(
            Board({}, board.known) if conflict else board, name, row, self.overwrites
        )
        if not conflict and self.known is not None:
            board = boards.known_models(self.known)
            conflict = conditions.conflict(board) if conditions.has_same_pairs_as(board) else None
        apart = Apart(board, conflict) if conflict else None
        return Placed(placed.sorted_by(self.sort_by), shown_as, apart)

    def unchanged(self, name: str) -> Placed:
        """Return the board as it is, for a model that nothing is known of."""
        return Placed(self.board.sorted_by(self.sort_by), name, None)

    def note(self, name: str, placed: Placed) -> str | None:
        """Say that the board's file keeps the model's old row, or does not get this one, where that is so."""
        if placed.apart and self.path is not None and self.is_kept:
            return f"{name} is not written to {self.path}, because the numbers do not compare: {placed.apart.reason}"
        if placed.shown_as == name or self.path is None or not boards.is_own(self.path):
            return None
        return (
            f"{name} is on {self.path} already with other numbers, and its row there stays as it is "
            "(--is_overwrite_leaderboard replaces it)"
        )

    def is_file(self, path: Path) -> bool:
        """Whether a run's file is the board's own."""
        return self.path is not None and self.path.resolve() == path.resolve()

    def keep(
        self, name: str, row: Row, stored: Iterable[Preference], apart: Apart | None, always: bool = False
    ) -> None:
        """Write a row into the board's file as it is now, which another process may have changed meanwhile.

        The preferences behind it are stored where those of the other rows are. A row that stands apart is not
        written.

        Args:
            name: the model.
            row: its row.
            stored: the preferences behind it.
            apart: what the row does not compare with, where that is so.
            always: write it also where boards are to be left as they are, because the file is the run's own.
        """
        path = self.path
        if path is None or not (self.is_kept or always) or apart is not None:
            return
        is_written = self.overwrites or name not in self.board.rows
        boards.update_board(
            path,
            lambda board: boards.with_one_row(board, name, row, self.overwrites, path),
            {name: stored} if is_written and path_beside(path).exists() else {},
            self.sort_by,
            lambda path: read_board(path, self.board.known),
            Board({}, self.board.known),
        )
