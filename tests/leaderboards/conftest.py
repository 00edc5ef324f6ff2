"""The example models, judged by an embedded judge."""

from pathlib import Path
from typing import Any

import pytest

from autoeval.journeys.make_leaderboard import make_leaderboard
from autoeval.resources import shipped

EXAMPLES = shipped("examples")
BOTH = [str(EXAMPLES / "outputs.json"), str(EXAMPLES / "outputs_second.json")]


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """A leaderboard of both example models."""
    path = tmp_path / "eval_set" / "offline.csv"
    make(path)
    return path


def make(path: Path, outputs: Any = BOTH, **settings: Any) -> Any:
    """Put the example models on a leaderboard."""
    defaults = {"annotators_config": "offline", "reference_outputs": EXAMPLES / "reference_outputs.json"}
    return make_leaderboard(path, all_model_outputs=outputs, **{**defaults, "caching_path": None, **settings})
