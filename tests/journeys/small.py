"""A small eval set of our own."""

import json
from pathlib import Path
from typing import Any, cast

from autoeval.runs.result import Evaluation
from tests.servers import JudgeServer

JUDGES = {"openai": "gpt4_ranking", "anthropic": "claude"}
"""A judge of each protocol."""


def write_outputs(folder: Path, n: int = 20) -> tuple[Path, Path]:
    """Write outputs and reference outputs for n instructions; returns both paths."""
    reference = [_row(number, f"reference answer {number}", "reference") for number in range(n)]
    outputs = [_row(number, f"answer of the model, number {number}", "model") for number in range(n)]
    paths = folder / "outputs.json", folder / "reference.json"
    for path, rows in zip(paths, (outputs, reference), strict=True):
        path.write_text(json.dumps(rows))
    return paths


def _row(number: int, output: str, generator: str) -> dict[str, str]:
    dataset = "even" if number % 2 == 0 else "odd"
    return {
        "instruction": f"Do thing {number}.",
        "output": output,
        "generator": generator,
        "dataset": dataset,
    }


def address(server: JudgeServer, protocol: str) -> str:
    """Return what a judge of a protocol takes as its server's address."""
    return server.base_url if protocol == "openai" else server.address


def evaluate_small(
    folder: Path, server: JudgeServer, protocol: str = "openai", n: int = 20, **parameters: Any
) -> Evaluation:
    """Evaluate n small outputs with a judge on a server, without waiting between retries; see `evaluated`."""
    folder.mkdir(exist_ok=True)
    outputs, reference = write_outputs(folder, n)
    defaults: dict[str, Any] = {
        "annotators_config": JUDGES[protocol],
        "judge_base_url": address(server, protocol),
        "caching_path": folder / "cache.sqlite",
        "output_path": folder / "results",
        "retry_delay": 0,
    }
    return evaluated(outputs, reference, **{**defaults, **parameters})


def evaluated(*sources: Any, **parameters: Any) -> Evaluation:
    """Evaluate; where nothing is judged, return what there is of a result all the same."""
    import autoeval
    from autoeval.errors import NothingJudgedError

    try:
        result: Evaluation = autoeval.evaluate(*sources, **parameters)
    except NothingJudgedError as error:
        result = cast("Evaluation", error.result)
    return result
