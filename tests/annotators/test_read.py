"""Reading: verdicts are turned back to the pair's own order, and every reply is kept, also one without a verdict."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from autoeval.annotators.parsers import Parser, Reading
from autoeval.annotators.plan import Plan
from autoeval.annotators.read import read, unparsed_keys
from autoeval.completions.cache import Cache
from autoeval.completions.keys import request_key
from autoeval.prompting.config import Price
from autoeval.types import (
    Annotation,
    Completion,
    Failure,
    FailureKind,
    Request,
    TokenLogprobs,
    Unparsed,
    Verdict,
)
from tests.annotators.parsing import parser
from tests.annotators.planning import a_judge, a_pair, a_plan, pairs


@pytest.fixture
def cache() -> Iterator[Cache]:
    with Cache(None) as opened:
        yield opened


def answer(plan: Plan, cache: Cache, reply: Callable[[Request], Completion]) -> None:
    for request in plan.requests():
        cache.put(request_key(request), reply(request))


def annotated(plan: Plan, cache: Cache, failures: dict[bytes, Failure] | None = None) -> list[Annotation]:
    return list(read(plan, "test", cache, failures or {}, lambda _: Price(input=1, output=2)))


def prefers_the_model(request: Request) -> Completion:
    _, first, _ = request.messages[0].content.split("|")
    return Completion("a > b" if first.startswith("model") else "b > a", input_tokens=1000, output_tokens=500)


@pytest.mark.parametrize("order", ["fixed", "random", "both"])
def test_verdicts_are_turned_back(cache: Cache, order: str) -> None:
    plan = a_plan(pairs(20), a_judge(order=order))
    answer(plan, cache, prefers_the_model)
    found = annotated(plan, cache)
    assert [annotation.value for annotation in found] == [2.0] * 20
    switched = {judgment.is_switched for annotation in found for judgment in annotation.judgments}
    assert switched == ({False} if order == "fixed" else {False, True})


def test_what_a_judgment_cost_is_kept_with_it(cache: Cache) -> None:
    plan = a_plan(pairs(1), a_judge())
    answer(plan, cache, prefers_the_model)
    (annotation,) = annotated(plan, cache)
    assert annotation.judgments[0].price == pytest.approx((1000 * 1 + 500 * 2) / 1e6)


TOKEN = TokenLogprobs("b", -0.1, (("b", -0.1), ("a", -2.5)))


@pytest.mark.parametrize(
    ("reply", "kept"),
    [
        (Completion("I cannot say."), "I cannot say."),
        (Completion("<think>endless"), "<think>endless"),
        (Completion("", finish_reason="length"), ""),
        (Completion("", refusal="no"), '{"refusal": "no"}'),
        (Completion("", tool_arguments='{"better": "c"}'), '{"better": "c"}'),
    ],
)
def test_a_reply_without_a_verdict_is_kept(cache: Cache, reply: Completion, kept: str) -> None:
    plan = a_plan(pairs(1), a_judge())
    answer(plan, cache, lambda _: reply)
    (annotation,) = annotated(plan, cache)
    assert annotation.value is None
    assert str(annotation.failure).startswith("unparsed: ")
    assert annotation.judgments[0].raw_completion == kept
    assert unparsed_keys(plan, cache) == {request_key(request) for request in plan.requests()}


def test_log_probabilities_are_kept_as_openai_gives_them(cache: Cache) -> None:
    judge = replace(a_judge(order="fixed"), parser=parser("logprobs"))
    plan = a_plan(pairs(1), judge)
    answer(plan, cache, lambda _: Completion("b", logprobs=(TOKEN,)))
    (annotation,) = annotated(plan, cache)
    (token,) = annotation.judgments[0].raw_completion["logprobs"]["content"]
    assert token["top_logprobs"] == [{"token": "b", "logprob": -0.1}, {"token": "a", "logprob": -2.5}]


def test_a_failure_says_why(cache: Cache) -> None:
    plan = a_plan(pairs(2), a_judge())
    first, _ = plan.requests()
    failures = {request_key(first): Failure(FailureKind.TIMEOUT, "no answer in 5 s")}
    assert [annotation.failure for annotation in annotated(plan, cache, failures)] == [
        "timeout: no answer in 5 s",
        "not asked",
    ]


class EachLine(Parser):
    """A line a pair, with the preference."""

    def read(self, completion: Completion) -> list[Reading]:
        lines = completion.text.split("\n")
        return [Unparsed("no number") if line == "?" else Verdict(float(line)) for line in lines]


def test_several_pairs_in_one_reply(cache: Cache) -> None:
    """Each pair gets the verdict at its place; a reply with too few counts for none of them."""
    judge = replace(a_judge(batch_size=2, order="fixed"), parser=EachLine())
    plan = a_plan(pairs(3), judge)
    replies = iter(["1\n2", "2\n1"])
    known: dict[bytes, Completion] = {}
    for request in plan.requests():
        key = request_key(request)
        known[key] = known.get(key) or Completion(next(replies))
        cache.put(key, known[key])
    assert [annotation.value for annotation in annotated(plan, cache)] == [1.0, 2.0, 2.0]
    assert unparsed_keys(plan, cache) == set()
    first = request_key(next(plan.requests()))
    for reply, missing in (("1", [True, True, False]), ("?\n2", [True, False, False])):
        cache.put(first, Completion(reply))
        assert [annotation.value is None for annotation in annotated(plan, cache)] == missing
        assert unparsed_keys(plan, cache) == {first}


def test_identical_outputs_need_no_reply(cache: Cache) -> None:
    (annotation,) = annotated(a_plan([a_pair(0, "same", "same")], a_judge()), cache)
    assert annotation.value == 1.5
