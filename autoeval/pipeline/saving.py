"""The files of a result beside its annotations: leaderboard.csv and run.json."""

import json
import platform
from dataclasses import asdict
from typing import Any

from autoeval import __version__
from autoeval.annotators.config import Annotator
from autoeval.pipeline import boards
from autoeval.pipeline.annotation_file import replacing
from autoeval.pipeline.result import Evaluation


def save(result: Evaluation, annotator: Annotator, keeps_run: bool = False) -> None:
    """Write a result's files.

    Args:
        result: what to write.
        annotator: the judge, for run.json.
        keeps_run: leave a run.json that is there, because this run has judged nothing.

    Raises:
        UsageError: a file cannot be written.
    """
    if result.folder is not None:
        boards.save_board(result.board, result.folder / "leaderboard.csv")
        if keeps_run and (result.folder / "run.json").exists():
            return
        with replacing(result.folder / "run.json") as file:
            json.dump(_run(result, annotator), file, ensure_ascii=False, indent=2)
            file.write("\n")


def _run(result: Evaluation, annotator: Annotator) -> dict[str, Any]:
    """Say what ran, so that a number can be explained later. Keys are never part of it."""
    report, rate = result.ask, result.win_rate
    return {
        "setting": asdict(result.setting),
        "annotator": {
            "name": annotator.name,
            "description": annotator.description,
            "fingerprint": annotator.fingerprint,
            "prompt_hash": annotator.prompt_hash,
            "combine": annotator.combine,
            "judges": [_judge(judge) for judge in annotator.judges],
        },
        "models_named_by_server": sorted(result.tally.models),
        "counts": {
            "judged": rate.n_total,
            "missing": rate.n_missing,
            "unpaired": result.n_unpaired,
            "failures": dict(result.tally.failures),
        },
        "requests": {"planned": report.n_requests, "cached": report.n_cached, "asked": report.n_asked},
        "tokens": {"input": report.input_tokens, "output": report.output_tokens},
        "cost_usd": report.spent if report.is_price_known else None,
        "seconds": round(report.seconds, 3),
        "versions": {"autoeval": __version__, "python": platform.python_version()},
    }


def _judge(judge: Any) -> dict[str, Any]:
    return {
        "name": judge.name,
        "provider": judge.endpoint.provider,
        "base_url": judge.endpoint.base_url,
        "model": judge.model,
        "parameters": dict(judge.parameters),
        "order": judge.order,
        "samples": judge.samples,
    }
