"""annotations.json: one row a pair, written as they come, under its name only when it is whole."""

import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from autoeval.types import Annotation, Judgment


def row_of(annotation: Annotation) -> dict[str, Any]:
    """Return an annotation as a row of the file.

    Where a pair has several judgments, `judgments` lists them and the fields of a single one are null.
    """
    pair, judgments = annotation.pair, annotation.judgments
    single = judgments[0] if len(judgments) == 1 else Judgment("", None)
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
        "is_switched_outputs": single.is_switched if len(judgments) == 1 else None,
        "failure": annotation.failure,
    }
    if pair.sample:
        row["sample"] = pair.sample
    if len(judgments) > 1:
        row["judgments"] = [_judgment_row(judgment) for judgment in judgments]
    return row


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


def _total(parts: Iterable[float | None]) -> float | None:
    known = [part for part in parts if part is not None]
    return sum(known) if known else None


@contextmanager
def replacing(path: Path) -> Iterator[IO[str]]:
    """Open a temporary file that takes the place of `path` when the context ends well, and vanishes otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", text=True)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            yield file
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_rows(file: IO[str], annotations: Iterable[Annotation]) -> Iterator[Annotation]:
    """Write a row for each annotation as it passes through, as a JSON array with a row a line."""
    separator = "[\n"
    for annotation in annotations:
        file.write(separator)
        file.write(json.dumps(row_of(annotation), ensure_ascii=False))
        separator = ",\n"
        yield annotation
    file.write("\n]\n" if separator == ",\n" else "[]\n")
