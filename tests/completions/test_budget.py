"""The books of a budget: what is promised, what is paid, and what may have been."""

from dataclasses import replace

import pytest

from autoeval.completions.budget import Budget
from autoeval.completions.tokens import most_input_tokens
from autoeval.prompting.config import Price
from autoeval.types import Completion, Endpoint, Failure, FailureKind, Message, Request

DOLLAR = Price(input=0, output=1_000_000)
"""A dollar for each token of a reply."""
ONE, TWO, THREE = (bytes([number]) for number in range(3))


def of_most(tokens: int, n: int = 1) -> Request:
    """Return a request whose reply can have so many tokens."""
    return Request(
        Endpoint("openai"), "m", (Message("user", "q"),), parameters={"max_tokens": tokens, "n": n}
    )


def reply(tokens: int | None, processing: str | None = None) -> Completion:
    return Completion("a", input_tokens=tokens and 0, output_tokens=tokens, processing=processing)


def test_no_more_is_promised_than_there_is() -> None:
    budget = Budget(10.0, lambda _: DOLLAR)
    assert budget.is_idle
    assert budget.reserve(ONE, of_most(6))
    assert (budget.committed, budget.is_idle) == (6, False)
    assert not budget.reserve(TWO, of_most(5))
    assert budget.committed == 6, "what was not promised is not counted"
    assert budget.reserve(TWO, of_most(2, n=2)), "to the last dollar"
    assert not budget.reserve(THREE, of_most(1))
    assert budget.release(TWO) == 4
    assert budget.committed == 6
    assert budget.release(TWO) == 0, "only once"
    assert budget.settle(ONE, of_most(6), reply(1)) == 1
    assert (budget.spent, budget.committed, budget.at_risk, budget.is_idle) == (1, 1, 0, True)
    assert budget.reserve(THREE, of_most(9))
    assert "$10 is reached: $1.0000 are spent and the next request could cost $3.0000" in budget.message(
        of_most(3)
    )


def test_what_another_run_has_put_into_a_job_is_set_aside_whatever_the_limit() -> None:
    budget = Budget(3.0, lambda _: DOLLAR)
    budget.commit(ONE, of_most(5))
    assert budget.committed == 5
    assert not budget.reserve(TWO, of_most(1))
    assert budget.settle(ONE, of_most(5), reply(2)) == 2
    assert budget.reserve(TWO, of_most(1))


@pytest.mark.parametrize("kind", FailureKind)
@pytest.mark.parametrize("is_answered", [False, True])
def test_what_may_have_been_charged_stays_set_aside(kind: FailureKind, is_answered: bool) -> None:
    budget = Budget(10.0, lambda _: DOLLAR)
    assert budget.reserve(ONE, of_most(4))
    assert budget.settle(ONE, of_most(4), Failure(kind, "", is_answered=is_answered)) == 0
    is_at_risk = is_answered or kind in (FailureKind.TIMEOUT, FailureKind.MALFORMED)
    assert (budget.at_risk, budget.committed, budget.spent) == (4 * is_at_risk, 4 * is_at_risk, 0)
    assert budget.is_complete
    assert budget.reserve(TWO, of_most(7)) is not is_at_risk


def test_what_the_server_did_not_count_costs_the_most_and_an_unknown_price_is_said() -> None:
    budget = Budget(10.0, lambda _: DOLLAR)
    assert budget.reserve(ONE, of_most(4))
    assert budget.settle(ONE, of_most(9), reply(None)) == 4, "what was set aside"
    free = Budget(None, lambda _: DOLLAR)
    assert free.reserve(ONE, of_most(4))
    assert free.committed == 0
    free.commit(ONE, of_most(4))
    assert free.committed == 0, "without a limit nothing is set aside"
    assert free.settle(ONE, of_most(4), reply(None)) == 4
    assert (free.spent, free.is_complete, budget.is_complete) == (4, True, True)
    unknown = Budget(None, lambda _: None)
    assert unknown.settle(ONE, of_most(4), reply(3)) is None
    assert (unknown.spent, unknown.is_complete, unknown.most(of_most(4))) == (0, False, 0)


@pytest.mark.parametrize(("processing", "paid"), [(None, 2.0), ("batch", 1.0), ("flex", 1.0), ("fast", 2.0)])
def test_a_batch_price_counts_where_the_reply_came_that_way(processing: str | None, paid: float) -> None:
    half = replace_price(batch_output=500_000)
    budget = Budget(4.0, lambda _: half, is_batch=True)
    assert budget.most(of_most(4)) == 2
    assert replace(budget, is_batch=False).most(of_most(4)) == 4
    assert budget.settle(ONE, of_most(4), reply(2, processing)) == paid


def replace_price(**prices: float) -> Price:
    return DOLLAR.model_copy(update=prices)


def test_a_prompt_costs_too() -> None:
    request = of_most(4)
    budget = Budget(None, lambda _: Price(input=1_000_000, output=10_000_000))
    assert budget.most(request) == most_input_tokens(request) + 40
    assert budget.settle(ONE, request, Completion("a", input_tokens=3, output_tokens=2)) == 23


def test_a_share_of_a_budget_is_spent_and_no_more() -> None:
    budget = Budget(100.0, lambda _: DOLLAR, granted=2.0)
    assert not budget.reserve(ONE, of_most(3))
    budget.granted = 3.0
    assert budget.reserve(ONE, of_most(3))


def test_rounding_errors_do_not_add_up() -> None:
    budget = Budget(1.0, lambda _: Price(input=0, output=100_000))
    for _ in range(100):
        assert all(budget.reserve(bytes([number]), of_most(3)) for number in range(3))
        assert sum(budget.release(bytes([number])) for number in range(3)) == pytest.approx(0.9)
    assert budget.committed == 0
