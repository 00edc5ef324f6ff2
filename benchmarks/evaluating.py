"""The command that is measured again and again: `alpaca_eval` on a file of pairs against a local server."""

import shutil
from pathlib import Path

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
