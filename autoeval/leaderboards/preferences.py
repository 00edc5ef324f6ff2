"""The preferences behind a board: a few figures a pair and no text, in a CSV file beside the board.

Everything that can be computed from preferences can be computed again from this file: rows, subsets, and
which models differ.
"""

import csv
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from autoeval.data.loading import shorten
from autoeval.data.spreadsheet import as_cell, from_cell
from autoeval.errors import UsageError

_HEADER = ("model", "instruction", "subset", "preference", "length_1", "length_2", "is_flipped")
_WEIGHT = "weight"
"""A further column, where some pair counts more than once."""
_MOST_DIGITS = 15
_FLIPS = {"": None, "0": False, "1": True}


class Preference(NamedTuple):
    """One judged pair.

    `instruction` is its key; `preference` is from 1 to 2, None where the judgment is missing; lengths are in
    characters (1 is the reference's); `is_flipped` is None unless the judge was asked in both orders; `weight` says how
    many times the pair counts.
    """

    instruction: str
    subset: str
    preference: float | None
    length_1: int
    length_2: int
    is_flipped: bool | None = None
    weight: float = 1.0


def path_beside(board: Path) -> Path:
    """Return where the preferences behind a board are stored."""
    return board.with_name(f"{board.stem}.preferences.csv")


def read_preferences(path: Path, of: Collection[str] | None = None) -> dict[str, list[Preference]]:
    """Read stored preferences by model; no file is no preferences.

    Args:
        path: the file.
        of: models whose preferences are wanted; those of others are not looked at. None: of all. Where nobody's are,
            it is enough that the file is one of preferences.

    Raises:
        UsageError: the file cannot be read; the message says where.
    """
    found: dict[str, list[Preference]] = {}
    names: dict[str, str] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file)
            header = tuple(next(rows, ()))
            if header not in (_HEADER, (*_HEADER, _WEIGHT)):
                raise UsageError(
                    f"{path} has not the columns {', '.join(_HEADER)}, so it holds no preferences."
                )
            if of is not None and not of:
                return found
            for cell, *fields in filter(None, rows):
                name = names.get(cell) or names.setdefault(cell, from_cell(cell))
                if of is None or name in of:
                    found.setdefault(name, []).append(_parsed(fields, len(header)))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"the preferences {path} cannot be read: {error}.") from None
    except ValueError as error:
        raise UsageError(f"the preferences {path}, line {rows.line_num}: {error}.") from None
    return found


def write_preferences(file: IO[str], preferences: Mapping[str, Iterable[Preference]]) -> None:
    """Write preferences by model."""
    writer = csv.writer(file, lineterminator="\n")
    by_model = {model: list(rows) for model, rows in preferences.items()}
    is_weighted = any(row.weight != 1 for rows in by_model.values() for row in rows)
    writer.writerow((*_HEADER, _WEIGHT) if is_weighted else _HEADER)
    for model, rows in by_model.items():
        cell = as_cell(model)
        writer.writerows(
            (
                cell,
                row.instruction,
                as_cell(row.subset),
                "" if row.preference is None else repr(row.preference).removesuffix(".0"),
                row.length_1,
                row.length_2,
                "" if row.is_flipped is None else int(row.is_flipped),
                *([repr(row.weight).removesuffix(".0")] if is_weighted else []),
            )
            for row in rows
        )


def _parsed(fields: Sequence[str], n_columns: int) -> Preference:
    if len(fields) + 1 != n_columns:
        raise ValueError(f"{len(fields) + 1} fields where the header has {n_columns}")
    instruction, subset, preference, length_1, length_2, is_flipped, *weights = fields
    if is_flipped not in _FLIPS:
        raise ValueError(f"is_flipped is {shorten(is_flipped)}, not 0, 1 or empty")
    value = float(preference) if preference else None
    if value is not None and not 1 <= value <= 2:
        raise ValueError(f"the preference {value} is not from 1 to 2")
    lengths = _length(length_1), _length(length_2)
    weight = float(weights[0]) if weights else 1.0
    if not 0 < weight < math.inf:
        raise ValueError(f"the weight {weight} is not above 0")
    return Preference(instruction, from_cell(subset), value, *lengths, _FLIPS[is_flipped], weight)


def _length(text: str) -> int:
    if not text.isdecimal() or len(text) > _MOST_DIGITS:
        raise ValueError(f"the length {shorten(text)} is no number of characters")
    return int(text)
