"""Annotations as rows of annotations.json, a row a case; `data.annotations` reads them back.

A row of a pair has `output_1`, `output_2` and a `preference`; one of a single output has `output`, a `score` and its
`parts`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from typing import IO, Any

import orjson

from autoeval.types import Annotation, Case, Judgment

_AS_JSON = json.JSONEncoder(ensure_ascii=False).encode


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
        file.write(_line(row_of(annotation)))
        separator = ",\n"
        yield annotation
    file.write("\n]\n" if separator == ",\n" else "[]\n")


def _line(row: Mapping[str, Any]) -> str:
    """Return a row as `json.dumps(row, ensure_ascii=False)` writes it, which takes ten times as long for texts."""
    try:
        return "{" + ", ".join([f'"{name}": {_written(value)}' for name, value in row.items()]) + "}"
    except TypeError:  # half characters
        return _AS_JSON(row)


def _written(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, str):
        return orjson.dumps(value).decode()
    if type(value) is float and isfinite(value):
        return repr(value)
    return _AS_JSON(value)


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
        **({"is_switched_outputs": judgment.is_switched} if is_pair and _has_order(judgment) else {}),
        "failure": judgment.failure,
    }


def _has_order(judgment: Judgment) -> bool:
    """Whether a judgment of a pair was made in an order; of one output by itself, there is none to tell."""
    return not judgment.output or judgment.is_switched is not None


def _total(parts: Iterable[float | None]) -> float | None:
    known = [part for part in parts if part is not None]
    return sum(known) if known else None
