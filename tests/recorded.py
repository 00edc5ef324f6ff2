"""Where the recorded public results lie that some tests read."""

import gzip
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

_DEFAULT = Path(__file__).resolve().parents[2] / "shared" / "data"


def recorded_data() -> Path:
    """Return the folder of recorded data; the calling test is skipped where there is none."""
    folder = Path(os.environ.get("AUTOEVAL_RECORDED_DATA") or _DEFAULT)
    if not (folder / "alpaca_eval_1").is_dir():
        pytest.skip(f"no recorded data at {folder} (set AUTOEVAL_RECORDED_DATA)")
    return folder


@cache
def load_recorded(path: Path) -> list[dict[str, Any]]:
    """Load one recorded file (`.json.gz`) once per process; callers must not change what they get."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows: list[dict[str, Any]] = json.load(file)
    return rows


def recorded_models(eval_set: str = "alpaca_eval_1") -> list[str]:
    """Return the models with recorded annotations in `alpaca_eval_1` or `alpaca_eval_2`, sorted."""
    folder = recorded_data() / eval_set
    return sorted(path.name for path in folder.iterdir() if (path / "annotations.json.gz").exists())
