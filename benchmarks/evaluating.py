"""The commands that are measured again and again: one model's pairs, or a board, against a local server."""

import json
import shutil
from pathlib import Path

from benchmarks import material
from benchmarks.processes import Command, ours


def evaluate(
    folder: Path,
    outputs: Path,
    reference: Path,
    url: str,
    *flags: str,
    is_cached: bool = False,
    exit_code: int = 0,
    caching_path: str | None = None,
) -> Command:
    """Return the command that judges pairs with `gpt4_ranking`.

    Args:
        folder: for the cache and the results.
        outputs: the model's outputs.
        reference: the reference's.
        url: the judge's server.
        flags: more flags of the command.
        is_cached: keep the cache and the results of an earlier run.
        exit_code: what the command has to end with.
        caching_path: another cache than a file in the folder.
    """
    cache, results = folder / "replies.sqlite", folder / "results"

    def forget() -> None:
        if not is_cached:
            shutil.rmtree(results, ignore_errors=True)
            for path in folder.glob(f"{cache.name}*"):
                path.unlink()

    return ours(
        *("evaluate", "--model_outputs", str(outputs), "--reference_outputs", str(reference)),
        *("--annotators_config", "gpt4_ranking", "--precomputed_leaderboard", "None"),
        *("--caching_path", caching_path or str(cache), "--output_path", str(results), *flags),
        environment={"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "none"},
        prepare=forget,
        exit_code=exit_code,
    )


def make_leaderboard(folder: Path, url: str, n_models: int) -> Command:
    """Write the outputs of many models, and return the command that puts them on a board begun anew each time.

    Args:
        folder: for outputs, cache and board.
        url: the judge's server.
        n_models: how many; each has GPT-4's recorded outputs, told apart by a number.
    """
    outputs, reference = material.recorded_rows()
    (folder / "reference.json").write_text(json.dumps(reference))
    for number in range(n_models):
        rows = [
            {**row, "output": f"{row['output']} ({number})", "generator": f"m{number}"} for row in outputs
        ]
        (folder / f"model_{number}.json").write_text(json.dumps(rows))
    board = folder / "board.csv"
    return ours(
        *("make_leaderboard", "--leaderboard_path", str(board), "--annotators_config", "gpt4_ranking"),
        *("--all_model_outputs", str(folder / "model_*.json")),
        *("--reference_outputs", str(folder / "reference.json")),
        *("--caching_path", str(folder / "board.sqlite")),
        environment={"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "none"},
        prepare=lambda: board.unlink(missing_ok=True),
    )
