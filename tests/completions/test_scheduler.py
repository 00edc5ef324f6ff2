"""The scheduler against servers that allow so many requests a second, half a minute in virtual time."""

import asyncio
import math
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from autoeval.completions.providers import Quota
from autoeval.completions.scheduler import Permits
from autoeval.types import Completion, Failure, FailureKind
from tests.completions.virtual_time import run

SECONDS = 30


@dataclass
class Server:
    """Allows `rate(now)` requests a second, a tenth of a second's worth at once, and counts second by second."""

    rate: Callable[[float], float] = lambda _: math.inf
    seconds: Callable[[], float] = lambda: 0.002
    retry_after: float | None = None
    tells_quota: bool = False
    fails: Callable[[], FailureKind | None] = lambda: None
    served: Counter[int] = field(default_factory=Counter)
    refused: Counter[int] = field(default_factory=Counter)
    in_flight: int = 0
    most_in_flight: int = 0
    _tokens: float = 1.0
    _filled: float = 0.0

    async def answer(self) -> tuple[Completion | Failure, Quota | None]:
        now = asyncio.get_running_loop().time()
        rate = self.rate(now)
        burst = max(1.0, rate / 10)
        self._tokens, self._filled = min(burst, self._tokens + (now - self._filled) * rate), now
        if self._tokens < 1:
            self.refused[int(now)] += 1
            return Failure(FailureKind.RATE_LIMITED, "", self.retry_after), None
        self._tokens -= 1
        self.served[int(now)] += 1
        quota = Quota(int(self._tokens), request_refill=rate) if self.tells_quota else None
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


@pytest.mark.parametrize("rate", [50, 200])
@pytest.mark.parametrize("retry_after", [None, 1.0])
def test_a_limited_endpoint_is_used_and_hardly_ever_refuses(rate: float, retry_after: float | None) -> None:
    server = Server(lambda _: rate, retry_after=retry_after)
    drive(server, Permits(64))
    n_served, n_refused = server.served.total(), server.refused.total()
    assert n_served >= 0.95 * rate * SECONDS
    assert n_refused < 0.02 * (n_served + n_refused)


@pytest.mark.parametrize(("before", "after"), [(100, 50), (100, 200), (50, 100), (200, 100)])
def test_a_limit_that_changes_is_followed(before: float, after: float) -> None:
    server = Server(lambda now: before if now < 15 else after)
    drive(server, Permits(64))
    for second in range(20, SECONDS - 1, 2):  # two seconds at a time, to smooth a bucket's own ups and downs
        assert server.served[second] + server.served[second + 1] == pytest.approx(2 * after, rel=0.1)


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
