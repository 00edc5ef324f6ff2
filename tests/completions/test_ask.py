"""Asking over real HTTP: everything is asked once, failures are retried or counted, and a lost cause ends."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from autoeval.completions.cache import Cache
from autoeval.completions.keys import request_key
from autoeval.completions.ledger import StopReason
from autoeval.types import Completion, FailureKind
from tests.completions.requests import ask_all, request
from tests.servers import Answer, JudgeServer, always, in_turn, prompt_text, rate_limited
from tests.servers.answers import Body

ERROR = Answer(status=500)
INVALID = Answer(status=400)


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    with Cache(tmp_path / "c.sqlite") as opened:
        yield opened


def test_each_request_is_asked_once_and_its_reply_kept(cache: Cache) -> None:
    with JudgeServer(lambda body: Answer(text=prompt_text(body).upper())) as server:
        requests = [request(f"question {number % 50}", server) for number in range(200)]
        report = ask_all(requests, cache)
        assert server.n_requests == report.n_asked == 50
        again = ask_all(requests, cache)
        assert server.n_requests == 50
    assert (again.n_asked, again.n_cached) == (0, 50)
    entries = cache.get_many([request_key(one) for one in requests])
    assert {entry.text for entry in entries.values() if isinstance(entry, Completion)} == {
        f"QUESTION {number}" for number in range(50)
    }


def test_what_failed_is_asked_again_and_only_that(cache: Cache) -> None:
    def answer(body: Body) -> Answer:
        return INVALID if "bad" in prompt_text(body) and is_strict else Answer(text="a")

    is_strict = True
    with JudgeServer(answer) as server:
        requests = [request(text, server) for text in ("good 1", "bad 1", "good 2", "bad 2")]
        report = ask_all(requests, cache)
        assert {failure.kind for failure in report.failures.values()} == {FailureKind.INVALID_REQUEST}
        assert server.n_requests == 4  # a 4xx that cannot succeed is not repeated
        is_strict = False
        report = ask_all(requests, cache)
        assert server.n_requests == 6
    assert (report.n_cached, report.n_asked, dict(report.failures)) == (2, 2, {})


@pytest.mark.parametrize("hiccup", [ERROR, rate_limited(0.001), Answer(status=529), Answer(status=408)])
def test_hiccups_are_retried(hiccup: Answer, cache: Cache) -> None:
    with JudgeServer(in_turn(hiccup, hiccup, Answer(text="a"))) as server:
        report = ask_all([request("q", server)], cache)
        assert server.n_requests == 3
    assert (report.n_asked, report.stop) == (1, None)


def test_a_server_that_only_fails_ends_the_run_with_the_rest_not_asked(cache: Cache) -> None:
    with JudgeServer(always(status=500)) as server:
        requests = [request(str(number), server) for number in range(100)]
        report = ask_all(requests, cache)
        assert server.n_requests < 100
    assert report.stop is not None
    assert report.stop.reason is StopReason.UNREACHABLE
    assert len(report.failures) == 100


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_ends_the_run_after_one_call(status: int, cache: Cache) -> None:
    with JudgeServer(always(status=status)) as server:
        report = ask_all([request(str(number), server) for number in range(100)], cache)
        assert server.n_requests == 1
    assert report.stop is not None
    assert report.stop.reason is StopReason.REFUSED
    assert "sk-secret" not in report.stop.message


def test_no_more_than_the_limit_is_in_flight(cache: Cache) -> None:
    with JudgeServer(always("a")) as server:
        ask_all([request(str(number), server) for number in range(200)], cache, max_concurrency=7)
        assert server.most_in_flight <= 7


def test_equal_requests_in_flight_are_one_call(cache: Cache) -> None:
    with JudgeServer(always("a")) as server:
        ask_all([request("same", server)] * 150, cache)
        assert server.n_requests == 1


def test_it_runs_inside_a_running_event_loop(cache: Cache) -> None:
    async def notebook() -> int:
        return ask_all([request("q", server)], cache).n_asked

    with JudgeServer(always("a")) as server:
        assert asyncio.run(notebook()) == 1


def test_the_budget_is_not_overrun_and_ends_the_run(cache: Cache) -> None:
    with JudgeServer(always("a")) as server:
        report = ask_all([request(str(number), server) for number in range(500)], cache, max_cost=0.05)
    assert report.stop is not None
    assert report.stop.reason is StopReason.BUDGET
    assert 0 < report.spent <= 0.05
    assert report.n_asked < 500


def test_forced_questions_are_asked_again_and_their_old_reply_kept_until_there_is_a_new_one(
    cache: Cache,
) -> None:
    from autoeval.completions.ask import AskOptions, Silent, ask

    with JudgeServer(in_turn(Answer(text="old"), INVALID, Answer(text="new"))) as server:
        one = request("q", server)
        key = request_key(one)
        ask_all([one], cache)
        for text in ("old", "new"):
            ask([one], cache, AskOptions(), lambda _: None, Silent(), again={key})
            entry = cache.get_many([key])[key]
            assert isinstance(entry, Completion)
            assert entry.text == text
