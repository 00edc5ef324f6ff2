"""run.json, read back: what ran, as the run that wrote it says."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autoeval.data.loading import describe
from autoeval.errors import UsageError

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
