"""WildBench's judgments: outputs graded from 1 to 10 against a checklist of their own."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from autoeval.data.loading import Row, describe, is_missing, read_rows
from autoeval.data.records import read_text
from autoeval.errors import UsageError

SCALE = (1.0, 10.0)
MIDDLE, STRETCH = 5.0, 2.0
"""The score that WildBench publishes is (mean − 5) · 2."""


@dataclass(frozen=True, slots=True)
class WildBenchGrade:
    """One judgment; `score` is None where the file has none on the scale."""

    session_id: str
    model: str
    score: float | None


def read_wildbench(judgments: Any) -> Iterator[WildBenchGrade]:
    """Read files of `score.v2` judgments: session_id, model_test and score.

    Raises:
        UsageError: a field is missing or wrong; the message names file and row.
    """
    for row in read_rows(judgments, "--judgments"):
        yield WildBenchGrade(read_text(row, "session_id"), read_text(row, "model_test"), _score(row))


def _score(row: Row) -> float | None:
    """Return a grade, which these files write as text; -1 and what lies off the scale is none."""
    if "score" not in row.fields:
        raise UsageError(f"{row.where} has no field 'score', so it is no judgment of WildBench.")
    value = row.fields["score"]
    if is_missing(value):
        return None
    try:
        score = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
    except ValueError:
        score = None
    if score is None:
        raise UsageError(f"{row.where}: `score` is {describe(value)}; it should be a number from 1 to 10.")
    return score if SCALE[0] <= score <= SCALE[1] else None
