"""Asking in batches, in both protocols, through whole runs: submit, leave, come back, collect."""

import shutil
from pathlib import Path
from typing import Any

import pytest

import autoeval
from autoeval.completions.batch import asking
from autoeval.completions.batch.asking import BatchPendingError
from autoeval.completions.batch.jobs import Jobs, JobState
from autoeval.completions.cache import Cache
from autoeval.errors import AutoevalError, UsageError
from autoeval.pipeline.batches import batches
from tests.pipeline.small import start_command, write_outputs
from tests.servers import Answer, always, prompt_text
from tests.servers.answers import Body
from tests.servers.batch_server import BatchServer

JUDGES = {"openai": "gpt4_ranking", "anthropic": "claude"}
A_WINS = always("a > b")
N = 20

pytestmark = pytest.mark.parametrize("protocol", ["openai", "anthropic"])


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(asking, "_LONGEST_PAUSE", 0.01)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")


def run(folder: Path, server: BatchServer, protocol: str, **parameters: Any) -> autoeval.Evaluation:
    folder.mkdir(exist_ok=True)
    outputs, reference = write_outputs(folder, N)
    defaults: dict[str, Any] = {
        "annotators_config": JUDGES[protocol],
        "judge_base_url": server.base_url if protocol == "openai" else server.address,
        "caching_path": folder / "cache.sqlite",
        "output_path": folder / "results",
        "precomputed_leaderboard": None,
        "retry_delay": 0,
        "no_report": True,
        "batch": True,
    }
    result: autoeval.Evaluation = autoeval.evaluate(outputs, reference, **{**defaults, **parameters})
    return result


def pending(folder: Path, server: BatchServer, protocol: str, **parameters: Any) -> BatchPendingError:
    with pytest.raises(BatchPendingError) as raised:
        run(folder, server, protocol, **parameters)
    return raised.value


def test_submit_leave_and_collect_elsewhere(protocol: str, tmp_path: Path) -> None:
    with BatchServer(A_WINS, key="sk-test") as server:
        left = pending(tmp_path, server, protocol)
        assert left.exit_code == 6
        assert "20 requests are in a batch job" in str(left)
        assert " UTC at the latest" in str(left)
        pending(tmp_path, server, protocol)
        assert server.n_batched == N, "what is in a job is not submitted again"
        server.finish()
        elsewhere = tmp_path / "another machine"
        elsewhere.mkdir()
        shutil.copy(tmp_path / "cache.sqlite", elsewhere)
        result = run(elsewhere, server, protocol)
        assert (result.exit_code, result.tally.n_judged) == (0, N)
        assert (server.n_batched, server.n_requests) == (N, 0)
        assert run(elsewhere, server, protocol, batch=False).ask.n_cached == N


def test_waiting_until_everything_is_done(protocol: str, tmp_path: Path) -> None:
    with BatchServer(A_WINS, is_instant=True) as server:
        result = run(tmp_path, server, protocol, wait=True)
    assert (result.exit_code, result.tally.n_judged, result.ask.n_asked) == (0, N, N)


def test_batch_replies_cost_half(protocol: str, tmp_path: Path) -> None:
    costs = []
    for is_batch in (True, False):
        with BatchServer(A_WINS, is_instant=True) as server:
            result = run(tmp_path / str(is_batch), server, protocol, batch=is_batch, wait=is_batch)
        costs.append((result.ask.spent, sum(row["price_per_example"] for row in result.records())))
    assert costs[0][0] == pytest.approx(costs[1][0] / 2)
    assert costs[0] == pytest.approx((costs[0][0], costs[0][0]))


def test_what_failed_or_expired_is_asked_again_and_only_that(protocol: str, tmp_path: Path) -> None:
    with BatchServer(_refusing("thing 3.")) as server:
        pending(tmp_path, server, protocol)
        server.finish(expire=("thing 5.", "thing 7."))
        server.answer = A_WINS
        pending(tmp_path, server, protocol)
        assert len(server.jobs[1].requests) == 3
        server.finish()
        result = run(tmp_path, server, protocol)
    assert (result.exit_code, result.tally.n_judged, len(server.jobs)) == (0, N, 2)


def _refusing(text: str, status: int = 500) -> Any:
    def answer(body: Body) -> Answer:
        return Answer("overloaded", status=status) if text in prompt_text(body) else Answer("a > b")

    return answer


def test_waiting_asks_again_by_itself_and_gives_up_after_a_while(protocol: str, tmp_path: Path) -> None:
    with BatchServer(_refusing("thing 3."), is_instant=True) as server:
        result = run(tmp_path, server, protocol, wait=True)
        assert [len(job.requests) for job in server.jobs] == [N, 1, 1]
    assert result.tally.n_judged == N - 1
    assert result.tally.failures == {"server error": 1}
    assert result.exit_code == 3


def test_an_invalid_request_is_submitted_once(protocol: str, tmp_path: Path) -> None:
    def answer(body: Body) -> Answer:
        is_bad = "thing 3." in prompt_text(body)
        return Answer("no", status=400, code="invalid_request_error") if is_bad else Answer("a > b")

    with BatchServer(answer, is_instant=True) as server:
        result = run(tmp_path, server, protocol, wait=True)
        assert len(server.jobs) == 1
    assert result.tally.failures == {"invalid request": 1}


def test_live_asking_leaves_alone_what_is_in_an_open_job_and_collects_what_is_done(
    protocol: str, tmp_path: Path
) -> None:
    with BatchServer(A_WINS) as server:
        pending(tmp_path, server, protocol, max_instances=12)
        result = run(tmp_path, server, protocol, batch=False)
        assert (server.n_requests, result.tally.n_judged) == (N - 12, N - 12)
        assert result.exit_code == 6
        assert "12 requests wait in batch jobs" in str(result.ask.stop)
        server.finish()
        result = run(tmp_path, server, protocol, batch=False)
        assert (result.exit_code, result.tally.n_judged, server.n_requests) == (0, N, N - 12)


def test_jobs_are_listed_and_cancelled(protocol: str, tmp_path: Path) -> None:
    cache = tmp_path / "cache.sqlite"
    with BatchServer(A_WINS) as server:
        pending(tmp_path, server, protocol)
        assert "20 requests · 0 done" in str(batches(caching_path=cache))
        with pytest.raises(UsageError, match="Did you mean 'job-0'"):
            batches("job-1", cache)
        batches("all", cache)
        assert server.jobs[0].status == "cancelling"
        server.finish(cancel=True)
        assert "done, not yet collected" in str(batches(caching_path=cache))
        result = run(tmp_path, server, protocol, batch=False)
    assert (result.exit_code, server.n_requests) == (0, N)


def test_a_run_that_is_killed_while_it_submits_pays_once(protocol: str, tmp_path: Path) -> None:
    outputs, reference = write_outputs(tmp_path, N)
    with BatchServer(A_WINS) as server:
        address = server.base_url if protocol == "openai" else server.address
        server.on_submit = lambda: process.kill()
        process = start_command(
            *(f"--model_outputs={outputs}", f"--reference_outputs={reference}", "--no_report", "--batch"),
            *(f"--annotators_config={JUDGES[protocol]}", f"--judge_base_url={address}"),
            *(f"--caching_path={tmp_path / 'cache.sqlite'}", f"--output_path={tmp_path / 'results'}"),
            ANTHROPIC_API_KEY="sk-test",
        )
        process.communicate()
        with Cache(tmp_path / "cache.sqlite") as cache:
            assert [job.state for job in Jobs(cache).all()] == [JobState.SUBMITTING]
        server.on_submit = lambda: None
        server.finish()
        result = run(tmp_path, server, protocol)
        assert server.n_batched == N
    assert (result.exit_code, result.tally.n_judged) == (0, N)


def test_a_refused_key_ends_the_run_and_leaves_nothing_pending(protocol: str, tmp_path: Path) -> None:
    with BatchServer(A_WINS, key="another") as server:
        with pytest.raises(AutoevalError, match="could not be submitted") as raised:
            run(tmp_path, server, protocol)
        assert raised.value.exit_code == 5
        assert "sk-test" not in str(raised.value)
        server.key = "sk-test"
        pending(tmp_path, server, protocol)
        assert server.n_batched == N


def test_a_budget_limits_what_is_submitted(protocol: str, tmp_path: Path) -> None:
    with BatchServer(A_WINS, is_instant=True) as server:
        result = run(tmp_path, server, protocol, wait=True, judge_price=(0.0, 1_000.0), max_cost=0.2)
        assert 0 < server.n_batched < N
    assert result.exit_code == 4
    assert 0 < result.ask.spent <= 0.2


def test_large_plans_are_submitted_in_chunks(
    protocol: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from autoeval.completions.batch.anthropic import AnthropicBatches
    from autoeval.completions.batch.openai import OpenAIBatches

    for api in (AnthropicBatches, OpenAIBatches):
        monkeypatch.setattr(api, "most_requests", 8)
    with BatchServer(A_WINS, is_instant=True) as server:
        run(tmp_path, server, protocol, wait=True)
        assert [len(job.requests) for job in server.jobs] == [8, 8, 4]
    for api in (AnthropicBatches, OpenAIBatches):
        monkeypatch.setattr(api, "most_bytes", 5_000)
    with BatchServer(A_WINS, is_instant=True) as server:
        run(tmp_path / "bytes", server, protocol, wait=True)
        assert max(len(job.requests) for job in server.jobs) < 8


def test_the_command_line_ends_with_six(protocol: str, tmp_path: Path) -> None:
    outputs, reference = write_outputs(tmp_path, N)
    with BatchServer(A_WINS) as server:
        address = server.base_url if protocol == "openai" else server.address
        process = start_command(
            *(f"--model_outputs={outputs}", f"--reference_outputs={reference}", "--no_report", "--batch"),
            *(f"--annotators_config={JUDGES[protocol]}", f"--judge_base_url={address}"),
            *(f"--caching_path={tmp_path / 'cache.sqlite'}", f"--output_path={tmp_path / 'results'}"),
            ANTHROPIC_API_KEY="sk-test",
        )
        _, errors = process.communicate()
    assert process.returncode == 6, errors
    assert "Run the same command again" in errors
    assert not list((tmp_path / "results").rglob("*.*"))


def test_waiting_without_a_batch_and_a_judge_without_one_are_usage_errors(
    protocol: str, tmp_path: Path
) -> None:
    with BatchServer(A_WINS) as server, pytest.raises(UsageError, match="--wait is for batch jobs"):
        run(tmp_path, server, protocol, batch=False, wait=True)
