"""The books of a run: each request is open, answered or given up, once; money is waited for while it may come back."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from autoeval.completions.budget import Budget
from autoeval.completions.cache import Cache
from autoeval.completions.ledger import Job, Ledger, Progress, Stop, StopReason
from autoeval.types import Completion, Failure, FailureKind, Request
from tests.completions.test_budget import DOLLAR, ONE, THREE, TWO, of_most

ERROR = Failure(FailureKind.SERVER_ERROR, "overloaded")
NOT_ASKED = Failure(FailureKind.NOT_ASKED, "not asked")
OVER = Stop(StopReason.BUDGET, "no money")


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Cache(None) as cache:
        yield Ledger(cache, Budget(10.0, lambda _: DOLLAR), Progress())


def job(key: bytes) -> Job:
    return Job(key, of_most(1))


def test_a_request_is_open_until_it_is_answered_or_given_up_and_not_opened_twice(ledger: Ledger) -> None:
    heard: list[int] = []
    ledger.on_reply = lambda: heard.append(ledger.progress.done)
    assert ledger.open(ONE)
    assert not ledger.open(ONE)
    assert ledger.open(TWO)
    assert ledger.open(THREE)
    assert (ledger.n_open, set(ledger.open_keys)) == (3, {ONE, TWO, THREE})
    given = Completion("a", model="m-1", input_tokens=7, output_tokens=5, reasoning_tokens=2)
    for key, completion in ((ONE, given), (TWO, Completion("b"))):
        ledger.count(key, completion)
        assert not ledger.is_open(key)
    told = ledger.progress
    assert (told.done, told.input_tokens, told.output_tokens, told.reasoning_tokens) == (2, 7, 5, 2)
    assert (ledger.models, heard) == ({"m-1"}, [1, 2])
    assert ledger.is_open(THREE)
    asyncio.run(ledger.give_up(job(THREE), ERROR))
    assert (ledger.n_open, told.failed, ledger.failures) == (0, 1, {THREE: ERROR})
    assert not ledger.open(THREE), "it has failed in this run"
    assert ledger.open(ONE), "and may be asked again where its reply is not wanted"
    asyncio.run(ledger.give_up(job(ONE), NOT_ASKED))
    assert (told.failed, set(ledger.failures)) == (1, {ONE, THREE}), "what was not asked has not failed"


def test_what_is_found_released_or_collected_is_open_no_more(ledger: Ledger) -> None:
    for key in (ONE, TWO, THREE):
        assert ledger.open(key)
        assert ledger.budget.reserve(key, of_most(2))
    ledger.found(job(ONE))
    assert (ledger.progress.cached, ledger.progress.done, ledger.n_open) == (1, 0, 2)
    assert ledger.open(ONE)
    ledger.release(ONE)
    assert (ledger.budget.committed, ledger.n_open) == (4, 2)
    ledger.collected(TWO, of_most(2), Completion("a", input_tokens=0, output_tokens=1))
    assert (ledger.progress.done, ledger.progress.spent, ledger.is_open(TWO)) == (1, 1, False)
    ledger.collected(THREE, of_most(2), ERROR)
    assert (ledger.progress.done, ledger.progress.retried, ledger.n_open) == (1, 1, 0)
    assert ledger.failures == {}, "it may be asked again"
    assert ledger.open(THREE)
    assert ledger.budget.committed == 1


def test_an_unknown_price_is_told(ledger: Ledger) -> None:
    ledger.pay(ONE, of_most(1), Completion("a", input_tokens=0, output_tokens=1))
    assert (ledger.progress.spent, ledger.progress.is_price_known) == (1, True)
    ledger.budget = Budget(None, lambda _: None)
    ledger.pay(ONE, of_most(1), Completion("a", input_tokens=0, output_tokens=1))
    assert (ledger.progress.spent, ledger.progress.is_price_known) == (0, False)


def test_money_is_waited_for_while_it_may_come_back(ledger: Ledger) -> None:
    async def told() -> list[object]:
        assert await ledger.afford(ONE, of_most(8))
        waiting = asyncio.create_task(ledger.afford(TWO, of_most(5)))
        await asyncio.sleep(0)
        seen: list[object] = [waiting.done(), ledger.stop]
        ledger.pay(ONE, of_most(8), Completion("a", input_tokens=0, output_tokens=3))
        seen.append(await waiting)
        impossible = asyncio.create_task(ledger.afford(THREE, of_most(6)))
        await asyncio.sleep(0)
        seen.append(ledger.stop)
        ledger.pay(TWO, of_most(5), Completion("a", input_tokens=0, output_tokens=5))
        seen.append(await impossible)
        return seen

    assert asyncio.run(told()) == [False, None, True, None, False]
    assert ledger.stop is not None
    assert ledger.stop.reason is StopReason.BUDGET
    assert "$8.0000 are spent and the next request could cost $6.0000" in ledger.stop.message


def test_the_first_reason_to_stop_stands_and_wakes_everybody(ledger: Ledger) -> None:
    async def told() -> bool:
        assert await ledger.afford(ONE, of_most(9))
        waiting = [
            asyncio.create_task(ledger.stopped()),
            asyncio.create_task(ledger.next_settled()),
            asyncio.create_task(ledger.afford(TWO, of_most(9))),
        ]
        await asyncio.sleep(0)
        assert not any(task.done() for task in waiting)
        ledger.halt(OVER)
        ledger.halt(Stop(StopReason.REFUSED, "wrong key"))
        await asyncio.gather(*waiting)
        return await ledger.afford(THREE, of_most(1))

    assert asyncio.run(told()) is False
    assert (ledger.stop, ledger.progress.note) == (OVER, "no money")


def test_what_waits_in_batch_jobs_is_left_to_them_and_said(ledger: Ledger) -> None:
    assert ledger.pending_stop is None
    ledger.wait_for_batches([ONE, TWO])
    assert ledger.pending_stop is not None
    assert ledger.pending_stop.reason is StopReason.PENDING
    assert ledger.pending_stop.message.startswith("2 requests wait in batch jobs")
    assert not ledger.open(ONE)
    assert {failure.kind for failure in ledger.failures.values()} == {FailureKind.NOT_ASKED}


class Granting:
    """Grants of a budget that several runs share, as long as there is some; and claims that are given back."""

    def __init__(self, left: float = 0.0) -> None:
        self.left = left
        self.asked: list[float] = []
        self.released: list[bytes] = []

    async def release(self, key: bytes) -> None:
        self.released.append(key)

    async def grant(self, dollars: float, limit: float) -> bool:
        self.asked.append(dollars)
        assert limit == 100
        if dollars > self.left:
            return False
        self.left -= dollars
        return True


def test_a_share_of_a_common_budget_grows_by_sixteen_requests_at_once_or_by_one(ledger: Ledger) -> None:
    ledger.budget = Budget(100.0, lambda _: DOLLAR, granted=0.0)
    common = Granting(35.0)
    ledger.keeper = common  # type: ignore[assignment]

    async def n_afforded(request: Request) -> int:
        n = 0
        while await ledger.can_afford(bytes([n]), request):
            n += 1
        return n

    assert asyncio.run(n_afforded(of_most(2))) == 17
    assert common.asked == [32, 32, 2, 32, 2]
    assert (ledger.budget.granted, common.left) == (34, 1)
    ledger.budget = Budget(1.0, lambda _: DOLLAR)
    assert not asyncio.run(ledger.can_afford(ONE, of_most(9)))
    assert len(common.asked) == 5, "a run with a budget of its own asks nobody"


def test_what_is_given_up_is_left_to_others_where_the_run_goes_on(ledger: Ledger) -> None:
    others = Granting()
    ledger.keeper = others  # type: ignore[assignment]
    for key, failure in ((ONE, ERROR), (TWO, NOT_ASKED)):
        asyncio.run(ledger.give_up(job(key), failure))
    assert others.released == [ONE]


def test_a_reply_is_stored_before_it_counts_and_one_of_another_run_wakes_who_waits(ledger: Ledger) -> None:
    reply = Completion("a", output_tokens=3)

    async def told() -> None:
        ledger.open(ONE)
        await ledger.done(job(ONE), reply)
        waiting = asyncio.create_task(ledger.next_settled())
        await asyncio.sleep(0)
        assert not waiting.done()
        ledger.found(job(TWO))
        await waiting

    asyncio.run(told())
    assert ledger.cache.get_many([ONE]) == {ONE: reply}
    assert (ledger.progress.done, ledger.progress.output_tokens, ledger.n_open) == (1, 3, 0)


def test_the_clock_of_a_run_can_be_started_anew() -> None:
    progress = Progress(began=time.monotonic() + 1e6)
    assert -1e6 <= progress.elapsed < 0
    progress.restart_clock()
    assert 0 <= progress.elapsed < 1e6
