"""Asking in batches, in both protocols, through whole runs: submit, leave, come back, collect."""

import json
import shutil
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

import autoeval
from autoeval.completions.batch import asking, jobs, streams
from autoeval.completions.batch.apis import BatchError
from autoeval.completions.batch.asking import BatchPendingError
from autoeval.completions.batch.jobs import Jobs, JobState
from autoeval.completions.cache import Cache
from autoeval.errors import AutoevalError, UsageError
from autoeval.pipeline.batches import batches
from autoeval.pipeline.estimate import DryRun
from autoeval.pipeline.make_leaderboard import make_leaderboard
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
            batches("job-1", caching_path=cache)
        batches("all", caching_path=cache)
        assert server.jobs[0].status == "cancelling"
        server.finish(cancel=True)
        assert "done, not yet collected" in str(batches(caching_path=cache))
        result = run(tmp_path, server, protocol, batch=False)
    assert (result.exit_code, server.n_requests) == (0, N)


def test_a_run_that_is_killed_while_it_submits_pays_once(protocol: str, tmp_path: Path) -> None:
    with BatchServer(A_WINS) as server:
        server.on_submit = lambda: process.kill()
        process = start(tmp_path, server, protocol)
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
        process = start(tmp_path, server, protocol)
        _, errors = process.communicate()
    assert process.returncode == 6, errors
    assert "Run the same command again" in errors
    assert not list((tmp_path / "results").rglob("*.*"))


def start(folder: Path, server: BatchServer, protocol: str, *flags: str, n: int = N) -> subprocess.Popen[str]:
    outputs, reference = write_outputs(folder, n)
    return start_command(
        *(f"--model_outputs={outputs}", f"--reference_outputs={reference}", "--no_report", "--batch"),
        *(f"--annotators_config={JUDGES[protocol]}", f"--judge_base_url={address(server, protocol)}"),
        *(f"--caching_path={folder / 'cache.sqlite'}", f"--output_path={folder / 'results'}", *flags),
        ANTHROPIC_API_KEY="sk-test",
    )


def address(server: BatchServer, protocol: str) -> str:
    return server.address if protocol == "anthropic" else server.base_url


def test_waiting_without_a_batch_is_a_usage_error(protocol: str, tmp_path: Path) -> None:
    with BatchServer(A_WINS) as server, pytest.raises(UsageError, match="--wait is for batch jobs"):
        run(tmp_path, server, protocol, batch=False, wait=True)


def test_ctrl_c_while_waiting_leaves_the_jobs(protocol: str, tmp_path: Path) -> None:
    with BatchServer(A_WINS) as server:
        is_waiting = threading.Event()
        server.on_look = is_waiting.set
        pending(tmp_path, server, protocol)
        process = start(tmp_path, server, protocol, "--wait")
        assert is_waiting.wait(60)
        process.send_signal(signal.SIGINT)
        process.communicate()
        assert process.returncode == 130
        server.finish()
        assert (run(tmp_path, server, protocol).exit_code, server.n_batched) == (0, N)


def test_trouble_is_waited_out_or_said(protocol: str, tmp_path: Path) -> None:
    """A 429 or 5xx loses no job: who waits waits on, who does not is told and comes back."""
    with BatchServer(A_WINS) as server:
        server.trouble = 503
        with pytest.raises(BatchError, match="could not be submitted: not now") as raised:
            run(tmp_path, server, protocol)
        assert raised.value.exit_code == 3
        server.trouble = None
        pending(tmp_path, server, protocol)
        server.trouble = 429
        with pytest.raises(BatchError, match="could not be looked up") as raised:
            run(tmp_path, server, protocol)
        assert raised.value.exit_code == 3
        with Cache(tmp_path / "cache.sqlite") as cache:
            assert [job.state for job in Jobs(cache).all(JobState.OPEN)] == [JobState.OPEN]
        recover_soon(server)
        result = run(tmp_path, server, protocol, wait=True)
        assert (result.exit_code, server.n_batched) == (0, N)


def test_who_waits_submits_again_what_was_not_taken(protocol: str, tmp_path: Path) -> None:
    with BatchServer(A_WINS, is_instant=True, trouble=503) as server:
        recover_soon(server)
        result = run(tmp_path, server, protocol, wait=True)
        assert (result.exit_code, server.n_batched) == (0, N)


def recover_soon(server: BatchServer) -> None:
    def recover() -> None:
        server.trouble = None
        server.finish()

    threading.Timer(0.3, recover).start()


def test_broken_foreign_and_repeated_results_lose_no_others(protocol: str, tmp_path: Path) -> None:
    def mangled(lines: list[str]) -> list[str]:
        server.lines_sent = lambda lines: lines
        broken, renamed, odd, *whole = lines
        foreign = json.dumps({**json.loads(renamed), "custom_id": "somebody else's"})
        nameless = json.dumps({"result": {}, "response": {}})
        gutted = json.dumps({"custom_id": json.loads(odd)["custom_id"], "result": {}, "response": {}})
        return [broken[: len(broken) // 2], foreign, nameless, "[1]", "null", gutted, *whole, *whole]

    with BatchServer(A_WINS, is_instant=True, lines_sent=mangled) as server:
        result = run(tmp_path, server, protocol, wait=True)
        assert [len(job.requests) for job in server.jobs] == [N, 3]
    assert (result.exit_code, result.tally.n_judged, result.ask.n_asked) == (0, N, N)


def test_a_file_of_results_that_breaks_off_is_read_again(protocol: str, tmp_path: Path) -> None:
    with BatchServer(A_WINS) as server:
        pending(tmp_path, server, protocol)
        server.finish()
        server.cuts_files = True
        with pytest.raises(BatchError, match="replies could not be read"):
            run(tmp_path, server, protocol)
        server.cuts_files = False
        assert (run(tmp_path, server, protocol).exit_code, server.n_batched) == (0, N)


def test_an_endless_line_of_results_is_dropped(
    protocol: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "MOST_BYTES", 200_000)
    with BatchServer(
        A_WINS, is_instant=True, lines_sent=lambda lines: ["x" * 1_000_000, *lines] if lines else []
    ) as server:
        assert run(tmp_path, server, protocol, wait=True).exit_code == 0
        assert server.n_batched == N
    monkeypatch.setattr(streams, "MOST_FILE_BYTES", 500_000)
    with BatchServer(A_WINS, is_instant=True, lines_sent=lambda lines: ["x" * 1_000_000, *lines]) as server:
        pending(tmp_path / "file", server, protocol)
        with pytest.raises(BatchError, match="the file is larger than"):
            run(tmp_path / "file", server, protocol)


def test_a_run_that_is_killed_while_it_collects_loses_nothing(protocol: str, tmp_path: Path) -> None:
    if protocol == "anthropic":
        pytest.skip("its results are one file; there is no moment between two to kill at")
    n = 520
    with BatchServer(_refusing("thing 3.")) as server:
        start(tmp_path, server, protocol, n=n).communicate()
        server.finish()
        server.answer = A_WINS
        server.on_errors = lambda: process.kill()  # by then the first replies are stored, the others are not
        process = start(tmp_path, server, protocol, n=n)
        process.communicate()
        with Cache(tmp_path / "cache.sqlite") as cache:
            assert cache.query("SELECT count(*) FROM replies") == [(500,)]
        server.on_errors = lambda: None
        server.is_instant = True
        process = start(tmp_path, server, protocol, n=n)
        process.communicate()
        process = start(tmp_path, server, protocol, n=n)
        process.communicate()
        assert process.returncode == 0
        assert [len(job.requests) for job in server.jobs] == [n, 1]


def test_two_runs_at_once_put_no_request_into_two_jobs(protocol: str, tmp_path: Path) -> None:
    both = threading.Barrier(2)
    with BatchServer(A_WINS, is_instant=True) as server:
        folders = [tmp_path / "one", tmp_path / "two"]
        results: list[autoeval.Evaluation] = []

        def at_once(folder: Path) -> None:
            both.wait()
            results.append(run(folder, server, protocol, wait=True, caching_path=tmp_path / "shared.sqlite"))

        threads = [threading.Thread(target=at_once, args=(folder,)) for folder in folders]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [result.exit_code for result in results] == [0, 0]
        assert server.n_batched == N


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


def test_results_that_are_gone_are_asked_for_again_and_a_lost_job_can_be_forgotten(
    protocol: str, tmp_path: Path
) -> None:
    cache = tmp_path / "cache.sqlite"
    with BatchServer(A_WINS) as server:
        pending(tmp_path, server, protocol)
        server.finish()
        lost = server.jobs.pop()
        with pytest.raises(AutoevalError, match="batches --forget job-0") as raised:
            run(tmp_path, server, protocol)
        assert raised.value.exit_code == 5
        assert "given up" in str(batches(forget="job-0", caching_path=cache))
        pending(tmp_path, server, protocol)
        assert (server.n_batched, len(lost.requests)) == (N, N)
        if protocol == "anthropic":
            server.finish()
            server.is_archived = True
            pending(tmp_path, server, protocol)
            assert server.n_batched == 2 * N


def test_a_job_with_too_many_tokens_is_submitted_in_parts(
    protocol: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if protocol == "anthropic":
        pytest.skip("it refuses such a job when it is submitted")
    for module in (jobs, asking):
        monkeypatch.setattr(module, "LEAST_REQUESTS", 4)
    with BatchServer(A_WINS, most_enqueued=12) as server:
        pending(tmp_path, server, protocol)
        left = pending(tmp_path, server, protocol)
        assert "10 requests are in a batch job" in str(left)
        assert "The other requests are submitted when there is room" in str(left)
        server.finish()
        server.is_instant = True
        assert run(tmp_path, server, protocol, wait=True).exit_code == 0
        assert [len(job.requests) for job in server.jobs] == [20, 10, 10]


def test_a_job_that_can_be_no_smaller_is_said_and_kept_for_later(protocol: str, tmp_path: Path) -> None:
    if protocol == "anthropic":
        pytest.skip("it refuses such a job when it is submitted")
    with BatchServer(A_WINS, most_enqueued=5) as server:
        pending(tmp_path, server, protocol)
        with pytest.raises(BatchError, match="Enqueued token limit reached") as raised:
            run(tmp_path, server, protocol)
        assert raised.value.exit_code == 3
        server.most_enqueued = None
        pending(tmp_path, server, protocol)
        server.finish()
        assert run(tmp_path, server, protocol).exit_code == 0


def test_a_job_that_fails_validation_ends_the_run(protocol: str, tmp_path: Path) -> None:
    if protocol == "anthropic":
        pytest.skip("it has no such state")
    with BatchServer(A_WINS, fails_validation="line 1 is no JSON") as server:
        pending(tmp_path, server, protocol)
        with pytest.raises(AutoevalError, match="was refused: line 1 is no JSON") as raised:
            run(tmp_path, server, protocol)
    assert raised.value.exit_code == 5


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


def test_what_a_run_gives_up_the_next_one_asks_again(protocol: str, tmp_path: Path) -> None:
    with BatchServer(_refusing("thing 3."), is_instant=True) as server:
        assert run(tmp_path, server, protocol, wait=True).exit_code == 3
        server.answer = A_WINS
        assert run(tmp_path, server, protocol, wait=True).exit_code == 0
        assert [len(job.requests) for job in server.jobs] == [N, 1, 1, 1]


def test_a_refusal_of_one_request_for_the_account_ends_the_run(protocol: str, tmp_path: Path) -> None:
    def answer(_: Body) -> Answer:
        return Answer("no credit", status=402, code="billing_error")

    with BatchServer(answer, is_instant=True) as server:
        result = run(tmp_path, server, protocol, wait=True)
        assert (result.exit_code, len(server.jobs)) == (5, 1)
        assert "no credit" in str(result.ask.stop)


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
        with pytest.raises(UsageError, match="'gguf' runs on this machine"):
            run(tmp_path, server, protocol, annotators_config="smollm2_logprob", judge_base_url=None)
        assert server.n_batched == 0


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
