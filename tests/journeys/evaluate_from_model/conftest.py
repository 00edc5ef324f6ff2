"""A model that is generated with and judged, quickly."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import autoeval
from tests.journeys.evaluate_from_model.small_model import Run, config_of
from tests.journeys.small import write_outputs
from tests.servers import Answer, JudgeServer, prompt_text


@pytest.fixture
def model() -> Iterator[JudgeServer]:
    """A model that answers each instruction in its own way."""
    with JudgeServer(lambda body: Answer(f"  An answer to: {prompt_text(body)}\n")) as server:
        yield server


@pytest.fixture
def run(tmp_path: Path, model: JudgeServer) -> Run:
    """Evaluate the model on 20 instructions with the judge that needs none."""
    _, reference = write_outputs(tmp_path)

    def evaluate(**parameters: Any) -> Any:
        defaults: dict[str, Any] = {
            "model_configs": config_of(model),
            "evaluation_dataset": reference,
            "annotators_config": "longest",
            "output_path": tmp_path / "results",
            "caching_path": tmp_path / "cache.sqlite",
            "retry_delay": 0,
        }
        return autoeval.evaluate_from_model(**{**defaults, **parameters})

    return evaluate
