"""What the benchmarks evaluate: the recorded 805 pairs, and larger sets made from them."""

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.judge_data import recorded_data

Rows = list[dict[str, Any]]


@cache
def recorded_rows() -> tuple[Rows, Rows]:
    """Return GPT-4's 805 recorded outputs and those of the reference."""
    folder = recorded_data() / "alpaca_eval_1"
    return _load(folder / "gpt4" / "model_outputs.json.gz"), _load(folder / "reference_outputs.json.gz")


def _load(path: Path) -> Rows:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows: Rows = json.load(file)
    return rows


def write_pairs(folder: Path, n_pairs: int | None = None) -> tuple[Path, Path]:
    """Write outputs and reference as files.

    Args:
        folder: where to.
        n_pairs: how many; the recorded ones are repeated under numbered instructions. None: the 805 as they are.

    Returns:
        The files of the model's outputs and of the reference's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = (folder / f"outputs_{n_pairs}.json", folder / f"reference_{n_pairs}.json")
    for path, rows in zip(paths, recorded_rows(), strict=True):
        with path.open("w", encoding="utf-8") as file:
            if n_pairs is None:
                json.dump(rows, file)
                continue
            for number in range(n_pairs):
                row = rows[number % len(rows)]
                text = {**row, "instruction": f"{row['instruction']} ({number // len(rows)})"}
                file.write(("[" if number == 0 else ",\n") + json.dumps(text))
            file.write("]")
    return paths
