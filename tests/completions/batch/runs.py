"""Whole runs in batches, for the tests beside this file."""

from pathlib import Path
from typing import Any

import pytest

import autoeval
from autoeval.completions.batch.asking import BatchPendingError
from tests.journeys.small import JUDGES, address, evaluate_small, write_outputs
from tests.processes import Process, start_command
from tests.servers import Answer, always, prompt_text
from tests.servers.answers import Answerer, Body
from tests.servers.batch_server import BatchServer

A_WINS = always("a > b")
N = 20


def run(
    folder: Path, server: BatchServer, protocol: str, n: int = N, **parameters: Any
) -> autoeval.Evaluation:
    """Ask everything in jobs: with `go_on`, none is asked live first."""
    quiet = {"precomputed_leaderboard": None, "no_report": True, "batch": True, "go_on": True, **parameters}
    return evaluate_small(folder, server, protocol, n, **quiet)


def pending(folder: Path, server: BatchServer, protocol: str, **parameters: Any) -> BatchPendingError:
    with pytest.raises(BatchPendingError) as raised:
        run(folder, server, protocol, **parameters)
    return raised.value


def start(folder: Path, server: BatchServer, protocol: str, *flags: str, n: int = N) -> Process:
    outputs, reference = write_outputs(folder, n)
    return start_command(
        *(
            f"--model_outputs={outputs}",
            f"--reference_outputs={reference}",
            "--no_report",
            "--batch",
            "--go_on",
        ),
        *(f"--annotators_config={JUDGES[protocol]}", f"--judge_base_url={address(server, protocol)}"),
        *(f"--caching_path={folder / 'cache.sqlite'}", f"--output_path={folder / 'results'}", *flags),
        ANTHROPIC_API_KEY="sk-test",
    )


def refusing(text: str, status: int = 500) -> Answerer:
    def answer(body: Body) -> Answer:
        return Answer("overloaded", status=status) if text in prompt_text(body) else Answer("a > b")

    return answer
