"""What goes wrong with batch jobs, in both protocols: no job is lost, and nothing is asked twice."""

import json
import signal
import threading
from pathlib import Path

import pytest

import autoeval
from autoeval.completions.batch import streams
from autoeval.completions.batch.apis import BatchError
from autoeval.completions.batch.jobs import Jobs, JobState
from autoeval.completions.cache import Cache
from autoeval.errors import AutoevalError
from autoeval.journeys.batches import batches
from tests.completions.batch.runs import A_WINS, N, pending, refusing, run, start
from tests.servers import Answer, prompt_text
from tests.servers.answers import Body
from tests.servers.batch_server import BatchServer

pytestmark = pytest.mark.parametrize("protocol", ["openai", "anthropic"])


def test_a_run_that_is_killed_while_it_submits_pays_once(protocol: str, tmp_path: Path) -> None:
    with BatchServer(A_WINS) as server:
        server.on_submit = lambda: process.kill()
        process = start(tmp_path, server, protocol)
        process.finish()
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


def test_ctrl_c_while_waiting_leaves_the_jobs(protocol: str, tmp_path: Path) -> None:
    with BatchServer(A_WINS) as server:
        is_waiting = threading.Event()
        server.on_look = is_waiting.set
        pending(tmp_path, server, protocol)
        process = start(tmp_path, server, protocol, "--wait")
        assert is_waiting.wait(60)
        process.send_signal(signal.SIGINT)
        assert process.finish().returncode == 130
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


def test_no_redirect_is_followed(protocol: str, tmp_path: Path) -> None:
    with BatchServer(A_WINS) as server:
        server.trouble = 307
        with pytest.raises(BatchError, match=r"redirects to http://elsewhere\.invalid/batches") as raised:
            run(tmp_path, server, protocol)
        assert raised.value.exit_code == 5
        server.trouble = None
        pending(tmp_path, server, protocol)
        server.finish()
        looks = iter(range(10))
        server.on_look = lambda: setattr(server, "trouble", 307 if next(looks) == 1 else None)
        with pytest.raises(BatchError, match="redirects to"):
            run(tmp_path, server, protocol)
        server.trouble, server.on_look = None, lambda: None
        assert (run(tmp_path, server, protocol).exit_code, server.n_batched) == (0, N)


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


def test_of_a_cache_cut_short_the_jobs_are_kept(protocol: str, tmp_path: Path) -> None:
    with BatchServer(A_WINS) as server:
        pending(tmp_path, server, protocol)
        with (tmp_path / "cache.sqlite").open("rb+") as file:
            file.truncate((tmp_path / "cache.sqlite").stat().st_size - 1)
        server.finish()
        assert (run(tmp_path, server, protocol).exit_code, server.n_batched) == (0, N)
        assert (tmp_path / "cache.sqlite.damaged-1").exists()


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
        assert "given up" in str(batches(cache, forget="job-0"))
        pending(tmp_path, server, protocol)
        assert (server.n_batched, len(lost.requests)) == (N, N)
        if protocol == "anthropic":
            server.finish()
            server.is_archived = True
            pending(tmp_path, server, protocol)
            assert server.n_batched == 2 * N


def test_a_refusal_of_one_request_for_the_account_ends_the_run(protocol: str, tmp_path: Path) -> None:
    def answer(_: Body) -> Answer:
        return Answer("no credit", status=402, code="billing_error")

    with BatchServer(answer, is_instant=True) as server:
        result = run(tmp_path, server, protocol, wait=True)
        assert (result.exit_code, len(server.jobs)) == (5, 1)
        assert "no credit" in str(result.ask.stop)


def test_what_a_run_gives_up_the_next_one_asks_again(protocol: str, tmp_path: Path) -> None:
    with BatchServer(refusing("thing 3."), is_instant=True) as server:
        assert run(tmp_path, server, protocol, wait=True).exit_code == 3
        server.answer = A_WINS
        assert run(tmp_path, server, protocol, wait=True).exit_code == 0
        assert [len(job.requests) for job in server.jobs] == [N, 1, 1, 1]


def test_an_invalid_request_is_submitted_once(protocol: str, tmp_path: Path) -> None:
    def answer(body: Body) -> Answer:
        is_bad = "thing 3." in prompt_text(body)
        return Answer("no", status=400, code="invalid_request_error") if is_bad else Answer("a > b")

    with BatchServer(answer, is_instant=True) as server:
        result = run(tmp_path, server, protocol, wait=True)
        assert len(server.jobs) == 1
    assert result.tally.failures == {"invalid request": 1}


def test_waiting_asks_again_by_itself_and_gives_up_after_a_while(protocol: str, tmp_path: Path) -> None:
    with BatchServer(refusing("thing 3."), is_instant=True) as server:
        result = run(tmp_path, server, protocol, wait=True)
        assert [len(job.requests) for job in server.jobs] == [N, 1, 1]
    assert result.tally.n_judged == N - 1
    assert result.tally.failures == {"server error": 1}
    assert result.exit_code == 3
