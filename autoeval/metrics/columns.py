"""Columns of a board, declared beside the metric that they hold: name, type, heading and how a cell is computed.

A board's CSV file, the terminal's table, the report and the site are driven by these declarations, so that another
column is one `Column` in the list of its kind.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

Cell: TypeAlias = str | int | float | None


class ColumnType(StrEnum):
    """What stands in a column: how a file's cell is read and checked, and how a table shows it."""

    PERCENT = "percent"
    ERROR = "error"  # a number of 0 or more
    COUNT = "count"
    NUMBER = "number"
    TEXT = "text"


@dataclass(frozen=True)
class Column:
    """A column of a board.

    Attributes:
        name: in the file.
        type: what stands in it.
        title: its heading in tables; empty where no table shows it.
        of: computes the cell from what was counted; None where the run tells it.
    """

    name: str
    type: ColumnType
    title: str = ""
    of: Callable[[Any], Cell] | None = None


def cells(columns: Iterable[Column], counted: object) -> dict[str, Cell]:
    """Return the cells that follow from what was counted."""
    return {column.name: column.of(counted) for column in columns if column.of is not None}
