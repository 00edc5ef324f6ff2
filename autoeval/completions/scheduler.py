"""How many requests may be in flight at one endpoint, and how fast they may follow each other.

It starts with a single request, so that a refused key costs one call. The first reply opens it to a handful; the
limit doubles with every round of replies for as long as that brings more replies a second, and grows by one a round
after that. Complaints (429) slow the pace down, not the number in flight; other errors change neither.

A request that takes far longer than its like gives its place to another, so that a few that hang do not hold up
the rest.
"""

import asyncio
import math
from dataclasses import dataclass, field

from autoeval.completions.pace import Pace
from autoeval.completions.providers import Quota
from autoeval.types import Completion, Failure, FailureKind

_FIRST_LIMITS = (4, 32)
_FIRST_RATE = 100
"""The first reply opens the endpoint to so many requests a second, and to a number in flight between these two."""
_PAYS = 1.2
"""Twice the requests in flight have to bring that much more replies a second."""
_SHORTEST_ROUND = 0.2
"""Seconds; a server that answers at once is busy with a few requests in flight, and may still have a limit."""
_OVERDUE_AT_LEAST = 0.5
_MOST_OVERDUE = 4
_CLOCK_TICK = 0.001


@dataclass(slots=True, eq=False)
class Permit:
    """One request's place, given at `started` (the event loop's time) for about so many tokens.

    It is passed on at `due`, by the same clock.
    """

    started: float
    tokens: float = 0.0
    due: float = math.inf
    is_overdue: bool = False


@dataclass
class Latency:
    """The usual seconds of a reply and their spread, as TCP estimates round trips (RFC 6298)."""

    mean: float | None = None
    deviation: float = 0.0

    @property
    def overdue(self) -> float | None:
        """After how many seconds a reply takes far longer than usual; None while too little is known."""
        if self.mean is None:
            return None
        return max(2 * self.mean, self.mean + 4 * self.deviation, _OVERDUE_AT_LEAST)

    def note(self, seconds: float) -> None:
        """Learn from a reply; one that hung counts as just overdue, so that it does not hide the next."""
        if self.mean is None:
            self.mean, self.deviation = seconds, seconds / 2
            return
        seconds = min(seconds, 1.5 * (self.overdue or seconds))
        self.deviation += (abs(seconds - self.mean) - self.deviation) / 4
        self.mean += (seconds - self.mean) / 8


@dataclass
class TokenAllowance:
    """The user's limit on tokens, per second; what a request really took is settled when it is known."""

    per_second: float
    _balance: float = 0.0
    _filled_at: float = 0.0

    def wait(self, now: float) -> float:
        """Return how many seconds the next request has to wait."""
        self._fill(now)
        return max(0.0, -self._balance / self.per_second)

    def take(self, tokens: float, now: float) -> None:
        """Spend tokens; a negative number gives them back."""
        self._fill(now)
        self._balance -= tokens

    def _fill(self, now: float) -> None:
        self._balance = min(self._balance + (now - self._filled_at) * self.per_second, self.per_second)
        self._filled_at = now


@dataclass
class Permits:
    """The permits of one endpoint, model and key; one task at a time may wait for one.

    `most` is the user's limit on requests in flight; those that hang come on top, up to four times as many.
    """

    most: int
    pace: Pace = field(default_factory=Pace)
    tokens: TokenAllowance | None = None
    limit: int = 1
    in_flight: int = 0
    n_overdue: int = 0
    has_succeeded: bool = False
    latency: Latency = field(default_factory=Latency)
    mean_tokens: float = 0.0
    _is_lifted: bool = False
    _is_doubling: bool = True
    _bell: asyncio.Future[None] | None = None
    _timed: set[Permit] = field(default_factory=set)
    _sweep: asyncio.TimerHandle | None = None
    _round_began: float = 0.0
    _round_replies: int = 0
    _round_was_full: bool = False
    _last_rate: float = 0.0

    @classmethod
    def limited(
        cls, most: int, requests_per_minute: float | None, tokens_per_minute: float | None
    ) -> "Permits":
        """Return the permits of an endpoint with the user's own limits; None for no limit."""
        pace = Pace() if requests_per_minute is None else Pace(most=requests_per_minute / 60)
        tokens = None if tokens_per_minute is None else TokenAllowance(tokens_per_minute / 60)
        return cls(most, pace, tokens)

    async def acquire(self, tokens: float = 0.0) -> Permit:
        """Wait for a permit for a request of about so many tokens; hand it back to `release`."""
        loop = asyncio.get_running_loop()
        while (wait := self._wait(loop.time())) != 0:
            self._bell = loop.create_future()
            timer = None if wait is None else loop.call_later(wait + _CLOCK_TICK, self._ring)
            await self._bell
            if timer is not None:
                timer.cancel()
        now = loop.time()
        self.in_flight += 1
        self.pace.sent(now)
        if self.tokens is not None:
            self.tokens.take(tokens, now)
        permit = Permit(now, tokens)
        if (overdue := self.latency.overdue) is not None:
            permit.due = now + overdue
            self._timed.add(permit)
            self._sweep_at(permit.due)
        return permit

    def restart(self, permit: Permit) -> None:
        """Count a permit's time from now, because its request is only sent now."""
        permit.started = asyncio.get_running_loop().time()

    def lift(self) -> None:
        """Let everybody through: the run has stopped, and what is left only has to be handed back."""
        self._is_lifted = True
        self._ring()

    def release(
        self, permit: Permit, outcome: Completion | Failure | None, quota: Quota | None = None
    ) -> None:
        """Give a permit back and learn from what came of it.

        Args:
            permit: from `acquire`.
            outcome: the reply or what went wrong; None where the permit was not used.
            quota: what the server said of its limits.
        """
        now = asyncio.get_running_loop().time()
        self._timed.discard(permit)
        if permit.is_overdue:
            self.n_overdue -= 1
        else:
            self.in_flight -= 1
        self._settle_tokens(permit, outcome, now)
        if isinstance(outcome, Completion):
            self.latency.note(now - permit.started)
            self.pace.served()
            self._grow(now - permit.started, now)
        elif outcome is not None and outcome.kind is FailureKind.RATE_LIMITED:
            self.pace.refused(permit.started, outcome.retry_after, now)
        if quota is not None:
            self._heed(quota, now)
        self._ring()

    def _settle_tokens(self, permit: Permit, outcome: Completion | Failure | None, now: float) -> None:
        used = 0.0
        if isinstance(outcome, Completion):
            used = float((outcome.input_tokens or 0) + (outcome.output_tokens or 0)) or permit.tokens
            self.mean_tokens += (used - self.mean_tokens) / 8 if self.mean_tokens else used
        if self.tokens is not None:
            self.tokens.take(used - permit.tokens, now)

    def _heed(self, quota: Quota, now: float) -> None:
        """Near the end of what the server says is left, go as fast as it says that refills."""
        if quota.request_refill is not None and (quota.remaining_requests or 0) <= self.in_flight:
            self.pace.refill(quota.request_refill, now)
        most_tokens = self.mean_tokens * self.in_flight
        if quota.token_refill is not None and most_tokens and (quota.remaining_tokens or 0) <= most_tokens:
            self.pace.refill(quota.token_refill / self.mean_tokens, now)

    def _wait(self, now: float) -> float | None:
        """Return the seconds to wait for a permit; None for until something changes."""
        if self._is_lifted:
            return 0.0
        if self.in_flight >= self.limit or self.n_overdue >= _MOST_OVERDUE * self.most:
            return None
        return max(self.pace.wait(now), 0.0 if self.tokens is None else self.tokens.wait(now))

    def _ring(self) -> None:
        if self._bell is not None and not self._bell.done():
            self._bell.set_result(None)

    def _sweep_at(self, due: float) -> None:
        """Look then at the latest for permits to pass on: one timer for all, since hardly any is ever overdue."""
        if self._sweep is not None:
            if self._sweep.when() <= due:
                return
            self._sweep.cancel()
        self._sweep = asyncio.get_running_loop().call_at(due, self._pass_on)

    def _pass_on(self) -> None:
        """Give the places of the requests that are overdue to others."""
        self._sweep = None
        now = asyncio.get_running_loop().time()
        for permit in [permit for permit in self._timed if permit.due <= now]:
            self._timed.remove(permit)
            permit.is_overdue = True
            self.in_flight -= 1
            self.n_overdue += 1
            self._ring()
        if self._timed:
            self._sweep_at(min(permit.due for permit in self._timed))

    def _grow(self, seconds: float, now: float) -> None:
        if not self.has_succeeded:
            self.has_succeeded = True
            least, most = _FIRST_LIMITS
            self.limit = min(max(least, round(_FIRST_RATE * seconds)), most, self.most)
            self._round_began = now
            return
        self._round_replies += 1
        self._round_was_full = self._round_was_full or self.in_flight + 1 >= self.limit
        if self._round_replies < self.limit or now - self._round_began < _SHORTEST_ROUND:
            return
        if self._round_was_full:  # growth is only earned by a limit that was used
            rate = self._round_replies / max(now - self._round_began, 1e-9)
            self._is_doubling = self._is_doubling and rate >= _PAYS * self._last_rate
            self.limit = min(self.limit * 2 if self._is_doubling else self.limit + 1, self.most)
            self._last_rate = rate
        self._round_began, self._round_replies, self._round_was_full = now, 0, False
