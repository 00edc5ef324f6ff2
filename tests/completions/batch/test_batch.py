"""Asking in batches, in both protocols, through whole runs: submit, leave, come back, collect."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

import autoeval
from autoeval.completions.batch.asking import BatchPendingError
from autoeval.errors import UsageError
from autoeval.journeys.batches import batches
from autoeval.journeys.make_leaderboard import make_leaderboard
from autoeval.runs.estimate import DryRun
from tests.completions.batch.runs import A_WINS, N, pending, refusing, run, start
from tests.journeys.small import JUDGES, address, write_outputs
from tests.processes import start_command
from tests.servers import Answer, prompt_text
from tests.servers.answers import Body
from tests.servers.batch_server import BatchServer
from tests.servers.smollm2 import smollm2

pytestmark = pytest.mark.parametrize("protocol", ["openai", "anthropic"])


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
    with BatchServer(refusing("thing 3.")) as server:
        pending(tmp_path, server, protocol)
        server.finish(expire=("thing 5.", "thing 7."))
        server.answer = A_WINS
        pending(tmp_path, server, protocol)
        assert len(server.jobs[1].requests) == 3
        server.finish()
        result = run(tmp_path, server, protocol)
    assert (result.exit_code, result.tally.n_judged, len(server.jobs)) == (0, N, 2)


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
        assert "20 requests · 0 done" in str(batches(cache))
        with pytest.raises(UsageError, match="Did you mean 'job-0'"):
            batches(cache, cancel="job-1")
        batches(cache, cancel="all")
        assert server.jobs[0].status == "cancelling"
        server.finish(cancel=True)
        assert "done, not yet collected" in str(batches(cache))
        result = run(tmp_path, server, protocol, batch=False)
    assert (result.exit_code, server.n_requests) == (0, N)


def test_a_budget_limits_what_is_submitted(protocol: str, tmp_path: Path) -> None:
    with BatchServer(A_WINS, is_instant=True) as server:
        result = run(tmp_path, server, protocol, wait=True, judge_price=(0.0, 1_000.0), max_cost=0.05)
        assert 0 < server.n_batched < N
    assert result.exit_code == 4
    assert 0 < result.ask.spent <= 0.05


def test_what_replies_cost_less_than_they_could_is_spent_on_more(protocol: str, tmp_path: Path) -> None:
    with BatchServer(A_WINS, is_instant=True) as server:
        result = run(tmp_path, server, protocol, wait=True, judge_price=(0.0, 1_000.0), max_cost=0.2)
        assert len(server.jobs) > 1
    assert result.exit_code == 0
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
    with BatchServer(A_WINS) as server:
        done = start(tmp_path, server, protocol).finish()
    assert done.returncode == 6, done.stderr
    assert "Run the same command again" in done.stderr
    assert not list((tmp_path / "results").rglob("*.*"))


def test_the_command_line_lists_jobs_a_line_each(protocol: str, tmp_path: Path) -> None:
    with BatchServer(A_WINS) as server:
        pending(tmp_path, server, protocol)
        flag = f"--caching_path={tmp_path / 'cache.sqlite'}"
        done = start_command("batches", flag, ANTHROPIC_API_KEY="sk-test").finish()
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    assert re.fullmatch(rf"job-0 · \d{{4}}-.* UTC · {protocol} .* · 20 requests · 0 done", line)


def test_waiting_without_a_batch_is_a_usage_error(protocol: str, tmp_path: Path) -> None:
    with BatchServer(A_WINS) as server, pytest.raises(UsageError, match="--wait is for batch jobs"):
        run(tmp_path, server, protocol, batch=False, wait=True)


def test_a_cache_that_would_be_deleted_with_its_jobs_is_refused(protocol: str, tmp_path: Path) -> None:
    with BatchServer(A_WINS, is_instant=True) as server:
        with pytest.raises(UsageError, match="would lose the jobs"):
            run(tmp_path, server, protocol, caching_path=None)
        assert server.n_batched == 0
        assert run(tmp_path, server, protocol, caching_path=None, wait=True).exit_code == 0


def test_a_dry_run_says_the_price_of_a_batch_and_submits_nothing(protocol: str, tmp_path: Path) -> None:
    with BatchServer(A_WINS) as server:
        batch, live = (
            run(tmp_path, server, protocol, dry_run=True, batch=is_batch) for is_batch in (True, False)
        )
        assert isinstance(batch, DryRun)
        assert isinstance(live, DryRun)
        assert batch.cost is not None
        assert live.cost == pytest.approx(2 * batch.cost)
        assert server.n_batched == 0


def test_a_job_of_another_run_is_neither_waited_for_nor_paid(protocol: str, tmp_path: Path) -> None:
    """The judge's parameters were changed: its old job is still collected, but nothing depends on it."""
    with BatchServer(A_WINS) as server:
        pending(tmp_path, server, protocol)
        pending(tmp_path, server, protocol, judge_model="another-model", judge_price=(1.0, 1.0))
        server.finish(server.jobs[1])
        result = run(tmp_path, server, protocol, judge_model="another-model", judge_price=(1.0, 1.0))
        assert (result.exit_code, result.ask.n_asked) == (0, N)
        server.finish()
        third = run(
            tmp_path,
            server,
            protocol,
            judge_model="a-third",
            judge_price=(1.0, 1.0),
            max_instances=2,
            batch=False,
        )
        assert (third.ask.n_requests, third.ask.n_asked) == (2, 2)
        assert run(tmp_path, server, protocol).ask.n_cached == N
        assert server.n_batched == 2 * N


def test_a_budget_holds_over_jobs_that_are_open(protocol: str, tmp_path: Path) -> None:
    parameters: dict[str, Any] = {"judge_price": (0.0, 1_000.0), "max_cost": 0.2}
    with BatchServer(A_WINS) as server:
        pending(tmp_path, server, protocol, **parameters)
        n_batched = server.n_batched
        assert 0 < n_batched < N
        pending(tmp_path, server, protocol, **parameters)
        assert server.n_batched == n_batched, "the same command again adds nothing to what may be spent"


def test_who_waits_takes_a_cancelled_job_for_an_answer(protocol: str, tmp_path: Path) -> None:
    with BatchServer(A_WINS) as server:
        looks = iter(range(100))
        server.on_look = lambda: server.finish(cancel=True) if next(looks) == 1 else None
        result = run(tmp_path, server, protocol, wait=True)
        assert (result.exit_code, server.n_batched) == (3, N)
        server.on_look = lambda: None
        server.is_instant = True
        assert run(tmp_path, server, protocol, wait=True).exit_code == 0


def test_a_leaderboard_in_batches(protocol: str, tmp_path: Path) -> None:
    outputs, reference = write_outputs(tmp_path, N)
    parameters: dict[str, Any] = {
        "all_model_outputs": outputs,
        "reference_outputs": reference,
        "leaderboard_path": tmp_path / "board.csv",
        "annotators_config": JUDGES[protocol],
        "caching_path": tmp_path / "cache.sqlite",
        "batch": True,
    }
    with BatchServer(A_WINS) as server:
        parameters["judge_base_url"] = address(server, protocol)
        with pytest.raises(BatchPendingError):
            make_leaderboard(**parameters)
        assert not (tmp_path / "board.csv").exists()
        server.finish()
        make_leaderboard(**parameters)
    assert "model" in (tmp_path / "board.csv").read_text()


def test_a_judge_is_analysed_and_audited_in_batches(protocol: str, tmp_path: Path) -> None:
    outputs, reference = write_outputs(tmp_path, N)
    votes = [
        {
            "instruction": f"Do thing {i}.",
            "output_1": "one",
            "output_2": "two",
            "preference": 1.0 + (i + vote) % 2,
        }
        for i in range(N)
        for vote in range(2)
    ]
    with BatchServer(A_WINS, is_instant=True) as server:
        parameters: dict[str, Any] = {
            "judge_base_url": address(server, protocol),
            "caching_path": tmp_path / "cache.sqlite",
            "output_path": None,
            "batch": True,
            "go_on": True,
        }
        with pytest.raises(BatchPendingError):
            autoeval.analyze_evaluators(JUDGES[protocol], votes, precomputed_leaderboard=None, **parameters)
        result = autoeval.analyze_evaluators(
            JUDGES[protocol], votes, precomputed_leaderboard=None, **parameters
        )
        assert result.exit_code == 0
        audited: dict[str, Any] = {**parameters, "annotators_config": JUDGES[protocol]}
        with pytest.raises(BatchPendingError):
            autoeval.audit(outputs, reference, checks="swap", **audited)
        autoeval.audit(outputs, reference, checks="swap", **audited)
        n_batched = server.n_batched
        assert server.n_requests == 0
        autoeval.audit(outputs, reference, checks="swap,anchor", **audited)
        assert server.n_requests > 0, "anchors are asked anew, into no cache that could keep a job"
        assert server.n_batched == n_batched


def test_generating_and_judging_in_batches(protocol: str, tmp_path: Path) -> None:
    """Both models' outputs are asked for at once, then the judgments: three calls of one command."""
    _, instructions = write_outputs(tmp_path, N)
    models = {"openai": "gpt-4.1", "anthropic": "claude-sonnet-4-6"}
    with BatchServer(_by_judge(A_WINS)) as server:
        config = {
            "provider": protocol,
            "model": models[protocol],
            "base_url": address(server, protocol),
            "messages": [{"role": "user", "content": "{{ instruction }}"}],
            "parameters": {"max_tokens": 100},
        }
        parameters: dict[str, Any] = {
            "model_configs": {"a model": config},
            "evaluation_dataset": instructions,
            "annotators_config": JUDGES[protocol],
            "judge_base_url": address(server, protocol),
            "caching_path": tmp_path / "cache.sqlite",
            "output_path": tmp_path / "results",
            "no_report": True,
            "batch": True,
            "go_on": True,
        }
        with pytest.raises(BatchPendingError):
            autoeval.evaluate_from_model(**parameters)
        server.finish()
        with pytest.raises(BatchPendingError):
            autoeval.evaluate_from_model(**parameters)
        server.finish()
        result = autoeval.evaluate_from_model(**parameters)
    assert (result.exit_code, result.tally.n_judged, server.n_requests) == (0, N, 0)
    assert server.n_batched == 2 * N


def _by_judge(judge: Any) -> Any:
    def answer(body: Body) -> Answer:
        text = prompt_text(body)
        judged: Answer = judge(body)
        return judged if "reference answer" in text else Answer(f"an output for {text}")

    return answer


def test_a_jury_of_two_providers(protocol: str, tmp_path: Path) -> None:
    with BatchServer(A_WINS, is_instant=True) as server:
        result = run(tmp_path, server, protocol, wait=True, **_jury(tmp_path, server, "openai", "anthropic"))
        assert result.exit_code == 0
        assert [len(job.requests) for job in server.jobs] == [N, N]
        assert {"messages/batches" in job.url for job in server.jobs} == {True, False}


def test_a_judge_without_a_batch_api_is_refused_before_anything_is_submitted(
    protocol: str, tmp_path: Path
) -> None:
    with BatchServer(A_WINS) as server:
        with pytest.raises(UsageError, match="'mistral' has no batch API"):
            run(tmp_path, server, protocol, **_jury(tmp_path, server, protocol, "mistral"))
        assert server.n_batched == 0


def test_a_local_judge_is_not_asked_in_batches(protocol: str, tmp_path: Path) -> None:
    smollm2()
    with BatchServer(A_WINS) as server, pytest.raises(UsageError, match="'gguf' runs on this machine"):
        run(tmp_path, server, protocol, annotators_config="smollm2_logprob", judge_base_url=None)


def _jury(folder: Path, server: BatchServer, *providers: str) -> dict[str, Any]:
    judges = {
        provider: {
            "provider": provider,
            "model": "a-model",
            "base_url": address(server, provider),
            "parameters": {"max_tokens": 10},
            "price": {"input": 1, "output": 1},
            "messages": [{"role": "user", "content": "a: {{ first }} b: {{ second }}"}],
            "parser": {"kind": "ranking", "first": "a", "second": "b"},
        }
        for provider in providers
    }
    config = folder / "jury.yaml"
    config.write_text(json.dumps({"combine": "jury", "annotators": judges}))
    return {"annotators_config": config, "judge_base_url": None}


def test_eight_are_asked_live_before_a_job_is_submitted(protocol: str, tmp_path: Path) -> None:
    with BatchServer(lambda _: Answer("Both are fine."), key="sk-test") as server:
        stopped = run(tmp_path, server, protocol, go_on=False)
        assert (server.n_requests, server.n_batched) == (8, 0)
    assert "none of the first 8" in str(stopped.ask.stop)
    assert stopped.exit_code == 3
    with BatchServer(A_WINS, key="sk-test") as server:
        left = pending(tmp_path / "anew", server, protocol, go_on=False)
        assert (server.n_requests, server.n_batched) == (8, N - 8)
    assert f"{N - 8} requests are in a batch job" in str(left)
