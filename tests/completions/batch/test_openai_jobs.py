"""What only OpenAI's jobs do: fail as a whole, and keep errors in a file of their own."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from autoeval.completions.ask import Silent
from autoeval.completions.batch import collecting, jobs
from autoeval.completions.batch.apis import BatchError
from autoeval.completions.batch.asking import pending_message
from autoeval.completions.batch.jobs import BatchJob, JobState
from autoeval.completions.cache import Cache
from autoeval.errors import AutoevalError
from autoeval.types import Endpoint
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
        process.finish()
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
    said: list[str] = []
    monkeypatch.setattr(Silent, "announce", lambda _, line: said.append(line))
    with BatchServer(A_WINS, most_enqueued=12) as server:
        pending(tmp_path, server, "openai")
        left = pending(tmp_path, server, "openai")
        assert sum("submitted again in smaller jobs" in line for line in said) == 1
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


def _open_since(hours: float) -> tuple[BatchJob, datetime]:
    created = datetime.now(UTC) - timedelta(hours=hours)
    job = BatchJob("n", "id", Endpoint("openai"), "m", 7, created.timestamp(), JobState.OPEN, "here:1")
    return job, created + timedelta(hours=24)


@pytest.mark.parametrize(
    ("hours", "says"), [(1, "done by {} UTC at the latest"), (24.5, "overdue since {} UTC")]
)
def test_a_job_is_done_within_24_hours_or_overdue(hours: float, says: str) -> None:
    job, end = _open_since(hours)
    message = pending_message([job], has_more=False, n_collected=0)
    assert f"7 requests are in a batch job, which is {says.format(f'{end:%Y-%m-%d %H:%M}')}" in message


def test_the_last_of_several_jobs_says_when_all_are_done() -> None:
    (first, _), (last, end) = _open_since(20), _open_since(1)
    message = pending_message([first, last], has_more=True, n_collected=3)
    assert message.startswith(
        "3 replies of batch jobs were collected. 14 requests are in 2 batch jobs, which are done by"
    )
    assert f"{end:%Y-%m-%d %H:%M} UTC" in message
    assert message.endswith("The other requests are submitted when there is room (or money) for them.")


def test_a_job_that_fails_validation_ends_the_run(tmp_path: Path) -> None:
    with BatchServer(A_WINS, fails_validation="line 1 is no JSON") as server:
        pending(tmp_path, server, "openai")
        with pytest.raises(AutoevalError, match="was refused: line 1 is no JSON") as raised:
            run(tmp_path, server, "openai")
    assert raised.value.exit_code == 5
