"""annotations.json: one row a case, written here, and read back and checked here, whoever wrote it.

A row of a pair has `output_1`, `output_2` and a `preference`; one of a single output has `output`, a `score` and its
`parts`. Old spellings are understood: AlpacaEval's 0 for a tie and -1 for a missing verdict, and the longer column
names of its cache.
"""

import json
import math
import numbers
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import IO, Any

from autoeval.data.loading import Row, describe, is_missing
from autoeval.data.records import read_instruction, read_label, read_sample, read_text
from autoeval.errors import UsageError, nearest
from autoeval.types import PREFERENCE, Annotation, Case, Judgment, Output, Scale

Texts = tuple[str, ...]

PAIR = ("instruction", "output_1", "output_2")
_MISSING, _OLD_TIE = -1, 0
_ANY = Scale()


def row_of(annotation: Annotation) -> dict[str, Any]:
    """Return an annotation as a row of the file.

    Where a case has several judgments, `judgments` lists them and the fields of a single one are null.
    """
    case, judgments = annotation.case, annotation.judgments
    single = judgments[0] if len(judgments) == 1 else Judgment("", None, None)
    is_pair = len(case.outputs) == 2
    row: dict[str, Any] = {
        "instruction": case.instruction,
        "dataset": case.dataset,
        **(_outputs(case) if is_pair else {"generator": case.generator, "output": case.output}),
        "annotator": single.annotator or annotation.annotator,
        "preference" if is_pair else "score": annotation.value,
        **({} if is_pair else {"parts": dict(annotation.parts)}),
        "raw_completion": single.raw_completion,
        "explanation": single.explanation,
        "price_per_example": _total([judgment.price for judgment in judgments]),
        "time_per_example": _total([judgment.seconds for judgment in judgments]),
        **({"is_switched_outputs": single.is_switched} if is_pair else {}),
        "failure": annotation.failure,
    }
    if len(case.turns) > 1:
        row["user_turns"] = list(case.turns)
        row |= {_turns(case, place): list(output.turns) for place, output in enumerate(case.outputs, 1)}
    if is_pair and annotation.parts:
        row["parts"] = dict(annotation.parts)
    if annotation.weight != 1:
        row["weight"] = annotation.weight
    if case.fields:
        row["fields"] = dict(case.fields)
    if case.sample:
        row["sample"] = case.sample
    if len(judgments) > 1:
        row["judgments"] = [_judgment_row(judgment, is_pair) for judgment in judgments]
    return row


def _outputs(case: Case) -> dict[str, str]:
    return {
        "generator_1": case.generator_1,
        "output_1": case.output_1,
        "generator_2": case.generator_2,
        "output_2": case.output_2,
    }


def _turns(case: Case, place: int) -> str:
    """Return the column with the turns of an output."""
    return "turns" if len(case.outputs) == 1 else f"turns_{place}"


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
            weight=1.0 if (weight := _amount(row, "weight")) is None else weight,
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
    if "preference" not in row.fields:
        raise UsageError(
            f"{row.where} has no field 'preference'. {nearest('preference', map(str, row.fields))} "
            "Is it a file of annotations?"
        )
    value = row.fields["preference"]
    number = _number_of(row, value)
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
    if "score" not in row.fields:
        raise UsageError(
            f"{row.where} has no field 'score'. {nearest('score', map(str, row.fields))} "
            "Is it a file of annotations of single outputs?"
        )
    value = row.fields["score"]
    number = _number_of(row, value)
    if number is not None and math.isnan(number):
        return None
    if number is None or not scale.holds(number):
        raise UsageError(
            f"{row.where}: `score` is {describe(value)}; it should be a number {scale}, or null."
        )
    return number


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
    value = row.fields.get(name)
    if not isinstance(value, list | tuple) or not value or not all(isinstance(turn, str) for turn in value):
        raise UsageError(f"{row.where}: `{name}` is {describe(value)}; it should be a list of texts.")
    return tuple(value)


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
        number = _number_of(row, part)
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
        price=_amount(row, price),
        seconds=_amount(row, seconds),
        failure=_failure(row, value) if applies else None,
        part=read_label(row, "part") or "",
        parts=_parts(row),
        applies=applies,
        output=_output(row),
    )


def _output(row: Row) -> int:
    value = row.fields.get("output")
    return value if value in (1, 2) and isinstance(value, int) and not isinstance(value, bool) else 0


def _judgment_row(judgment: Judgment, is_pair: bool) -> dict[str, Any]:
    return {
        "annotator": judgment.annotator,
        **({"part": judgment.part} if judgment.part else {}),
        **({"output": judgment.output} if judgment.output else {}),
        "preference" if is_pair and not judgment.output else "score": judgment.value,
        **({} if judgment.applies else {"applies": False}),
        **({"parts": dict(judgment.parts)} if judgment.parts else {}),
        "raw_completion": judgment.raw_completion,
        "explanation": judgment.explanation,
        "price": judgment.price,
        "time": judgment.seconds,
        **({"is_switched_outputs": judgment.is_switched} if is_pair and not judgment.output else {}),
        "failure": judgment.failure,
    }


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
