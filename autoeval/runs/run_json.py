"""run.json, read back: what ran, as the run that wrote it says."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autoeval.data.loading import describe
from autoeval.errors import UsageError
from autoeval.types import Scale

RUN_NAME = "run.json"


def told_beside(annotations: Path) -> Mapping[str, Any]:
    """Read the run.json beside a run's annotations; empty where there is none.

    Raises:
        UsageError: it cannot be read, or holds no object.
    """
    path = annotations.with_name(RUN_NAME)
    if not path.is_file():
        return {}
    try:
        told: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(
            f"{path} cannot be read ({error}). Remove it, or run the evaluation again."
        ) from None
    if not isinstance(told, Mapping):
        raise UsageError(f"{path} holds {describe(told)}; it should be an object.")
    return told


def part(told: Any, name: str) -> Mapping[str, Any]:
    """Return an object within run.json; an empty one where there is none."""
    inner = told.get(name) if isinstance(told, Mapping) else None
    return inner if isinstance(inner, Mapping) else {}


def judges_of(told: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what is told of each judge."""
    judges = part(told, "annotator").get("judges")
    return [one for one in judges if isinstance(one, Mapping)] if isinstance(judges, list) else []


def aspects_of(told: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the aspects that judges were asked about one by one."""
    listed = [judge.get("aspects") for judge in judges_of(told)]
    return tuple(dict.fromkeys(str(name) for names in listed if isinstance(names, list) for name in names))


def scale_of(judge: Mapping[str, Any]) -> Scale | None:
    """Return the scale that a judge of single outputs scored on; None where it is not told, or none."""
    ends = judge.get("scale")
    if not isinstance(ends, list) or len(ends) != 2 or not all(map(_is_end, ends)):
        return None
    low, high = (None if end is None else float(end) for end in ends)
    return None if low is not None and high is not None and low >= high else Scale(low, high)


def _is_end(value: Any) -> bool:
    if value is None or isinstance(value, float):
        return value == value
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
