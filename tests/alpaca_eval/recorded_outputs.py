"""Outputs whose judgments AlpacaEval has published, to be evaluated again."""

from typing import Any

import autoeval
from autoeval.runs.result import Evaluation
from tests.recorded import load_recorded, recorded_data


def recorded(eval_set: str, model: str) -> list[dict[str, Any]]:
    return load_recorded(recorded_data() / eval_set / model / "annotations.json.gz")


def outputs(rows: list[dict[str, Any]], number: int) -> list[dict[str, Any]]:
    return [
        {
            "instruction": row["instruction"],
            "output": row[f"output_{number}"],
            "generator": row[f"generator_{number}"],
            "dataset": row["dataset"],
        }
        for row in rows
    ]


def evaluated(rows: list[dict[str, Any]], **parameters: Any) -> Evaluation:
    defaults: dict[str, Any] = {"output_path": None, "precomputed_leaderboard": None}
    result: Evaluation = autoeval.evaluate(outputs(rows, 2), outputs(rows, 1), **{**defaults, **parameters})
    return result
