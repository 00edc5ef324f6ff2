"""Columns of a table of annotations: a DataFrame, or rows as dictionaries (which need no pandas)."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import pandas as pd

Table: TypeAlias = "pd.DataFrame | Sequence[Mapping[str, Any]]"


def column(table: Table, name: str) -> list[Any]:
    """Return one column.

    Raises:
        ValueError: the table, or a row of it, has no such column.
    """
    if isinstance(table, Sequence):
        for i, row in enumerate(table):
            if name not in row:
                raise ValueError(f"row {i} of the annotations has no {name!r}; it has {', '.join(row)}")
        return [row[name] for row in table]
    if name not in table.columns:
        known = ", ".join(map(str, table.columns))
        raise ValueError(f"the annotations have no column {name!r}; they have {known}")
    return list(table[name])


def optional_column(table: Table, name: str) -> list[Any] | None:
    """Return a column that rows may lack, None in place of what one lacks; None where there is no such column."""
    if isinstance(table, Sequence):
        return [row.get(name) for row in table] if any(name in row for row in table) else None
    return list(table[name]) if name in table.columns else None


def only_value(table: Table, name: str) -> str | None:
    """Return the value that a column has in every row; None where there is no column or several values."""
    try:
        values = {str(value) for value in column(table, name)}
    except ValueError:
        return None
    return values.pop() if len(values) == 1 else None
