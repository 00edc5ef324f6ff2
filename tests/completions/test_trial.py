"""Eight replies first: where none holds a verdict the run stops, shows one, and says how to go on."""

import asyncio
import random
from pathlib import Path

import pytest

from autoeval.completions.trial import FIRST, IN_A_ROW, Trial, shown
from autoeval.types import Completion, Endpoint, Request
from tests.faults.counting import N_PAIRS, run
from tests.servers import Answer, JudgeServer, always, prompt_text
from tests.servers.answers import Body


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")


def test_a_judge_that_gives_no_verdict_is_stopped_before_the_ninth_reply(tmp_path: Path) -> None:
    with JudgeServer(always("Both are fine.")) as server:
        result = run(tmp_path, server)
        assert server.n_requests == 8
        message = str(result.ask.stop)
        assert "none of the first 8" in message
        assert "'Both are fine.'" in message
        assert "--go_on" in message
        all_asked = run(tmp_path, server, go_on=True)
        assert server.n_requests == N_PAIRS
    assert result.exit_code == all_asked.exit_code == 3


def test_a_judge_that_falls_silent_later_is_stopped(tmp_path: Path) -> None:
    n = 0

    def answer(body: Body) -> Answer:
        nonlocal n
        n += 1
        assert prompt_text(body)
        return Answer("a > b" if n <= 10 else "Both.")

    with JudgeServer(answer) as server:
        result = run(tmp_path, server, max_concurrency=1)
        assert server.n_requests == 30
    assert "20 replies in a row" in str(result.ask.stop)
    assert (result.tally.n_judged, result.exit_code) == (10, 3)


def test_only_as_many_in_a_row_as_is_said_end_a_run() -> None:
    rng, request = random.Random(0), Request(Endpoint("openai"), "m")
    looked_at = n_replies = n_stopped = 0
    for _ in range(200):

        def why(_: Request, completion: Completion) -> str | None:
            nonlocal looked_at
            looked_at += 1
            return None if completion.text == "a" else "nothing"

        trial, in_a_row, chance = Trial(why), 0, rng.choice((0.02, 0.2, 0.9))
        assert trial.learn(request, Completion("a")) is None
        for place in range(200):
            holds = rng.random() < chance
            in_a_row = 0 if holds else in_a_row + 1
            stop = trial.learn(request, Completion("a" if holds else f"b{place}"))
            n_replies += 1
            assert (stop is not None) == (in_a_row == IN_A_ROW)
            if stop is not None:
                assert repr(f"b{place}") in stop  # the last one is shown
                n_stopped += 1
                break
    assert n_stopped > 50
    assert looked_at < n_replies / 2


def test_eight_are_out_or_unread_before_the_first_verdict() -> None:
    request, nothing = Request(Endpoint("openai"), "m"), Completion("b")

    async def tried() -> None:
        trial = Trial(lambda _, reply: None if reply.text == "a" else "nothing")
        for out in range(FIRST):
            assert trial.room == FIRST - out
            await trial.admit()
        ninth = asyncio.create_task(trial.admit())
        assert trial.note(request, nothing) is None, "one that was out is unread"
        await asyncio.sleep(0)
        assert (trial.room, ninth.done()) == (0, False)
        trial.give_back()
        await ninth
        assert trial.room == 0
        tenth = asyncio.create_task(trial.admit())
        assert trial.note(request, Completion("a")) is None
        await tenth
        assert trial.room == IN_A_ROW

        stopped = Trial(lambda *_: "nothing")
        for _ in range(FIRST):
            await stopped.admit()
        waiting = asyncio.create_task(stopped.admit())
        told = [stopped.note(request, nothing) for _ in range(FIRST)]
        assert told[:-1] == [None] * (FIRST - 1)
        assert "none of the first 8 replies holds a verdict: nothing" in str(told[-1])
        await asyncio.sleep(0)
        assert not waiting.done()
        stopped.lift()
        await waiting

    asyncio.run(tried())
    for free in (Trial(), Trial(lambda *_: "nothing", goes_on=True)):
        assert free.room == IN_A_ROW
        assert [free.learn(request, nothing) for _ in range(2 * IN_A_ROW)] == [None] * 2 * IN_A_ROW


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Completion(" \n"), "(empty)"),
        (Completion("two\n  lines"), "'two lines'"),
        (Completion("words", tool_arguments='{"x": 1}'), """'{"x": 1}'"""),
        (Completion("", refusal="I won't."), '"I won\'t."'),
        (Completion("x" * 400), repr("x" * 400)),
        (Completion("x" * 401), repr("x" * 399 + "…")),
    ],
)
def test_a_reply_is_shown_as_a_line(reply: Completion, said: str) -> None:
    assert shown(reply) == said


def test_a_wait_of_a_day_ends_the_run_at_once(tmp_path: Path) -> None:
    busy = Answer("come back tomorrow", status=429, headers={"Retry-After": "86400"})
    with JudgeServer(always("a > b")) as server:
        server.answer = lambda _: busy
        result = run(tmp_path, server)
        assert server.n_requests == 1
    assert "24.0 h, until" in str(result.ask.stop)
    assert "come back tomorrow" in str(result.ask.stop)
    assert "--max_wait" in str(result.ask.stop)


def test_how_long_a_server_may_ask_to_wait_is_the_users_to_say(tmp_path: Path) -> None:
    busy = Answer("later", status=429, headers={"Retry-After": "0.1"})
    with JudgeServer(lambda _: busy) as server:
        result = run(tmp_path, server, max_wait=0.05)
        assert server.n_requests == 1
        assert "--max_wait allows" in str(result.ask.stop)
        server.answer = lambda _: busy if server.n_requests == 2 else Answer("a > b")
        waited = run(tmp_path, server, max_wait=2)
    assert waited.tally.n_judged == N_PAIRS


def test_three_other_requests_are_tried_before_an_endpoint_is_given_up(tmp_path: Path) -> None:
    with JudgeServer(always("no", status=500)) as server:
        run(tmp_path, server, max_attempts=1)
        assert len({prompt_text(body) for body in server.bodies}) == 4
