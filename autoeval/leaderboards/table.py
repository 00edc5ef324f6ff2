"""A leaderboard as a table: read, merged, sorted, and written without ever being half there."""

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from autoeval.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

Cell = str | int | float | None

MODES = ("minimal", "verified", "community", "dev")
"""How much a row was checked, strictest first."""

COLUMNS = (
    "win_rate",
    "standard_error",
    "n_wins",
    "n_wins_base",
    "n_draws",
    "n_total",
    "n_missing",
    "discrete_win_rate",
    "mode",
    "avg_length",
    "length_controlled_winrate",
    "lc_standard_error",
    "lc_method",
    "difficulty_free_lc_winrate",
    "low",
    "high",
    "flip_rate",
    "annotator",
    "fingerprint",
    "judge_models",
    "reference",
    "eval_set",
)
"""The columns that we write, in their order; columns of others are kept behind them."""

_COUNTS = frozenset({"n_wins", "n_wins_base", "n_draws", "n_total", "n_missing", "avg_length"})
_TEXTS = frozenset({"mode", "lc_method", "annotator", "fingerprint", "judge_models", "reference", "eval_set"})


@dataclass(frozen=True)
class Board:
    """Rows by model name. A board is never changed; merging gives a new one."""

    rows: Mapping[str, Mapping[str, Cell]]

    def with_row(self, name: str, row: Mapping[str, Cell]) -> "Board":
        """Return the board with one row added or replaced."""
        return Board({**self.rows, name: row})

    def with_rows(self, rows: Mapping[str, Mapping[str, Cell]]) -> "Board":
        """Return the board with several rows added or replaced."""
        return Board({**self.rows, **rows})

    def sorted_by(self, column: str) -> "Board":
        """Return the board with the highest value of `column` first; rows without one come last, by win rate.

        Equal ones stand in the order of their names, so that the order never depends on who came first.
        """

        def key(item: tuple[str, Mapping[str, Cell]]) -> tuple[float, float, str]:
            name, row = item
            return -_order(row.get(column)), -_order(row.get("win_rate")), name

        return Board(dict(sorted(self.rows.items(), key=key)))

    def of_mode(self, mode: str | None, keep: str | None = None) -> "Board":
        """Return the rows of a mode and the stricter ones, and the row `keep`; None keeps all."""
        if mode is None:
            return self
        admitted = {None, *MODES[: MODES.index(mode) + 1]}
        return Board(
            {name: row for name, row in self.rows.items() if row.get("mode") in admitted or name == keep}
        )

    def columns(self) -> list[str]:
        """Return every column that some row has, ours first."""
        present = {column: None for row in self.rows.values() for column in row}
        return [column for column in COLUMNS if column in present] + [
            column for column in present if column not in COLUMNS
        ]

    def to_pandas(self) -> "pd.DataFrame":
        """Return the board as a DataFrame with the model's name as index."""
        import pandas as pd

        rows = {name: dict(row) for name, row in self.rows.items()}
        return pd.DataFrame.from_dict(rows, orient="index", columns=self.columns())

    def write(self, file: IO[str]) -> None:
        """Write the board as CSV with the model name in an unnamed first column, as pandas does."""
        columns = self.columns()
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["", *columns])
        for name, row in self.rows.items():
            writer.writerow([name, *(_written(row.get(column)) for column in columns)])


def read_board(path: Path) -> Board:
    """Read a board from CSV (the first column is the model's name).

    Raises:
        UsageError: the file cannot be read, or has no column `win_rate`.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"the leaderboard {path} cannot be read: {error}.") from None
    if not rows or "win_rate" not in rows[0]:
        raise UsageError(f"the leaderboard {path} has no column 'win_rate', so it is no leaderboard.")
    header = rows[0]
    return Board({row[0]: _row(header, row, path, line) for line, row in enumerate(rows[1:], 2) if row})


def _row(header: list[str], row: list[str], path: Path, line: int) -> dict[str, Cell]:
    if len(row) != len(header):
        raise UsageError(
            f"the leaderboard {path}, line {line}: {len(row)} fields where the header has {len(header)}."
        )
    try:
        return {column: _parsed(column, text) for column, text in zip(header[1:], row[1:], strict=True)}
    except ValueError as error:
        raise UsageError(f"the leaderboard {path}, line {line}: {error}.") from None


def _parsed(column: str, text: str) -> Cell:
    if text == "":
        return None
    if column in _TEXTS:
        return text
    if column in _COUNTS:
        return int(float(text))
    try:
        return float(text)
    except ValueError:
        if column in COLUMNS:
            raise ValueError(f"{column} is {text!r}, not a number") from None
        return text


def _written(cell: Cell) -> str:
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    return repr(cell) if isinstance(cell, float) else str(cell)


def _order(cell: Cell) -> float:
    return float(cell) if isinstance(cell, int | float) and not math.isnan(cell) else -math.inf
