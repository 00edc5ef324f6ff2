"""The scheduler against servers that allow so many requests a second, half a minute in virtual time."""

import asyncio
import math
import random
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import pytest

from autoeval.completions.pace import Pace
from autoeval.completions.providers import Quota
from autoeval.completions.scheduler import Permits
from autoeval.types import Completion, Failure, FailureKind
from tests.completions.virtual_time import run
from tests.grids import thinned

SECONDS = 30


@dataclass
class Bucket:
    """Allows `share` of a second's worth of requests at once, and refills."""

    share: float = 0.1
    _tokens: float = 1.0
    _filled: float = 0.0

    def allows(self, rate: float, now: float) -> bool:
        burst = max(1.0, rate * self.share)
        self._tokens, self._filled = min(burst, self._tokens + (now - self._filled) * rate), now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    @property
    def left(self) -> int:
        return int(self._tokens)


@dataclass
class ClockSecond:
    """Allows so many requests in each second of the clock (or each minute), all at once if they like."""

    seconds: int = 1
    left: int = 0
    _window: int = -1

    def allows(self, rate: float, now: float) -> bool:
        if now // self.seconds != self._window:
            self._window, self.left = int(now // self.seconds), int(rate * self.seconds)
        self.left -= 1
        return self.left >= 0


@dataclass
class SlidingSecond:
    """Allows so many requests in any second."""

    left: int = 0
    _allowed: deque[float] = field(default_factory=deque)

    def allows(self, rate: float, now: float) -> bool:
        while self._allowed and self._allowed[0] <= now - 1:
            self._allowed.popleft()
        if len(self._allowed) >= rate:
            return False
        self._allowed.append(now)
        return True


Limiter = Bucket | ClockSecond | SlidingSecond


@dataclass
class Server:
    """Allows `rate(now)` requests a second, as its limiter counts, and counts second by second."""

    rate: Callable[[float], float] = lambda _: math.inf
    seconds: Callable[[], float] = lambda: 0.002
    retry_after: float | None = None
    tells_quota: bool = False
    fails: Callable[[], FailureKind | None] = lambda: None
    served: Counter[int] = field(default_factory=Counter)
    refused: Counter[int] = field(default_factory=Counter)
    in_flight: int = 0
    most_in_flight: int = 0
    limiter: Limiter = field(default_factory=Bucket)

    async def answer(self) -> tuple[Completion | Failure, Quota | None]:
        now = asyncio.get_running_loop().time()
        rate = self.rate(now)
        if not self.limiter.allows(rate, now):
            self.refused[int(now)] += 1
            return Failure(FailureKind.RATE_LIMITED, "", self.retry_after), None
        self.served[int(now)] += 1
        quota = Quota(self.limiter.left, request_refill=rate) if self.tells_quota else None
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        await asyncio.sleep(self.seconds())
        self.in_flight -= 1
        kind = self.fails()
        return (Failure(kind, "") if kind else Completion("a", input_tokens=90, output_tokens=10)), quota


def drive(server: Server, permits: Permits, seconds: float = SECONDS, n_requests: float = math.inf) -> float:
    """Ask for so many seconds or requests; returns when the last one that was waited for came back."""
    finished = 0.0

    async def one(permit: object) -> None:
        outcome, quota = await server.answer()
        permits.release(permit, outcome, quota)  # type: ignore[arg-type]
        nonlocal finished
        finished = max(finished, asyncio.get_running_loop().time())

    async def send() -> None:
        tasks = set()
        loop = asyncio.get_running_loop()
        n_sent = 0
        while n_sent < n_requests and loop.time() < seconds:
            task = asyncio.create_task(one(await permits.acquire(tokens=100)))
            n_sent += 1
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        if n_requests < math.inf:
            await asyncio.wait(tasks, timeout=2)  # those that hang are not waited for
        for task in tasks:
            task.cancel()

    run(send())
    return finished


@pytest.mark.parametrize(
    ("rate", "retry_after", "seconds"), thinned([50, 200], [None, 1.0], [0.002, 0.3], to=2)
)
def test_a_limited_endpoint_is_used_and_hardly_ever_refuses(
    rate: float, retry_after: float | None, seconds: float
) -> None:
    server = Server(lambda _: rate, lambda: seconds, retry_after)
    drive(server, Permits(64))
    n_served, n_refused = server.served.total(), server.refused.total()
    assert n_served >= 0.95 * rate * SECONDS
    assert n_refused < 0.02 * (n_served + n_refused)


@pytest.mark.parametrize(
    ("rate", "limiter", "seconds"),
    thinned([50, 200], [partial(Bucket, 1.0), ClockSecond, SlidingSecond], [0.002, 0.1, 0.3], to=3),
)
def test_whatever_way_an_endpoint_counts(limiter: Callable[[], Limiter], rate: float, seconds: float) -> None:
    server = Server(lambda _: rate, lambda: seconds, limiter=limiter())
    drive(server, Permits(64))
    later = range(3, SECONDS - 1)
    n_served, n_refused = (
        sum(count[second] for second in later) for count in (server.served, server.refused)
    )
    assert n_served >= 0.95 * rate * len(later)
    assert n_refused < 0.02 * (n_served + n_refused)


@pytest.mark.parametrize("limiter", [Bucket, ClockSecond])
def test_a_slow_tier_is_used_as_well(limiter: Callable[[], Limiter]) -> None:
    server = Server(lambda _: 1, lambda: 0.3, limiter=limiter())
    drive(server, Permits(64), 120)
    assert server.served.total() >= 0.8 * 120
    assert server.refused.total() < 0.2 * server.served.total()


@pytest.mark.parametrize(
    ("change", "limiter"),
    thinned([(100, 50), (100, 200), (50, 100), (200, 100)], [Bucket, ClockSecond, SlidingSecond], to=3),
)
def test_a_limit_that_changes_is_followed(
    change: tuple[float, float], limiter: Callable[[], Limiter]
) -> None:
    before, after = change
    server = Server(lambda now: before if now < 15 else after, limiter=limiter())
    drive(server, Permits(64))
    pairs = [server.served[second] + server.served[second + 1] for second in range(20, SECONDS, 2)]
    assert sum(pairs) == pytest.approx(after * (SECONDS - 20), rel=0.1)
    assert all(pair == pytest.approx(2 * after, rel=0.2) for pair in pairs)


@pytest.mark.parametrize(
    ("per_minute", "seconds", "retry_after"), thinned([60, 300, 1_200], [0.1, 0.3, 2.0], [None, 5.0], to=3)
)
def test_a_quota_that_comes_back_once_a_minute_is_used(
    per_minute: float, seconds: float, retry_after: float | None
) -> None:
    server = Server(lambda _: per_minute / 60, lambda: seconds, retry_after, limiter=ClockSecond(60))
    drive(server, Permits(400), 600)
    assert server.served.total() >= 0.8 * 10 * per_minute
    assert server.refused.total() < 0.4 * 10 * per_minute


def test_an_endpoint_that_refuses_everything_for_long_is_found_again() -> None:
    server = Server(lambda now: 50 if not 10 < now < 1_200 else 0)
    drive(server, Permits(64), 1_260)
    refused_meanwhile = sum(count for second, count in server.refused.items() if 20 < second < 1_200)
    assert refused_meanwhile < 1_180 / 10
    assert sum(server.served[second] for second in range(1_230, 1_260)) >= 0.75 * 50 * 30


def test_complaints_without_end_are_counted_without_end() -> None:
    pace, now = Pace(), 0.0
    for _ in range(5_000):
        now += pace.wait(now)
        pace.sent(now)
        pace.refused(now, None, now)
    assert pace.wait(now) <= 20


@pytest.mark.parametrize("share", [0.2, 0.3, 0.5, 0.8])
def test_a_spell_of_refusals_is_over_soon_after_the_last_of_them(share: float) -> None:
    pace, now, draw = Pace(), 0.0, random.Random(1)
    while now < 200:  # not about the rate, so that it ends up very low
        now += max(pace.wait(now), 0.001)
        pace.sent(now)
        pace.refused(now, None, now) if draw.random() < share else pace.served()
    for _ in range(200):
        now += max(pace.wait(now), 0.001)
        pace.sent(now)
        pace.served()
    assert now < 200 + 120, "the next 200 requests went in two minutes"


def test_what_the_headers_say_is_heeded_before_anything_is_refused() -> None:
    server = Server(lambda _: 50, tells_quota=True)
    drive(server, Permits(64))
    assert server.served.total() >= 0.95 * 50 * SECONDS
    assert server.refused.total() < 0.005 * server.served.total()


def test_a_few_that_hang_do_not_hold_up_the_others() -> None:
    draw = random.Random(0)
    quick = Server(seconds=lambda: 0.3)
    mixed = Server(seconds=lambda: 30.0 if draw.random() < 0.01 else 0.3)
    took_quick, took_mixed = (
        drive(server, Permits(32), math.inf, n_requests=5_000) for server in (quick, mixed)
    )
    assert took_mixed <= 1.1 * took_quick


def test_slow_replies_are_asked_for_at_once_up_to_the_limit() -> None:
    server = Server(seconds=lambda: 0.3)
    took = drive(server, Permits(32), math.inf, n_requests=800)
    assert server.most_in_flight == 32
    assert took <= 1.1 * 800 / 32 * 0.3


def test_errors_that_are_no_complaint_change_nothing() -> None:
    draw = random.Random(0)
    steady, shaky = (
        Server(seconds=lambda: 0.3),
        Server(seconds=lambda: 0.3, fails=lambda: FailureKind.SERVER_ERROR if draw.random() < 0.2 else None),
    )
    for server in (steady, shaky):
        drive(server, Permits(32), 10)
    assert shaky.served.total() == pytest.approx(steady.served.total(), rel=0.1)


def test_a_user_s_own_limits_are_kept() -> None:
    server = Server()
    drive(server, Permits.limited(64, requests_per_minute=120, tokens_per_minute=None))
    assert server.served.total() == pytest.approx(60, abs=2)
    server = Server()
    drive(server, Permits.limited(64, requests_per_minute=None, tokens_per_minute=60_000))
    assert server.served.total() == pytest.approx(60_000 / 60 * SECONDS / 100, rel=0.1)


def test_nobody_is_let_through_before_the_first_reply() -> None:
    permits = Permits(64)

    async def two() -> None:
        first = await permits.acquire()
        second = asyncio.create_task(permits.acquire())
        await asyncio.sleep(5)
        assert not second.done()
        permits.release(first, Completion("a"))
        await second

    run(two())


def test_a_long_retry_after_holds_everybody() -> None:
    permits = Permits(64)

    async def refused() -> float:
        permits.release(await permits.acquire(), Completion("a"))
        permits.release(await permits.acquire(), Failure(FailureKind.RATE_LIMITED, "", retry_after=20))
        await permits.acquire()
        return asyncio.get_running_loop().time()

    assert run(refused()) >= 20


def test_a_few_refusals_that_are_not_about_the_rate_are_put_up_with() -> None:
    draw = random.Random(0)
    server = Server(
        seconds=lambda: 0.3, fails=lambda: FailureKind.RATE_LIMITED if draw.random() < 0.05 else None
    )
    drive(server, Permits(32))
    full = 32 / 0.3
    assert sum(server.served[second] for second in range(10, SECONDS)) > 0.7 * full * (SECONDS - 10)
