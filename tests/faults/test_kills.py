"""Killed again and again without warning, a run loses nothing but what was in flight."""

import random
import subprocess
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.counting import PaidJudge, n_stored
from tests.journeys.small import start_command, write_outputs
from tests.servers import JudgeServer

N = 1_000
IN_FLIGHT = 8
LONGEST_LIFE = 1.5


@pytest.mark.slow
def test_fifty_kills_at_random_moments(tmp_path: Path) -> None:
    judge = PaidJudge()
    draw = random.Random(0)
    outputs, reference = write_outputs(tmp_path, N)
    cache = tmp_path / "cache.sqlite"
    with JudgeServer(lambda body: replace(judge(body), delay=0.1)) as server:
        arguments = [
            *(f"--model_outputs={outputs}", f"--reference_outputs={reference}", "--no_report"),
            *("--annotators_config=gpt4_ranking", f"--judge_base_url={server.base_url}"),
            *(f"--caching_path={cache}", f"--output_path={tmp_path / 'results'}"),
            f"--max_concurrency={IN_FLIGHT}",
        ]
        for _ in range(50):
            process = start_command(*arguments)
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=draw.uniform(0.1, LONGEST_LIFE))
            process.kill()
            process.communicate()
            if cache.exists():
                n_stored(cache)  # it is whole
        last = start_command(*arguments)
        _, errors = last.communicate()
    assert last.returncode == 0, errors
    assert n_stored(cache) == N
    assert judge.n_paid_twice <= 50 * IN_FLIGHT
