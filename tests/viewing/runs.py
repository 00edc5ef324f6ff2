"""Folders of finished runs to look at."""

import json
from pathlib import Path
from typing import Any

from autoeval import evaluate
from autoeval.resources import shipped

EXAMPLES = shipped("examples")
REFERENCE = "a reference answer"


def finish(folder: Path, model: str = "mine", **settings: Any) -> Path:
    """Finish a run of the example outputs by the embedded judge; return its folder."""
    evaluate(
        EXAMPLES / "outputs.json",
        EXAMPLES / "reference_outputs.json",
        "offline",
        **{"name": model, "output_path": folder, "caching_path": None, **settings},
    )
    return folder / "offline"


def write_run(folder: Path, model: str, outputs: list[str], preferences: list[float | None]) -> Path:
    """Write a run of given outputs and verdicts, as AlpacaEval would: annotations and nothing beside them."""
    rows = [
        {
            "instruction": f"Do thing {number}.",
            "output_1": REFERENCE,
            "output_2": output,
            "generator_1": "reference",
            "generator_2": model,
            "annotator": "some_judge",
            "preference": preference,
        }
        for number, (output, preference) in enumerate(zip(outputs, preferences, strict=True), 1)
    ]
    folder.mkdir(parents=True)
    (folder / "annotations.json").write_text(json.dumps(rows))
    return folder
