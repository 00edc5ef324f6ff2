"""Pairs for a person to label: drawn blind into a file that a spreadsheet opens, and read back."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from autoeval.analysis.tables import PAIR, require
from autoeval.data.spreadsheet import as_cell
from autoeval.errors import UsageError, nearest

if TYPE_CHECKING:
    import pandas as pd

_MOST_DIGITS = 100  # of a seed
_PREFERENCE_FOR_FIRST = {"a": 1.0, "tie": 1.5, "b": 2.0}


@dataclass(frozen=True, slots=True)
class LabelSheet:
    """A file of pairs to label.

    Attributes:
        path: where it is.
        n: pairs in it.
        n_pairs: judged pairs that they were drawn from.
    """

    path: Path
    n: int
    n_pairs: int


@dataclass(frozen=True, slots=True)
class Labels:
    """What a person filled in.

    Attributes:
        table: a row a label with `instruction`, `output_1`, `output_2`, `preference`, in the order of the
            annotations' outputs whatever order the person saw.
        n_empty: pairs that were left empty.
    """

    table: pd.DataFrame
    n_empty: int


def draw_labels(annotations: pd.DataFrame, path: str | Path, n: int, seed: int = 0) -> LabelSheet:
    """Draw pairs at random for a person to label, without the judge's verdict, the models or their order.

    The file is a CSV with the columns `id`, `instruction`, `output_a`, `output_b`, `better` (to be filled
    with a, b or tie) and `comment`. Which output is shown as a is drawn from the pair and the seed. With the
    same seed, a larger n holds the pairs of a smaller one. Identical outputs come as ties already. Cells that
    a spreadsheet would take for a formula get an apostrophe in front.

    Args:
        annotations: a run's annotations; pairs that were not judged are not drawn.
        path: the file to write; it must not exist.
        n: how many pairs.
        seed: of the draw.

    Raises:
        UsageError: the file exists, n is not between 1 and the number of judged pairs, or a missing column.
    """
    import pandas as pd

    judged = require(annotations, "annotations").dropna(subset="preference").drop_duplicates(list(PAIR))
    if not 1 <= n <= len(judged):
        raise UsageError(f"cannot draw {n} pairs to label: {len(judged)} were judged")
    rows = []
    for identity, swapped, row in sorted(_identified(judged, seed), key=lambda drawn: drawn[0])[:n]:
        first, second = (row[2], row[1]) if swapped else (row[1], row[2])
        better = "tie" if first == second else ""
        rows.append((identity, *map(as_cell, (row[0], first, second)), better, ""))
    columns = ["id", "instruction", "output_a", "output_b", "better", "comment"]
    try:
        # utf-8-sig, because spreadsheets take a CSV without a mark for their own old encoding.
        pd.DataFrame(rows, columns=columns).to_csv(path, mode="x", index=False, encoding="utf-8-sig")
    except FileExistsError:
        raise UsageError(f"{path} exists and may hold labels; give another path or move it away") from None
    except OSError as error:
        raise UsageError(f"--sheet: {path} cannot be written: {error.strerror or error}.") from None
    return LabelSheet(Path(path), n, len(judged))


def read_labels(path: str | Path, annotations: pd.DataFrame) -> Labels:
    """Read a file of `draw_labels` that a person filled in.

    Only the columns `id` and `better` are read, so it does not matter what a spreadsheet made of the texts.

    Args:
        path: the file.
        annotations: of the run that it was drawn from.

    Raises:
        UsageError: no such file, a missing column, an answer that is not a, b or tie, an id that is unknown
            or stands twice, or no answer at all.
    """
    import pandas as pd

    answers = _answers(Path(path))
    table = require(annotations, "annotations")
    pairs = {
        identity: (swapped, row)
        for seed in _seeds(identity for identity, _ in answers)
        for identity, swapped, row in _identified(table, seed)
    }
    found: dict[str, tuple[str, str, str, float]] = {}
    for line, (identity, answer) in enumerate(answers, start=2):
        if identity not in pairs:
            raise UsageError(f"{path}, row {line}: the id {identity!r} is of no pair of this run")
        if identity in found:
            raise UsageError(f"{path}, row {line}: the id {identity!r} stands twice")
        if not answer:
            continue
        if answer not in _PREFERENCE_FOR_FIRST:
            raise UsageError(
                f"{path}, row {line}: better is {answer!r}; write a, b or tie, or leave it empty"
            )
        swapped, row = pairs[identity]
        preference = _PREFERENCE_FOR_FIRST[answer]
        found[identity] = (*row, 3 - preference if swapped else preference)
    if not found:
        raise UsageError(f"{path}: the column 'better' is empty; write a, b or tie into it")
    labels = pd.DataFrame(list(found.values()), columns=[*PAIR, "preference"])
    return Labels(labels, len(answers) - len(labels))


def _seeds(identities: Iterable[str]) -> list[int]:
    """Return the seeds that ids begin with."""
    begins = {identity.partition("-")[0] for identity in identities}
    return sorted(int(begin) for begin in begins if begin.isdecimal() and len(begin) < _MOST_DIGITS)


def _identified(table: pd.DataFrame, seed: int) -> list[tuple[str, bool, tuple[str, str, str]]]:
    """Give each pair an id that shows nothing, whether it is shown the other way round, and its texts."""
    identified = []
    for texts in table[list(PAIR)].drop_duplicates().itertuples(index=False, name=None):
        key = "\0".join((str(seed), *map(str, texts)))
        digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=9).digest()
        identified.append((f"{seed}-{digest[:8].hex()}", bool(digest[8] & 1), texts))
    return identified


def _answers(path: Path) -> list[tuple[str, str]]:
    """Read ids and answers, whichever separator and encoding a spreadsheet saved the file with."""
    csv.field_size_limit(2**31 - 1)  # the default refuses an output of 131,072 characters
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            separator = max(",;\t", key=file.readline().count)
            file.seek(0)
            lines = [line for line in csv.reader(file, delimiter=separator) if any(line)]
    except FileNotFoundError:
        raise UsageError(f"no file of labels at {path}") from None
    except (OSError, csv.Error) as error:
        raise UsageError(f"{path} cannot be read as a CSV file: {error}") from None
    header = lines[0] if lines else []
    for column in ("id", "better"):
        if header.count(column) != 1:
            raise UsageError(
                f"{path} has {header.count(column) or 'no'} column {column!r}; a file of labels has one. "
                f"{nearest(column, header)}"
            )
    places = header.index("id"), header.index("better")
    answers = []
    for number, line in enumerate(lines[1:], 2):
        if len(line) <= max(places):
            raise UsageError(f"{path}, row {number}: {len(line)} fields where the header has {len(header)}")
        identity, answer = (line[place].strip() for place in places)
        answers.append((identity, answer.lower()))
    if not answers:
        raise UsageError(f"the table of labels in {path} has no rows")
    return answers
