"""annotations.json, read back and checked, whoever wrote it; `data.annotation_rows` says what its rows are.

Old spellings are understood: AlpacaEval's 0 for a tie and -1 for a missing verdict, and the longer column names of its
cache.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from autoeval.data.loading import Row, describe, is_missing
from autoeval.data.records import (
    number_of,
    read_amount,
    read_instruction,
    read_label,
    read_sample,
    read_text,
    read_turns,
)
from autoeval.errors import UsageError, nearest
from autoeval.types import PREFERENCE, Annotation, Case, Judgment, Output, Scale

Texts = tuple[str, ...]

PAIR = ("instruction", "output_1", "output_2")
_MISSING, _OLD_TIE = -1, 0
_ANY = Scale()


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
        is_pair = not is_of_one_output(row)
        value = read_preference(row) if is_pair else read_score(row)
        judge = read_label(row, "annotator") or annotator
        yield Annotation(
            case=_pair(row, index) if is_pair else _case(row, index),
            annotator=judge,
            value=value,
            failure=_failure(row, value),
            judgments=tuple(_judgments(row, judge, value, is_pair)),
            parts=_parts(row),
            weight=1.0 if (weight := read_amount(row, "weight")) is None else weight,
        )


def is_of_one_output(row: Row) -> bool:
    """Whether a row is of a single output that was scored, not of a pair."""
    return "score" in row.fields and "preference" not in row.fields


def of_one_model(rows: Iterable[Row], compares: bool = True) -> Iterator[Row]:
    """Pass on the rows of a run, which evaluates one model.

    Args:
        rows: the rows.
        compares: they are to be of pairs.

    Raises:
        UsageError: a row is of another model than the first, or of a single output where pairs are wanted.
    """
    first: tuple[str | None, str] | None = None
    for row in rows:
        if compares and is_of_one_output(row):
            raise UsageError(
                f"{row.where} is of an output that was scored by itself, and this is about pairs. The report.html and "
                "the leaderboard.csv beside it have its numbers."
            )
        column = "generator" if is_of_one_output(row) else "generator_2"
        name = read_label(row, column)
        first = first or (name, row.where)
        if name != first[0]:
            raise UsageError(
                f"{row.where}: `{column}` is {name!r}, but {first[1]} is of {first[0]!r}. A run is of one model: "
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
    tuple(_judgments(row, "", preference, is_pair=True))
    return {**row.fields, "preference": preference}


def texts_of(case: Case) -> Texts:
    """Return what tells cases apart."""
    return (*case.turns, *(turn for output in case.outputs for turn in output.turns))


def read_preference(row: Row) -> float | None:
    """Return a row's preference, from 1 to 2; None where it has no verdict.

    Raises:
        UsageError: there is no such field, or what stands there is no preference.
    """
    value, number = _verdict(row, "preference", "annotations")
    if number is not None and (math.isnan(number) or number == _MISSING):
        return None
    if number is None or not (number == _OLD_TIE or PREFERENCE.holds(number)):
        raise UsageError(
            f"{row.where}: `preference` is {describe(value)}; it should be a number from 1 to 2, or null."
        )
    return number or 1.5


def read_score(row: Row, scale: Scale = _ANY) -> float | None:
    """Return a row's score, None where it has none.

    Raises:
        UsageError: there is no such field, or what stands there is no number of the scale.
    """
    value, number = _verdict(row, "score", "annotations of single outputs")
    if number is not None and math.isnan(number):
        return None
    if number is None or not scale.holds(number):
        told = f" {scale}" if str(scale) else ""
        raise UsageError(f"{row.where}: `score` is {describe(value)}; it should be a number{told}, or null.")
    return number


def _verdict(row: Row, name: str, what: str) -> tuple[Any, float | None]:
    """Return what stands in the field of a verdict, and the number that it is."""
    if name not in row.fields:
        hint = nearest(name, map(str, row.fields))
        raise UsageError(f"{row.where} has no field {name!r}. {hint} Is it a file of {what}?")
    return row.fields[name], number_of(row, row.fields[name])


def _pair(row: Row, index: int) -> Case:
    if "user_turns" in row.fields:
        outputs = tuple(
            Output(_texts(row, f"turns_{place}"), read_label(row, f"generator_{place}") or "")
            for place in (1, 2)
        )
        return _whole(row, index, outputs)
    pair = Case.pair(
        index=index,
        instruction=read_instruction(row),
        output_1=read_text(row, "output_1"),
        output_2=read_text(row, "output_2"),
        generator_1=read_label(row, "generator_1") or "",
        generator_2=read_label(row, "generator_2") or "",
        dataset=read_label(row, "dataset"),
        sample=read_sample(row),
    )
    return replace(pair, fields=_fields(row)) if "fields" in row.fields else pair


def _case(row: Row, index: int) -> Case:
    generator = read_label(row, "generator") or ""
    turns = _texts(row, "turns") if "user_turns" in row.fields else (read_text(row, "output"),)
    return _whole(row, index, (Output(turns, generator),))


def _whole(row: Row, index: int, outputs: tuple[Output, ...]) -> Case:
    turns = _texts(row, "user_turns") if "user_turns" in row.fields else (read_instruction(row),)
    for output in outputs:
        if len(output.turns) > len(turns):
            raise UsageError(
                f"{row.where} has {len(output.turns)} turns of an output for {len(turns)} of the user."
            )
    return Case(index, turns, outputs, read_label(row, "dataset"), read_sample(row), _fields(row))


def _texts(row: Row, name: str) -> tuple[str, ...]:
    return read_turns(row, name, row.fields.get(name))


def _fields(row: Row) -> Mapping[str, Any]:
    value = row.fields.get("fields")
    if is_missing(value):
        return {}
    if not isinstance(value, Mapping):
        raise UsageError(f"{row.where}: `fields` is {describe(value)}; it should be an object.")
    return value


def _parts(row: Row) -> Mapping[str, float]:
    """Return the values of a row's parts; those that a table made empty are left out."""
    value = row.fields.get("parts")
    if is_missing(value):
        return {}
    if not isinstance(value, Mapping):
        raise UsageError(f"{row.where}: `parts` is {describe(value)}; it should be an object of numbers.")
    found: dict[str, float] = {}
    for name, part in value.items():
        number = number_of(row, part)
        if number is None or math.isinf(number):
            raise UsageError(
                f"{row.where}: the part {str(name)!r} is {describe(part)}; it should be a number."
            )
        if not math.isnan(number):
            found[str(name)] = number
    return found


def _judgments(row: Row, annotator: str, value: float | None, is_pair: bool) -> Iterator[Judgment]:
    """Read a row's judgments; a row that lists none is itself one."""
    several: Any = row.fields.get("judgments")
    several = (
        several.tolist() if hasattr(several, "tolist") else several
    )  # what Parquet becomes in a DataFrame
    if is_missing(several) or several in ("", [], ()):
        price = _first(row, "price_per_example", "preference_price_per_example")
        seconds = _first(row, "time_per_example", "preference_time_per_example")
        yield _judgment(row, annotator, value, price, seconds)
        return
    if not isinstance(several, list | tuple):
        raise UsageError(f"{row.where}: `judgments` is {describe(several)}; it should be a list of objects.")
    for number, fields in enumerate(several, 1):
        where = f"{row.where}, judgment {number}"
        if not isinstance(fields, Mapping):
            raise UsageError(f"{where} is {describe(fields)}; it should be an object.")
        one = Row(where, fields)
        found = read_preference(one) if is_pair and not is_of_one_output(one) else read_score(one)
        yield _judgment(one, annotator, found, "price", "time")


def _judgment(row: Row, annotator: str, value: float | None, price: str, seconds: str) -> Judgment:
    applies = row.fields.get("applies") is not False
    return Judgment(
        annotator=read_label(row, "annotator") or annotator,
        value=value,
        is_switched=_is_switched(row),
        raw_completion=row.fields.get(_first(row, "raw_completion", "preference_raw_completion")),
        explanation=read_label(row, "explanation"),
        price=read_amount(row, price),
        seconds=read_amount(row, seconds),
        failure=_failure(row, value) if applies else None,
        part=read_label(row, "part") or "",
        parts=_parts(row),
        applies=applies,
        output=_output(row),
    )


def _output(row: Row) -> int:
    value = row.fields.get("output")
    return value if value in (1, 2) and isinstance(value, int) and not isinstance(value, bool) else 0


def _failure(row: Row, value: float | None) -> str | None:
    failure = read_label(row, "failure")
    if value is None:
        return failure or "recorded as missing"
    if failure is not None:
        raise UsageError(
            f"{row.where} has a verdict ({value:g}) and a `failure`, which says that there is none. "
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


def _first(row: Row, name: str, other: str) -> str:
    """Return the first of two names whose field says something."""
    return other if is_missing(row.fields.get(name)) else name
