"""The permits of one endpoint, one by one: how many are given, and what is learnt from each that comes back."""

import asyncio

import pytest

from autoeval.completions.pace import Pace
from autoeval.completions.providers import Quota
from autoeval.completions.scheduler import Latency, Permits, TokenAllowance
from autoeval.types import Completion, Failure, FailureKind
from tests.completions.virtual_time import run


@pytest.mark.parametrize(
    ("seconds", "most", "limit"), [(0.01, 64, 4), (0.1, 64, 10), (3.0, 64, 32), (3.0, 6, 6)]
)
def test_the_first_reply_opens_an_endpoint_by_how_long_it_took(seconds: float, most: int, limit: int) -> None:
    permits = Permits(most)

    async def first() -> None:
        permit = await permits.acquire()
        await asyncio.sleep(seconds)
        permits.release(permit, Completion("a"))

    run(first())
    assert permits.limit == limit
    assert permits.latency.mean == pytest.approx(seconds)


def test_what_is_left_of_a_quota_of_tokens_is_spread_over_what_requests_usually_take() -> None:
    permits = Permits(64)

    async def told() -> float:
        for outcome in (
            Completion("a", input_tokens=90, output_tokens=10),
            Completion("a", input_tokens=170, output_tokens=10),  # an eighth of 80 more
            Failure(FailureKind.SERVER_ERROR, ""),
            Completion("a"),  # not counted: what was expected
        ):
            permits.release(await permits.acquire(tokens=50), outcome)
        assert permits.mean_tokens == pytest.approx(110 - 60 / 8)
        plenty, scarce = (Quota(remaining_tokens=left, token_refill=205.0) for left in (1_000, 100))
        held = [await permits.acquire() for _ in range(3)]
        permits.release(held[0], Failure(FailureKind.SERVER_ERROR, ""), plenty)
        assert permits.pace.rate > 2
        permits.release(held[1], Failure(FailureKind.SERVER_ERROR, ""), scarce)
        return permits.pace.rate

    assert run(told()) == pytest.approx(205 / 102.5)


def test_what_takes_far_longer_than_usual_is_known_from_the_replies_before() -> None:
    def usual(*seconds: float) -> Latency:
        latency = Latency()
        for one in seconds:
            latency.note(one)
        return latency

    assert usual().overdue is None
    assert (usual(1).deviation, usual(1).overdue) == (0.5, 3)
    assert (usual(1, 1).deviation, usual(1, 1).overdue) == (0.375, 2.5)
    hung = usual(1, 1, 100)  # the last one counts as 1.5 times 2.5
    assert (hung.mean, hung.deviation) == (1 + 2.75 / 8, 0.375 + (2.75 - 0.375) / 4)
    assert usual(*50 * [3.0]).overdue == pytest.approx(6)
    assert usual(*50 * [0.01]).overdue == 0.5


def test_an_allowance_of_tokens_fills_with_time_up_to_a_second_s_worth() -> None:
    tokens = TokenAllowance(10)
    assert tokens.wait(0) == 0
    tokens.take(30, 0)
    assert (tokens.wait(0), tokens.wait(1)) == (3, 2)
    tokens.take(-20, 1)
    assert tokens.wait(1) == 0
    tokens.take(25, 100)
    assert tokens.wait(100) == 1.5


def test_those_that_hang_make_room_for_others_up_to_four_times_the_limit() -> None:
    permits = Permits(1)

    async def hang() -> None:
        first = await permits.acquire()
        await asyncio.sleep(1)
        permits.release(first, Completion("a"))
        hanging = []
        for n in range(4):
            hanging.append(await asyncio.wait_for(permits.acquire(), 4))
            assert (permits.in_flight, permits.n_overdue) == (1, n)
        fifth = asyncio.create_task(permits.acquire())
        await asyncio.sleep(60)
        assert (permits.in_flight, permits.n_overdue, fifth.done()) == (0, 4, False)
        permits.release(hanging[0], Failure(FailureKind.TIMEOUT, ""))
        one = await asyncio.wait_for(fifth, 1)
        permits.release(one, Failure(FailureKind.SERVER_ERROR, ""))
        await asyncio.sleep(60)
        assert (permits.in_flight, permits.n_overdue) == (0, 3), "what was given back is overdue no more"

    run(hang())


def test_each_that_hangs_is_passed_on_in_its_own_time() -> None:
    permits = Permits(8, limit=8, latency=Latency(mean=1, deviation=0.5))  # overdue after 3 seconds

    async def overdue_after(*seconds: float) -> list[int]:
        found = []
        for one in seconds:
            await asyncio.sleep(one)
            found.append(permits.n_overdue)
        return found

    async def hang() -> None:
        await permits.acquire()
        await asyncio.sleep(1)
        await permits.acquire()
        assert await overdue_after(1.9, 0.2, 0.8, 0.2) == [0, 1, 1, 2]  # until 2.9, 3.1, 3.9, 4.1
        await permits.acquire()
        permits.latency = Latency(mean=0.1)  # half a second now
        await permits.acquire()
        assert await overdue_after(0.4, 0.2, 2.3, 0.2) == [2, 3, 3, 4], (
            "what was known when it was sent counts"
        )

    run(hang())


def test_a_permit_that_was_not_used_teaches_nothing_and_gives_its_tokens_back() -> None:
    permits = Permits.limited(8, None, tokens_per_minute=60)

    async def unused() -> float:
        permits.release(await permits.acquire(tokens=50), None)
        permits.release(await permits.acquire(tokens=10), Completion("a", input_tokens=2, output_tokens=3))
        await permits.acquire(tokens=1)
        return asyncio.get_running_loop().time()

    assert run(unused()) == pytest.approx(5, abs=0.1), "five tokens at one a second"
    unopened = Permits(8)

    async def one() -> None:
        permit = await unopened.acquire()
        await asyncio.sleep(2)
        unopened.restart(permit)
        unopened.release(permit, None)
        assert (unopened.has_succeeded, unopened.latency.mean, unopened.in_flight) == (False, None, 0)
        permit = await unopened.acquire()
        await asyncio.sleep(2)
        unopened.restart(permit)
        await asyncio.sleep(1)
        unopened.release(permit, Completion("a"))
        assert unopened.latency.mean == pytest.approx(1), "counted from when it was sent"

    run(one())


def test_the_number_in_flight_doubles_while_that_pays_and_then_grows_by_one() -> None:
    permits = Permits(20, Pace(rate=1e9))

    async def in_rounds() -> list[int]:
        async def at_once(n: int, seconds: float) -> int:
            held = [await permits.acquire() for _ in range(n)]
            await asyncio.sleep(seconds)
            for permit in held:
                permits.release(permit, Completion("a"))
            return permits.limit

        limits = [await at_once(1, 0.01)]
        limits += [await at_once(permits.limit, 0.1)]  # too short a round to tell
        limits += [await at_once(permits.limit, 0.15)]
        limits += [await at_once(permits.limit, 0.25)]
        limits += [await at_once(permits.limit, 0.45)]  # 36 a second after 32: that does not pay
        limits += [await at_once(permits.limit, 0.25)]
        limits += [[await at_once(1, 0.02) for _ in range(40)][-1]]  # it is not used to the full
        limits += [[await at_once(permits.limit, 0.25) for _ in range(5)][-1]]
        return limits

    assert run(in_rounds()) == [4, 4, 8, 16, 17, 18, 18, 20]


@pytest.mark.parametrize(("left", "is_heeded"), [(None, True), (0, True), (2, True), (3, False)])
def test_a_quota_of_requests_is_heeded_where_no_more_is_left_than_is_in_flight(
    left: int | None, is_heeded: bool
) -> None:
    permits = Permits(8)

    async def told() -> float:
        permits.release(await permits.acquire(), Completion("a"))
        held = [await permits.acquire() for _ in range(3)]
        permits.release(held[0], Completion("a"), Quota(remaining_requests=left, request_refill=5.0))
        return permits.pace.rate

    assert (run(told()) == 5) is is_heeded


def test_once_a_run_has_stopped_everybody_is_let_through_at_once() -> None:
    permits = Permits.limited(8, requests_per_minute=1, tokens_per_minute=1)

    async def stopped() -> float:
        await permits.acquire(tokens=100)
        waiting = asyncio.create_task(permits.acquire(tokens=100))
        await asyncio.sleep(3)
        assert not waiting.done()
        permits.lift()
        await waiting
        await permits.acquire(tokens=100)
        return asyncio.get_running_loop().time()

    assert run(stopped()) == 3
