"""Conversations: what is asked in a turn follows from the replies before it, which the cache has."""

from collections.abc import Iterator

import pytest

from autoeval.completions.cache import Cache
from autoeval.completions.keys import request_key
from autoeval.data.instructions import Instruction
from autoeval.generators.loading import load_generator
from autoeval.generators.plan import GenerationPlan
from autoeval.generators.read import Missing, Output, expected_requests, read, requests
from autoeval.types import Completion, Failure, FailureKind, Request

TALK = Instruction("Sing.", "music", ("Louder.", "Enough."), {"temperature": 0.7})
ONCE = Instruction("Dance.")


@pytest.fixture
def cache() -> Iterator[Cache]:
    with Cache(None) as opened:
        yield opened


def plan_of(**config: object) -> GenerationPlan:
    default = {"provider": "openai", "model": "m", "parameters": {"temperature": 0}}
    return GenerationPlan(load_generator({"mine": {**default, **config}}), [TALK, ONCE])


def answer(cache: Cache, request: Request, text: str, **fields: str) -> None:
    cache.put(request_key(request), Completion(text, **fields))  # type: ignore[arg-type]


def said(request: Request) -> list[tuple[str, str]]:
    return [(message.role, message.content) for message in request.messages]


def test_each_round_asks_what_the_replies_before_it_allow(cache: Cache) -> None:
    plan = plan_of()
    first = list(requests(plan, cache, 0))
    assert [said(request) for request in first] == [[("user", "Sing.")], [("user", "Dance.")]]
    assert [request.parameters["temperature"] for request in first] == [0.7, 0]
    assert list(requests(plan, cache, 1)) == []
    answer(cache, first[0], " la \n")
    (second,) = requests(plan, cache, 1)
    assert said(second) == [("user", "Sing."), ("assistant", "la"), ("user", "Louder.")]
    assert list(requests(plan, cache, 2)) == []
    answer(cache, second, "LA")
    assert list(requests(plan, cache, 1)) == [second], "what is answered is still part of its round"
    (third,) = requests(plan, cache, 2)
    assert said(third)[3:] == [("assistant", "LA"), ("user", "Enough.")]


def test_an_output_is_whole_when_every_turn_is(cache: Cache) -> None:
    plan = plan_of()
    answer(cache, next(requests(plan, cache, 0)), "la", finish_reason="length")
    (second,) = requests(plan, cache, 1)
    failures = {request_key(second): Failure(FailureKind.TIMEOUT, "too slow")}
    talk, once = read(plan, plan, cache, failures)
    assert isinstance(talk, Missing)
    assert isinstance(once, Missing)
    assert (talk.reason, once.reason) == ("timeout: too slow", "not asked")
    answer(cache, second, "LA", finish_reason="stop")
    answer(cache, next(requests(plan, cache, 2)), "", refusal="No.")
    talk, _ = read(plan, plan, cache, {})
    assert isinstance(talk, Output)
    assert (talk.turns, talk.text) == (("la", "LA", "No."), "la\n\nLA\n\nNo.")
    assert talk.finish_reason == "length", "the first turn that did not end by itself"


def test_a_system_message_stands_once_and_a_user_template_wraps_each_turn(cache: Cache) -> None:
    messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "<{{ instruction }}>"}]
    plan = plan_of(messages=messages)
    answer(cache, next(requests(plan, cache, 0)), "la")
    (second,) = requests(plan, cache, 1)
    assert said(second) == [
        ("system", "Be kind."),
        ("user", "<Sing.>"),
        ("assistant", "la"),
        ("user", "<Louder.>"),
    ]


def test_a_completion_model_is_given_the_text_so_far(cache: Cache) -> None:
    plan = plan_of(prompt={"role": "user", "content": "Q: {{ instruction }}\nA: "})
    answer(cache, next(requests(plan, cache, 0)), "la\n")
    (second,) = requests(plan, cache, 1)
    assert second.prompt == "Q: Sing.\nA: laQ: Louder.\nA: "


def test_an_estimate_counts_every_turn_and_takes_the_replies_that_there_are(cache: Cache) -> None:
    plan = plan_of()
    answer(cache, next(requests(plan, cache, 0)), "la")
    expected = list(expected_requests(plan, cache))
    assert len(expected) == 4
    assert expected[1] == next(requests(plan, cache, 1))
    assert "word word" in said(expected[2])[3][1]
