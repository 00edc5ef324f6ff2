"""Killed again and again without warning, a run loses nothing but what was in flight."""

import random
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.counting import PaidJudge, n_stored
from tests.journeys.small import write_outputs
from tests.processes import start_command
from tests.servers import Answer, JudgeServer
from tests.servers.answers import Body

N_KILLS, N = 25, 500
IN_FLIGHT = 8
MOST_BETWEEN_KILLS = 36


@pytest.mark.slow
def test_kills_at_random_moments(tmp_path: Path) -> None:
    judge = PaidJudge()
    draw = random.Random(0)
    outputs, reference = write_outputs(tmp_path, N)

    def answer(body: Body) -> Answer:
        if server.n_requests >= fatal:
            process.kill()
        return replace(judge(body), delay=draw.uniform(0, 0.02))

    with JudgeServer(answer) as server:
        arguments = [
            *(f"--model_outputs={outputs}", f"--reference_outputs={reference}", "--no_report"),
            *("--annotators_config=gpt4_ranking", f"--judge_base_url={server.base_url}"),
            *(f"--caching_path={tmp_path / 'cache.sqlite'}", f"--output_path={tmp_path / 'results'}"),
            f"--max_concurrency={IN_FLIGHT}",
        ]
        for _ in range(N_KILLS):
            fatal = server.n_requests + draw.randint(1, MOST_BETWEEN_KILLS)
            process = start_command(*arguments)
            assert process.finish().returncode == -signal.SIGKILL
            n_stored(tmp_path / "cache.sqlite")  # it is whole
        fatal = N * IN_FLIGHT
        last = start_command(*arguments).finish()
    assert last.returncode == 0, last.stderr
    assert n_stored(tmp_path / "cache.sqlite") == N
    assert judge.n_paid_twice <= N_KILLS * IN_FLIGHT
