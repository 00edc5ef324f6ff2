"""Pairs for a person to label: drawn blind into a file that a spreadsheet opens, and read back."""

from __future__ import annotations

import codecs
import csv
import io
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import IO, TYPE_CHECKING

from autoeval.analysis.tables import PAIR, require
from autoeval.data.opening import WIDE
from autoeval.data.replacing import result_file
from autoeval.data.spreadsheet import as_cell
from autoeval.errors import UsageError, nearest

if TYPE_CHECKING:
    import pandas as pd

_MOST_DIGITS = 100  # of a seed
ANSWERS = {"a": 1.0, "tie": 1.5, "b": 2.0}
"""What a person can say of the outputs a and b, as a preference from 1 to 2."""


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


@dataclass(frozen=True, slots=True)
class DrawnPair:
    """A pair as a person sees it.

    Attributes:
        id: names it without showing anything.
        is_swapped: whether its outputs are shown the other way round.
        texts: instruction and outputs in the order of the annotations.
    """

    id: str
    is_swapped: bool
    texts: tuple[str, str, str]

    @property
    def instruction(self) -> str:
        """What was asked."""
        return self.texts[0]

    @property
    def output_a(self) -> str:
        """The output that is shown as a."""
        return self.texts[2 if self.is_swapped else 1]

    @property
    def output_b(self) -> str:
        """The output that is shown as b."""
        return self.texts[1 if self.is_swapped else 2]

    @property
    def is_identical(self) -> bool:
        """Whether there is nothing to choose."""
        return self.texts[1] == self.texts[2]

    def preference(self, answer: str) -> float:
        """Return what an answer (a, b or tie) says of the outputs in the order of the annotations, from 1 to 2."""
        preference = ANSWERS[answer]
        return 3 - preference if self.is_swapped else preference


@dataclass(frozen=True, slots=True)
class DrawnPairs:
    """Pairs that were drawn, and all judged pairs that they were drawn from, by id."""

    pairs: tuple[DrawnPair, ...]
    judged: Mapping[str, DrawnPair]


def draw_labels(annotations: pd.DataFrame, path: str | Path, n: int, seed: int = 0) -> LabelSheet:
    """Draw pairs at random for a person to label, without the judge's verdict, the models or their order.

    The file is a CSV with the columns `id`, `instruction`, `output_a`, `output_b`, `better` (to be filled
    with a, b or tie) and `comment`. Which output is shown as a is drawn from the pair and the seed. With the
    same seed, a larger n holds the pairs of a smaller one. Identical outputs come as ties already. Cells that
    a spreadsheet would take for a formula get an apostrophe in front.

    Args:
        annotations: a run's annotations; pairs that were not judged are not drawn.
        path: the file to write; it must not exist, unless it is the same sheet and nothing is filled in.
        n: how many pairs.
        seed: of the draw.

    Raises:
        UsageError: the file exists, n is not between 1 and the number of judged pairs, or a missing column.
        AutoevalError: the file cannot be written.
    """
    drawn = draw_pairs(annotations, n, seed)
    sheet = Path(path)
    empty = io.StringIO()
    write_sheet(empty, drawn.pairs)
    if os.path.lexists(sheet) and not _holds(sheet, empty.getvalue()):
        raise UsageError(f"{path} exists and may hold labels; give another path or move it away")
    with result_file(sheet, "--sheet: ") as file:
        file.write(empty.getvalue())
    return LabelSheet(sheet, n, len(drawn.judged))


def _holds(sheet: Path, text: str) -> bool:
    """Whether a sheet is as it was drawn, by a command that was interrupted then, and nobody has filled anything in."""
    return sheet.is_file() and sheet.read_bytes() == text.encode()


def draw_pairs(annotations: pd.DataFrame, n: int, seed: int = 0) -> DrawnPairs:
    """Draw pairs at random for a person to label; see `draw_labels`.

    Raises:
        UsageError: n is not between 1 and the number of judged pairs, or a missing column.
    """
    judged = require(annotations, "annotations").dropna(subset="preference").drop_duplicates(list(PAIR))
    if not 1 <= n <= len(judged):
        raise UsageError(f"cannot draw {n} pairs to label: {len(judged)} were judged. Choose another --n.")
    found = sorted(_identified(judged, seed), key=lambda pair: pair.id)
    return DrawnPairs(tuple(found[:n]), {pair.id: pair for pair in found})


def write_sheet(file: IO[str], pairs: Iterable[DrawnPair], answers: Mapping[str, str] | None = None) -> None:
    """Write a sheet of pairs to label.

    Args:
        file: where to.
        pairs: its rows.
        answers: a, b or tie by id, where they are known; identical outputs come as ties.
    """
    known = answers or {}
    file.write("\ufeff")  # without this mark, spreadsheets take a CSV for their own old encoding
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["id", "instruction", "output_a", "output_b", "better", "comment"])
    for pair in pairs:
        better = known.get(pair.id, "tie" if pair.is_identical else "")
        writer.writerow(
            [pair.id, *map(as_cell, (pair.instruction, pair.output_a, pair.output_b)), better, ""]
        )


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
    seeds = _seeds(identity for identity, _ in answers)
    pairs = {pair.id: pair for seed in seeds for pair in _identified(table, seed)}
    found: dict[str, tuple[str, str, str, float]] = {}
    for line, (identity, answer) in enumerate(answers, start=2):
        if identity not in pairs:
            raise UsageError(f"{path}, row {line}: the id {identity!r} is of no pair of this run")
        if identity in found:
            raise UsageError(f"{path}, row {line}: the id {identity!r} stands twice")
        if not answer:
            continue
        if answer not in ANSWERS:
            raise UsageError(
                f"{path}, row {line}: better is {answer!r}; write a, b or tie, or leave it empty"
            )
        found[identity] = (*pairs[identity].texts, pairs[identity].preference(answer))
    if not found:
        raise UsageError(f"{path}: the column 'better' is empty; write a, b or tie into it")
    labels = pd.DataFrame(list(found.values()), columns=[*PAIR, "preference"])
    return Labels(labels, len(answers) - len(labels))


def _seeds(identities: Iterable[str]) -> list[int]:
    """Return the seeds that ids begin with."""
    begins = {identity.partition("-")[0] for identity in identities}
    return sorted(int(begin) for begin in begins if begin.isdecimal() and len(begin) < _MOST_DIGITS)


def _identified(table: pd.DataFrame, seed: int) -> list[DrawnPair]:
    """Give each pair an id that shows nothing, whether it is shown the other way round, and its texts."""
    identified = []
    for texts in table[list(PAIR)].drop_duplicates().itertuples(index=False, name=None):
        key = "\0".join((str(seed), *map(str, texts)))
        digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=9).digest()
        identified.append(DrawnPair(f"{seed}-{digest[:8].hex()}", bool(digest[8] & 1), texts))
    return identified


def _encoding(path: Path) -> str:
    """Return UTF-16 for what Excel calls Unicode text, else UTF-8; of other encodings the answers read the same."""
    with path.open("rb") as file:
        start = file.read(4)
    is_wide = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return "utf-16" if is_wide else WIDE.get(tuple(byte != 0 for byte in start), "utf-8-sig")


def _answers(path: Path) -> list[tuple[str, str]]:
    """Read ids and answers, whichever separator and encoding a spreadsheet saved the file with."""
    csv.field_size_limit(2**31 - 1)  # the default refuses an output of 131,072 characters
    try:
        with path.open(encoding=_encoding(path), errors="replace", newline="") as file:
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
