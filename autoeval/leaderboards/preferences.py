"""The preferences behind a board: a few figures a pair and no text, in a CSV file beside the board.

Everything that can be computed from preferences can be computed again from this file: rows, subsets, and
which models differ.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from autoeval.data.loading import shorten
from autoeval.data.spreadsheet import as_cell, from_cell
from autoeval.errors import UsageError

_HEADER = ("model", "instruction", "subset", "preference", "length_1", "length_2", "is_flipped")
_MOST_DIGITS = 15
_FLIPS = {"": None, "0": False, "1": True}


class Preference(NamedTuple):
    """One judged pair.

    `instruction` is its key; `preference` is from 1 to 2, None where the judgment is missing; lengths are in
    characters (1 is the reference's); `is_flipped` is None unless the judge was asked in both orders.
    """

    instruction: str
    subset: str
    preference: float | None
    length_1: int
    length_2: int
    is_flipped: bool | None = None


def path_beside(board: Path) -> Path:
    """Return where the preferences behind a board are stored."""
    return board.with_name(f"{board.stem}.preferences.csv")


def read_preferences(path: Path) -> dict[str, list[Preference]]:
    """Read stored preferences by model; no file is no preferences.

    Raises:
        UsageError: the file cannot be read; the message says where.
    """
    found: dict[str, list[Preference]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file)
            if tuple(next(rows, ())) != _HEADER:
                raise UsageError(
                    f"{path} has not the columns {', '.join(_HEADER)}, so it holds no preferences."
                )
            for model, *fields in filter(None, rows):
                found.setdefault(from_cell(model), []).append(_parsed(fields))
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
    writer.writerow(_HEADER)
    for model, rows in preferences.items():
        writer.writerows(
            (
                as_cell(model),
                row.instruction,
                as_cell(row.subset),
                "" if row.preference is None else repr(row.preference).removesuffix(".0"),
                row.length_1,
                row.length_2,
                "" if row.is_flipped is None else int(row.is_flipped),
            )
            for row in rows
        )


def _parsed(fields: Sequence[str]) -> Preference:
    if len(fields) != len(_HEADER) - 1:
        raise ValueError(f"{len(fields) + 1} fields where the header has {len(_HEADER)}")
    instruction, subset, preference, length_1, length_2, is_flipped = fields
    if is_flipped not in _FLIPS:
        raise ValueError(f"is_flipped is {shorten(is_flipped)}, not 0, 1 or empty")
    value = float(preference) if preference else None
    if value is not None and not 1 <= value <= 2:
        raise ValueError(f"the preference {value} is not from 1 to 2")
    lengths = _length(length_1), _length(length_2)
    return Preference(instruction, from_cell(subset), value, *lengths, _FLIPS[is_flipped])


def _length(text: str) -> int:
    if not text.isdecimal() or len(text) > _MOST_DIGITS:
        raise ValueError(f"the length {shorten(text)} is no number of characters")
    return int(text)
