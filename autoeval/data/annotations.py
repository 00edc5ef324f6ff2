"""annotations.json: one row a pair, written here, and read back and checked here, whoever wrote it.

Old spellings are understood: AlpacaEval's 0 for a tie and -1 for a missing verdict, and the longer column names of
its cache.
"""

import json
import math
import numbers
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any

from autoeval.data.loading import Row, describe, is_missing
from autoeval.data.records import read_instruction, read_label, read_sample, read_text
from autoeval.errors import UsageError, nearest
from autoeval.types import Annotation, Judgment, Pair

Texts = tuple[str, str, str]

PAIR = ("instruction", "output_1", "output_2")
_MISSING, _OLD_TIE = -1, 0


def row_of(annotation: Annotation) -> dict[str, Any]:
    """Return an annotation as a row of the file.

    Where a pair has several judgments, `judgments` lists them and the fields of a single one are null.
    """
    pair, judgments = annotation.pair, annotation.judgments
    single = judgments[0] if len(judgments) == 1 else Judgment("", None, None)
    row: dict[str, Any] = {
        "instruction": pair.instruction,
        "dataset": pair.dataset,
        "generator_1": pair.generator_1,
        "output_1": pair.output_1,
        "generator_2": pair.generator_2,
        "output_2": pair.output_2,
        "annotator": single.annotator or annotation.annotator,
        "preference": annotation.preference,
        "raw_completion": single.raw_completion,
        "explanation": single.explanation,
        "price_per_example": _total([judgment.price for judgment in judgments]),
        "time_per_example": _total([judgment.seconds for judgment in judgments]),
        "is_switched_outputs": single.is_switched,
        "failure": annotation.failure,
    }
    if pair.sample:
        row["sample"] = pair.sample
    if len(judgments) > 1:
        row["judgments"] = [_judgment_row(judgment) for judgment in judgments]
    return row


def write_rows(file: IO[str], annotations: Iterable[Annotation]) -> Iterator[Annotation]:
    """Write a row for each annotation as it passes through, as a JSON array with a row a line."""
    separator = "[\n"
    for annotation in annotations:
        file.write(separator)
        file.write(json.dumps(row_of(annotation), ensure_ascii=False))
        separator = ",\n"
        yield annotation
    file.write("\n]\n" if separator == ",\n" else "[]\n")


def read_annotations(rows: Iterable[Row], annotator: str = "") -> Iterator[Annotation]:
    """Read annotations, of ours or of AlpacaEval's, or AlpacaEval's cache.

    Args:
        rows: the rows of a file.
        annotator: who judged, where a row does not say.

    Yields:
        An annotation a row. Its failure is `recorded as missing` where the row has no verdict and no reason.

    Raises:
        UsageError: a row is none of an annotation; the message names file, row and field.
    """
    for index, row in enumerate(rows):
        preference = read_preference(row)
        judge = read_label(row, "annotator") or annotator
        yield Annotation(
            pair=_pair(row, index),
            annotator=judge,
            preference=preference,
            failure=_failure(row, preference),
            judgments=tuple(_judgments(row, judge, preference)),
        )


def of_one_model(rows: Iterable[Row]) -> Iterator[Row]:
    """Pass on the rows of a run, which evaluates one model.

    Raises:
        UsageError: a row is of another model than the first.
    """
    first: tuple[str | None, str] | None = None
    for row in rows:
        name = read_label(row, "generator_2")
        first = first or (name, row.where)
        if name != first[0]:
            raise UsageError(
                f"{row.where}: `generator_2` is {name!r}, but {first[1]} is of {first[0]!r}. A run is of one model: "
                "keep one model's rows, or compare several with analyze_models."
            )
        yield row


def check_annotation(row: Row, needed: Iterable[str]) -> dict[str, Any]:
    """Check a row that becomes one of a table.

    Args:
        row: the row.
        needed: the columns that it must have.

    Returns:
        Its fields, with the preference read.

    Raises:
        UsageError: a column is missing, or a value is not what stands in it; the message names file, row and field.
    """
    for column in needed:
        if column not in row.fields:
            known = ", ".join(sorted(map(str, row.fields)))
            raise UsageError(f"{row.where} has no {column!r}, so it is no annotation. It has: {known}.")
    for column in PAIR:
        if column in row.fields:
            read_text(row, column)
    for column in ("generator_1", "generator_2", "dataset", "annotator"):
        read_label(row, column)
    preference = read_preference(row)
    tuple(_judgments(row, "", preference))
    return {**row.fields, "preference": preference}


def texts_of(pair: Pair) -> Texts:
    """Return what tells pairs apart."""
    return pair.instruction, pair.output_1, pair.output_2


def read_preference(row: Row) -> float | None:
    """Return a row's preference, from 1 to 2; None where it has no verdict.

    Raises:
        UsageError: there is no such field, or what stands there is no preference.
    """
    if "preference" not in row.fields:
        raise UsageError(
            f"{row.where} has no field 'preference'. {nearest('preference', map(str, row.fields))} "
            "Is it a file of annotations?"
        )
    value = row.fields["preference"]
    number = _number_of(row, value)
    if number is not None and (math.isnan(number) or number == _MISSING):
        return None
    if number is None or not (number == _OLD_TIE or 1 <= number <= 2):
        raise UsageError(
            f"{row.where}: `preference` is {describe(value)}; it should be a number from 1 to 2, or null."
        )
    return number or 1.5


def _number_of(row: Row, value: Any) -> float | None:
    """Return a value as a number; NaN where there is none, None where it is something else."""
    if is_missing(value) or (row.is_text and value == ""):
        return math.nan
    if row.is_text and isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:  # a whole number of hundreds of digits
            return math.inf
    return None


def _pair(row: Row, index: int) -> Pair:
    return Pair(
        index=index,
        instruction=read_instruction(row),
        output_1=read_text(row, "output_1"),
        output_2=read_text(row, "output_2"),
        generator_1=read_label(row, "generator_1") or "",
        generator_2=read_label(row, "generator_2") or "",
        dataset=read_label(row, "dataset"),
        sample=read_sample(row),
    )


def _judgments(row: Row, annotator: str, preference: float | None) -> Iterator[Judgment]:
    """Read a row's judgments; a row that lists none is itself one."""
    several: Any = row.fields.get("judgments")
    several = (
        several.tolist() if hasattr(several, "tolist") else several
    )  # what Parquet becomes in a DataFrame
    if is_missing(several) or several in ("", [], ()):
        price = _first(row, "price_per_example", "preference_price_per_example")
        seconds = _first(row, "time_per_example", "preference_time_per_example")
        yield _judgment(row, annotator, preference, price, seconds)
        return
    if not isinstance(several, list | tuple):
        raise UsageError(f"{row.where}: `judgments` is {describe(several)}; it should be a list of objects.")
    for number, fields in enumerate(several, 1):
        where = f"{row.where}, judgment {number}"
        if not isinstance(fields, Mapping):
            raise UsageError(f"{where} is {describe(fields)}; it should be an object.")
        one = Row(where, fields)
        yield _judgment(one, annotator, read_preference(one), "price", "time")


def _judgment(row: Row, annotator: str, preference: float | None, price: str, seconds: str) -> Judgment:
    return Judgment(
        annotator=read_label(row, "annotator") or annotator,
        preference=preference,
        is_switched=_is_switched(row),
        raw_completion=row.fields.get(_first(row, "raw_completion", "preference_raw_completion")),
        explanation=read_label(row, "explanation"),
        price=_amount(row, price),
        seconds=_amount(row, seconds),
        failure=_failure(row, preference),
    )


def _judgment_row(judgment: Judgment) -> dict[str, Any]:
    return {
        "annotator": judgment.annotator,
        "preference": judgment.preference,
        "raw_completion": judgment.raw_completion,
        "explanation": judgment.explanation,
        "price": judgment.price,
        "time": judgment.seconds,
        "is_switched_outputs": judgment.is_switched,
        "failure": judgment.failure,
    }


def _failure(row: Row, preference: float | None) -> str | None:
    failure = read_label(row, "failure")
    if preference is None:
        return failure or "recorded as missing"
    if failure is not None:
        raise UsageError(
            f"{row.where} has a preference ({preference:g}) and a `failure`, which says that there is none. "
            "Make one of them null."
        )
    return None


def _is_switched(row: Row) -> bool | None:
    """Return whether the outputs changed places; AlpacaEval's tables spell it also as 0.0 and 1.0."""
    value = row.fields.get("is_switched_outputs")
    if is_missing(value) or value == "":
        return None
    if isinstance(value, bool | int | float) and value in (0, 1):
        return bool(value)
    if row.is_text and value in ("True", "False"):
        return bool(value == "True")
    raise UsageError(
        f"{row.where}: `is_switched_outputs` is {describe(value)}; it should be true, false or null."
    )


def _amount(row: Row, name: str) -> float | None:
    value = row.fields.get(name)
    number = _number_of(row, value)
    if number is not None and math.isnan(number):
        return None
    if number is None or not 0 <= number < math.inf:
        raise UsageError(f"{row.where}: `{name}` is {describe(value)}; it should be a number of 0 or more.")
    return number


def _first(row: Row, name: str, other: str) -> str:
    """Return the first of two names whose field says something."""
    return other if is_missing(row.fields.get(name)) else name


def _total(parts: Iterable[float | None]) -> float | None:
    known = [part for part in parts if part is not None]
    return sum(known) if known else None
