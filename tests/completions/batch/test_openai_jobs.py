"""What only OpenAI's jobs do: fail as a whole, and keep errors in a file of their own."""

from pathlib import Path

import pytest

from autoeval.completions.batch import collecting, jobs
from autoeval.completions.batch.apis import BatchError
from autoeval.completions.cache import Cache
from autoeval.errors import AutoevalError
from tests.completions.batch.runs import A_WINS, pending, refusing, run, start
from tests.servers.batch_server import BatchServer


def test_a_run_that_is_killed_while_it_collects_loses_nothing(tmp_path: Path) -> None:
    n = 520
    with BatchServer(refusing("thing 3.")) as server:
        pending(tmp_path, server, "openai", n=n)
        server.finish()
        server.answer = A_WINS
        server.on_errors = lambda: process.kill()  # by then the first replies are stored, the others are not
        process = start(tmp_path, server, "openai", n=n)
        process.communicate()
        with Cache(tmp_path / "cache.sqlite") as cache:
            assert cache.query("SELECT count(*) FROM replies") == [(500,)]
        server.on_errors = lambda: None
        server.is_instant = True
        assert run(tmp_path, server, "openai", n=n, wait=True).exit_code == 0
        assert [len(job.requests) for job in server.jobs] == [n, 1]


def test_a_job_with_too_many_tokens_is_submitted_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (jobs, collecting):
        monkeypatch.setattr(module, "LEAST_REQUESTS", 4)
    with BatchServer(A_WINS, most_enqueued=12) as server:
        pending(tmp_path, server, "openai")
        left = pending(tmp_path, server, "openai")
        assert "10 requests are in a batch job" in str(left)
        assert "The other requests are submitted when there is room" in str(left)
        server.finish()
        server.is_instant = True
        assert run(tmp_path, server, "openai", wait=True).exit_code == 0
        assert [len(job.requests) for job in server.jobs] == [20, 10, 10]


def test_a_job_that_can_be_no_smaller_is_said_and_kept_for_later(tmp_path: Path) -> None:
    with BatchServer(A_WINS, most_enqueued=5) as server:
        pending(tmp_path, server, "openai")
        with pytest.raises(BatchError, match="Enqueued token limit reached") as raised:
            run(tmp_path, server, "openai")
        assert raised.value.exit_code == 3
        server.most_enqueued = None
        pending(tmp_path, server, "openai")
        server.finish()
        assert run(tmp_path, server, "openai").exit_code == 0


def test_a_job_that_fails_validation_ends_the_run(tmp_path: Path) -> None:
    with BatchServer(A_WINS, fails_validation="line 1 is no JSON") as server:
        pending(tmp_path, server, "openai")
        with pytest.raises(AutoevalError, match="was refused: line 1 is no JSON") as raised:
            run(tmp_path, server, "openai")
    assert raised.value.exit_code == 5
