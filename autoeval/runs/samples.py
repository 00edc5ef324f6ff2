"""Several samples of a model for each question, with what a judge said of them and how a scorer scored them."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from autoeval.data.annotations import read_preference
from autoeval.data.loading import Row, describe, expand, is_missing, read_rows
from autoeval.data.records import MODEL, number_of, read_label, read_records, read_sample
from autoeval.errors import UsageError, nearest
from autoeval.metrics.observations import Floats
from autoeval.runs.annotation_table import with_files

_NAN = float("nan")


@dataclass(frozen=True)
class Samples:
    """n samples for each of G questions.

    Attributes:
        names: of the samples, in their order.
        instructions: the questions.
        outputs: a text for each question and sample, None where a sample has none; shape (G, n).
        datasets: the subset of each question.
    """

    names: Sequence[str]
    instructions: Sequence[str]
    outputs: Sequence[Sequence[str | None]]
    datasets: Sequence[str | None]
    _places: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_places", {text: place for place, text in enumerate(self.instructions)})

    def question(self, instruction: str, where: str) -> int:
        """Return the number of a question.

        Raises:
            UsageError: no sample answers it.
        """
        if instruction not in self._places:
            raise UsageError(f"{where}: its instruction is none of --model_outputs.")
        return self._places[instruction]

    def with_text(self, question: int, output: str) -> list[int]:
        """Return which samples are this text."""
        return [place for place, text in enumerate(self.outputs[question]) if text == output]

    def empty(self) -> Floats:
        """Return an array for a number a sample, shape (G, n), all NaN."""
        return np.full((len(self.instructions), len(self.names)), np.nan)


def read_samples(model_outputs: Any) -> Samples:
    """Read samples: a file a sample, or one file whose rows tell samples apart by `sample` or `generator`.

    Raises:
        UsageError: a row is wrong, or a sample answers a question twice.
    """
    texts: dict[str, dict[str, str]] = {}
    datasets: dict[str, str | None] = {}
    sources = expand(model_outputs, "--model_outputs")
    for source in sources:
        stem = Path(source).name.split(".json")[0] if isinstance(source, Path) else "sample"
        for record in read_records(read_rows(source, "--model_outputs"), MODEL):
            name = record.generator or stem
            name = f"{name}#{record.sample}" if record.sample else name
            sample = texts.setdefault(name if len(sources) == 1 or record.generator else stem, {})
            if record.instruction in sample:
                raise UsageError(
                    f"{record.where}: the sample {name!r} answers this instruction twice. Tell samples apart by "
                    "`generator` or `sample` (0, 1, …)."
                )
            sample[record.instruction] = record.output
            datasets.setdefault(record.instruction, record.dataset)
    names = sorted(texts, key=_natural)
    instructions = list(datasets)
    outputs = [[texts[name].get(instruction) for name in names] for instruction in instructions]
    return Samples(names, instructions, outputs, list(datasets.values()))


@dataclass(frozen=True)
class Verdicts:
    """What a judge said of the samples.

    Attributes:
        preferences: of each sample, NaN where there is none; shape (G, n).
        references: the reference output and who wrote it, of the questions of which a row tells them.
        annotators: who judged.
        notes: how verdicts were matched with samples.
        own: the samples that annotations name; others have verdicts only where another's text is the same.
    """

    preferences: Floats
    references: Mapping[int, tuple[str, str]]
    annotators: Sequence[str]
    notes: Sequence[str]
    own: Sequence[int]


def read_verdicts(annotations: Any, samples: Samples) -> Verdicts:
    """Match recorded annotations with samples: by their texts, and without texts by name and position.

    Raises:
        UsageError: a row is of no question or sample, or no annotation.
    """
    preferences = samples.empty()
    references: dict[int, tuple[str, str]] = {}
    annotators: dict[str, None] = {}
    by_position: dict[str, int] = {}
    named: set[str] = set()
    n_unknown = 0
    for source in expand(with_files(annotations), "--annotations"):
        for place, row in enumerate(read_rows(source, "--annotations")):
            preference = read_preference(row)
            annotators.setdefault(read_label(row, "annotator") or "unknown judge")
            name = read_label(row, "generator_2") or ""
            if is_missing(row.fields.get("output_2")) or is_missing(row.fields.get("instruction")):
                question, found = _by_position(samples, name, place, row)
                by_position[name] = place + 1
            else:
                record = next(read_records([row], MODEL))
                question = samples.question(record.instruction, row.where)
                found = samples.with_text(question, record.output)
                if isinstance(row.fields.get("output_1"), str):
                    references[question] = (
                        row.fields["output_1"],
                        read_label(row, "generator_1") or "reference",
                    )
                n_unknown += not found
            _take(
                preferences,
                question,
                found,
                samples.names.index(name) if name in samples.names else None,
                preference,
            )
            named |= {name}
    notes = _matching_notes(by_position, samples, n_unknown)
    own = [place for place, name in enumerate(samples.names) if name in named]
    return Verdicts(preferences, references, list(annotators), notes, own)


def _take(
    preferences: Floats, question: int, found: Sequence[int], own: int | None, preference: float | None
) -> None:
    """Take a verdict for a sample of its own name, and for others of the same text that have none of their own."""
    value = _NAN if preference is None else preference
    for place in found:
        if place == own or np.isnan(preferences[question, place]):
            preferences[question, place] = value


def _by_position(samples: Samples, name: str, place: int, row: Row) -> tuple[int, list[int]]:
    if name not in samples.names:
        raise UsageError(
            f"{row.where}: it has no texts, and its `generator_2` {name!r} is no sample, so that it cannot be matched. "
            f"Samples: {', '.join(samples.names[:5])}{', …' if len(samples.names) > 5 else ''}"
        )
    if place >= len(samples.instructions):
        raise UsageError(
            f"{row.where}: without texts rows are matched by position, and there are fewer questions."
        )
    return place, [samples.names.index(name)]


def _matching_notes(by_position: Mapping[str, int], samples: Samples, n_unknown: int) -> list[str]:
    notes = []
    for name, n in by_position.items():
        if n != len(samples.instructions):
            raise UsageError(
                f"the annotations of {name!r} have no texts and {n} rows, for {len(samples.instructions)} questions: "
                "they cannot be matched by position."
            )
    if by_position:
        notes.append(
            f"matched by position, because their rows hold no texts: annotations of {len(by_position)} samples "
            f"({', '.join(by_position)})"
        )
    if n_unknown:
        notes.append(f"{n_unknown} annotations are of texts that no sample has")
    return notes


@dataclass(frozen=True)
class Scores:
    """What a scorer gave each sample, NaN where nothing, shape (G, n); of picks 1 for what was picked, else 0."""

    values: Floats
    are_picks: bool
    notes: Sequence[str]

    def choice(self, among: Sequence[int]) -> npt.NDArray[np.intp]:
        """Return the first of the best-scored samples for each question, −1 where none has a score; shape (G,)."""
        part = np.where(np.isnan(self.values[:, among]), -np.inf, self.values[:, among])
        found = np.asarray(among)[part.argmax(axis=1)]
        return np.where(np.isneginf(part).all(axis=1), -1, found)


def read_scores(scores: Any, samples: Samples) -> Scores:
    """Read a scorer's scores: a row an output, or a row a question with all of its scores; without a score, picks.

    Raises:
        UsageError: a row is wrong, or of no sample.
    """
    found = samples.empty()
    has_position = False
    rows = list(read_rows(scores, "--scores"))
    are_picks = all(_is_pick(row) for row in rows)
    if are_picks and any(row.fields.get("score", "") is None for row in rows):
        # a scorer that failed throughout picks nothing; a table has NaN where a row has no such field
        raise UsageError(
            f"{rows[0].where}: no row has a score; leave the field out where the rows are picks."
        )
    for place, row in enumerate(rows):
        instruction = row.fields.get("instruction")
        has_position |= is_missing(instruction)
        several = row.fields.get("scores")
        if is_missing(several):
            if are_picks or not _is_pick(row):  # among scores, none is a score that is missing
                _one_score(found, row, place, samples)
            continue
        question = place if is_missing(instruction) else samples.question(str(instruction), row.where)
        if question >= len(samples.instructions):
            raise UsageError(f"{row.where}: there are only {len(samples.instructions)} questions.")
        if not isinstance(several, list | tuple) or len(several) != len(samples.names):
            raise UsageError(
                f"{row.where}: `scores` is {describe(several)}; it should be a list of {len(samples.names)} numbers, "
                f"one a sample, in the order {', '.join(samples.names[:3])}, …"
            )
        found[question] = [_score(value, row) for value in several]
    notes = (
        ["scores were matched by position, because their rows hold no instruction"] if has_position else []
    )
    return Scores(found, are_picks, notes)


def _one_score(found: Floats, row: Row, place: int, samples: Samples) -> None:
    instruction, output = row.fields.get("instruction"), row.fields.get("output")
    n, size = len(samples.names), len(samples.instructions)
    name = _sample_name(row, samples)
    if is_missing(instruction):
        question, sample = place % size, samples.names.index(name) if name else place // size
        if place >= n * size:
            raise UsageError(f"{row.where}: there are only {n} samples of {size} questions.")
        _put(found, question, [sample], row, bool(name))
        return
    question = samples.question(str(instruction), row.where)
    places = [samples.names.index(name)] if name else samples.with_text(question, str(output))
    if not places:
        given = row.fields.get("generator")
        known = (
            "" if is_missing(given) else f" `generator` is {given!r}: {nearest(str(given), samples.names)}"
        )
        raise UsageError(
            f"{row.where}: neither `generator`, `sample` nor `output` says which sample it is of.{known}"
        )
    if is_missing(row.fields.get("score")):  # a pick
        found[question] = np.where(np.isnan(found[question]), 0.0, found[question])
        found[question, places] = 1.0
    else:
        _put(found, question, places, row, bool(name))


def _is_pick(row: Row) -> bool:
    """Whether a row has no score."""
    return is_missing(row.fields.get("scores")) and is_missing(row.fields.get("score"))


def _put(found: Floats, question: int, places: Sequence[int], row: Row, is_named: bool) -> None:
    """Put a row's score in; of a sample that is named, there is one."""
    score = _score(row.fields.get("score"), row)
    before = found[question, places[0]]
    if is_named and np.isfinite(before) and before != score:
        raise UsageError(
            f"{row.where}: the score is {score:g}, and an earlier row gives the same output {before:g}. Keep one."
        )
    found[question, places] = score


def _sample_name(row: Row, samples: Samples) -> str | None:
    """Return which sample a row names, None where it names none that there is."""
    given = row.fields.get("sample")
    name = read_label(row, "generator")
    if not is_missing(given) and given != "":
        number = read_sample(row)
        numbered = f"{name}#{number}" if name and number else name
        if numbered in samples.names:
            return numbered
        if not 0 <= number < len(samples.names):
            raise UsageError(
                f"{row.where}: `sample` is {number}, and there are {len(samples.names)} samples, from 0."
            )
        return samples.names[number]
    return name if name in samples.names else None


def _score(value: Any, row: Row) -> float:
    value = value[0] if isinstance(value, list | tuple) and len(value) == 1 else value
    number = number_of(row, value)
    if number is not None and math.isfinite(number):
        return number
    raise UsageError(f"{row.where}: the score is {describe(value)}; it should be a number.")


def _natural(name: str) -> list[tuple[int, str]]:
    """Order names with numbers in them by the numbers."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]
