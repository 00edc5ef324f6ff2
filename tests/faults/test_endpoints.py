"""Endpoints that cannot be reached, die for a while, or change their mind about a key."""

import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.counting import N_PAIRS, PaidJudge, n_stored, run
from tests.servers import Answer, JudgeServer
from tests.servers.answers import Answerer, Body


def test_a_server_that_dies_for_a_while_is_waited_for(tmp_path: Path) -> None:
    judge = PaidJudge()
    first = JudgeServer(judge)
    died, back = threading.Event(), threading.Event()

    def die_and_come_back() -> None:
        died.wait()
        first.__exit__()
        with JudgeServer(judge, port=first.port):
            back.wait()

    first.__enter__()
    first.answer = _after(judge, 20, died.set)
    keeper = threading.Thread(target=die_and_come_back)
    keeper.start()
    try:
        result = run(tmp_path, first, retry_delay=0.02, max_concurrency=8)
    finally:
        back.set()
        keeper.join()
    assert (result.exit_code, result.tally.n_judged) == (0, N_PAIRS)
    assert judge.n_paid_twice <= 8  # replies that died with the server, at most those in flight
    assert n_stored(tmp_path / "cache.sqlite") == N_PAIRS


def _after(judge: PaidJudge, n: int, then: Callable[[], None]) -> Answerer:
    def answer(body: Body) -> Answer:
        found = judge(body)
        if judge.paid.total() == n:
            then()
        return found

    return answer


def _free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
        return port


@pytest.mark.parametrize(
    ("address", "says"),
    [
        (lambda _: f"http://127.0.0.1:{_free_port()}/v1", "nothing answers at the address"),
        (lambda _: "http://judge.invalid/v1", "cannot be resolved"),
        (lambda server: server.base_url.replace("http:", "https:"), "no secure connection"),
    ],
    ids=["refused", "DNS", "TLS"],
)
def test_an_endpoint_that_cannot_be_reached_ends_the_run_and_says_why(
    address: object, says: str, tmp_path: Path
) -> None:
    with JudgeServer() as server:
        result = run(tmp_path, server, judge_base_url=address(server))  # type: ignore[operator]
    assert result.exit_code == 3
    assert result.ask.stop is not None
    assert says in result.ask.stop.message
    assert result.tally.failures.total() == N_PAIRS
    assert result.tally.failures["connection"] >= 1


def test_a_key_that_is_revoked_in_the_middle_ends_the_run_and_keeps_what_was_judged(tmp_path: Path) -> None:
    judge = PaidJudge()
    server = JudgeServer(judge, key="sk-test")

    def revoke() -> None:
        server.key = "another"

    with server:
        server.answer = _after(judge, 20, revoke)
        result = run(tmp_path, server, max_concurrency=4)
        assert result.exit_code == 5
        assert 20 <= result.tally.n_judged < N_PAIRS
        assert result.tally.n_judged + result.tally.failures.total() == N_PAIRS
        assert "Incorrect API key" in str(result.ask.stop)
        server.key = "sk-test"
        server.answer = judge
        again = run(tmp_path, server)
    assert (again.exit_code, again.tally.n_judged, judge.n_paid_twice) == (0, N_PAIRS, 0)
