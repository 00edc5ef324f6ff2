"""A leaderboard as a table: read, merged, sorted, and written without ever being half there."""

import csv
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from autoeval.data.loading import shorten
from autoeval.data.spreadsheet import as_cell, from_cell
from autoeval.errors import UsageError
from autoeval.leaderboards.columns import COLUMNS, names_of
from autoeval.metrics.columns import Cell, Column, ColumnType

if TYPE_CHECKING:
    import pandas as pd

MODES = ("minimal", "verified", "community", "dev")
"""How much a row was checked, strictest first."""

EVALUATORS: tuple[Column, ...] = (
    Column("Human agreement", ColumnType.PERCENT),
    Column("Price [$/1000 examples]", ColumnType.NUMBER),
    Column("Time [seconds/1000 examples]", ColumnType.NUMBER),
    Column("Spearman corr.", ColumnType.NUMBER),
    Column("Pearson corr.", ColumnType.NUMBER),
    Column("Bias", ColumnType.NUMBER),
    Column("Variance", ColumnType.NUMBER),
    Column("Proba. prefer longer", ColumnType.NUMBER),
    Column("Proba. prefer lists", ColumnType.NUMBER),
    Column("Proba. prefer 1", ColumnType.NUMBER),
    Column("# parsed", ColumnType.COUNT),
    Column("mode", ColumnType.TEXT),
    Column("Human agreement SE", ColumnType.ERROR),
    Column("Proba. prefer first shown", ColumnType.NUMBER),
    Column("Flip rate", ColumnType.NUMBER),
    Column("Krippendorff's alpha", ColumnType.NUMBER),
    Column("Share parsed", ColumnType.NUMBER),
    Column("Human votes", ColumnType.TEXT),
    Column("fingerprint", ColumnType.TEXT),
    Column("judge_models", ColumnType.TEXT),
)
"""The columns of a board of evaluators: AlpacaEval's, then ours."""

EVALUATOR_COLUMNS = names_of(EVALUATORS)

_MOST_COUNT = 2.0**53  # beyond it, not every whole number is a float
_RANGES = {
    ColumnType.COUNT: (0.0, _MOST_COUNT),
    ColumnType.PERCENT: (0.0, 100.0),
    ColumnType.ERROR: (0.0, math.inf),
    ColumnType.NUMBER: (-math.inf, math.inf),
}


@dataclass(frozen=True)
class Board:
    """Rows by model name. A board is never changed; merging gives a new one.

    `known` are the columns that are written first, in this order; `order` is the one that it was sorted by last.
    """

    rows: Mapping[str, Mapping[str, Cell]]
    known: Sequence[Column] = COLUMNS
    order: str | None = None

    def with_row(self, name: str, row: Mapping[str, Cell]) -> "Board":
        """Return the board with one row added or replaced."""
        return replace(self, rows={**self.rows, name: row})

    def with_rows(self, rows: Mapping[str, Mapping[str, Cell]]) -> "Board":
        """Return the board with several rows added or replaced."""
        return replace(self, rows={**self.rows, **rows})

    def sorted_by(self, column: str) -> "Board":
        """Return the board with the highest value of `column` first; rows without one come last, by the headline.

        Equal ones stand in the order of their names, so that the order never depends on who came first.
        """
        headline = self.known[0].name

        def key(item: tuple[str, Mapping[str, Cell]]) -> tuple[float, float, str]:
            name, row = item
            return -_order(row.get(column)), -_order(row.get(headline)), name

        return replace(self, rows=dict(sorted(self.rows.items(), key=key)), order=column)

    def of_mode(self, mode: str | None, keep: str | None = None) -> "Board":
        """Return the rows of a mode and the stricter ones, and the row `keep`; None keeps all."""
        if mode is None:
            return self
        admitted = {None, *MODES[: MODES.index(mode) + 1]}
        rows = {name: row for name, row in self.rows.items() if row.get("mode") in admitted or name == keep}
        return replace(self, rows=rows)

    def strictest_mode(self) -> str:
        """Return the strictest mode that leaves any row."""
        return next((mode for mode in MODES if self.of_mode(mode).rows), MODES[-1])

    def columns(self) -> list[str]:
        """Return every column that some row has, ours first."""
        present = {column: None for row in self.rows.values() for column in row}
        known = names_of(self.known)
        return [name for name in known if name in present] + [name for name in present if name not in known]

    def to_pandas(self) -> "pd.DataFrame":
        """Return the board as a DataFrame with the model's name as index."""
        import pandas as pd

        rows = {name: dict(row) for name, row in self.rows.items()}
        return pd.DataFrame.from_dict(rows, orient="index", columns=self.columns())

    def write(self, file: IO[str]) -> None:
        """Write the board as CSV with the model name in an unnamed first column, as pandas does."""
        columns = self.columns()
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["", *map(as_cell, columns)])
        for name, row in self.rows.items():
            writer.writerow([as_cell(name), *(_written(row.get(column)) for column in columns)])


def read_board(path: Path, known: Sequence[Column] = COLUMNS) -> Board:
    """Read a board from CSV (the first column is the model's name).

    Args:
        path: the file.
        known: the columns of this kind of board; a board of that kind has the first one.

    Raises:
        UsageError: the file cannot be read, or is no board of this kind.
    """
    needed = known[0].name
    types = {column.name: column.type for column in known}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            header = [from_cell(cell) for cell in next(rows, [])]
            if needed not in header[1:]:
                raise _wrong(path, f"there is no column {needed!r}, so it is no such leaderboard")
            if repeated := next((name for name in header if header.count(name) > 1), None):
                raise _wrong(path, f"the column {repeated!r} is there twice")
            entries: dict[str, Mapping[str, Cell]] = {}
            for fields in filter(None, rows):
                where = f"line {rows.line_num}"
                if len(fields) != len(header):
                    raise _wrong(path, f"{where}: {len(fields)} fields where the header has {len(header)}")
                name = from_cell(fields[0])
                if not name.strip() or name in entries:
                    told = f"the model {name!r} is there twice" if name in entries else "no model is named"
                    raise _wrong(path, f"{where}: {told}")
                entries[name] = _row(header[1:], fields[1:], types, path, where)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"the leaderboard {path} cannot be read: {error}.") from None
    return Board(entries, known)


def _wrong(path: Path, told: str) -> UsageError:
    return UsageError(f"the leaderboard {path}: {told}.")


def _row(
    columns: Sequence[str], fields: Sequence[str], types: Mapping[str, ColumnType], path: Path, where: str
) -> dict[str, Cell]:
    try:
        return {
            name: _parsed(name, types.get(name), text) for name, text in zip(columns, fields, strict=True)
        }
    except ValueError as error:
        raise _wrong(path, f"{where}: {error}") from None


def _parsed(column: str, kind: ColumnType | None, text: str) -> Cell:
    if text == "":
        return None
    if kind is ColumnType.TEXT:
        return from_cell(text)
    if kind is None:
        return _parsed_unknown(text)
    least, most = _RANGES[kind]
    try:
        number = float(text)
        if not math.isfinite(number):
            raise ValueError
    except ValueError:
        raise ValueError(f"{column} is {shorten(text)}, not a number") from None
    if not least <= number <= most:
        limit = "negative" if number < least else f"more than {most:g}"
        raise ValueError(f"{column} is {shorten(text)}, which is {limit}")
    if kind is not ColumnType.COUNT:
        return number
    if not number.is_integer():
        raise ValueError(f"{column} is {shorten(text)}, not a whole number")
    return int(number)


def _parsed_unknown(text: str) -> Cell:
    """Read a cell of somebody else's column: a number only where writing it gives the same text again."""
    for kind in (int, float):
        with suppress(ValueError):
            number = kind(text)
            if repr(number) == text and math.isfinite(number):
                return number
    return from_cell(text)


def _written(cell: Cell) -> str:
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    return repr(cell) if isinstance(cell, float) else as_cell(cell) if isinstance(cell, str) else str(cell)


def _order(cell: Cell) -> float:
    return float(cell) if isinstance(cell, int | float) and not math.isnan(cell) else -math.inf
