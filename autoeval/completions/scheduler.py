"""How many requests may be in flight at one endpoint: a limit that finds its own level.

It starts with a single request, so that a refused key costs one call. The first reply opens it to a handful;
every full round of replies without a complaint doubles it, and after the first complaint grows it by one. A 429
cuts it once per episode (whatever was already in flight then does not count again) and pauses the endpoint for
as long as the server asked.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from autoeval.types import Failure, FailureKind

_FIRST_LIMIT = 16.0
_CUT = 0.7
_CLOCK_TICK = 0.001


@dataclass
class Permits:
    """The permits of one endpoint, model and key.

    `most` is the user's limit on requests in flight. Use `acquire` before a request and `release` after it.
    """

    most: int
    limit: float = 1.0
    in_flight: int = 0
    has_succeeded: bool = False
    _is_doubling: bool = True
    _paused_until: float = 0.0
    _episode_ends: float = 0.0
    _waiters: deque[asyncio.Future[None]] = field(default_factory=deque)

    async def acquire(self) -> float:
        """Wait for a permit; returns the time at which it was given, to be handed back to `release`."""
        loop = asyncio.get_running_loop()
        while self.in_flight >= int(self.limit) or loop.time() < self._paused_until:
            waiter = loop.create_future()
            self._waiters.append(waiter)
            await waiter
        self.in_flight += 1
        return loop.time()

    def lift(self) -> None:
        """Let everybody through: the run has stopped, and what is left only has to be handed back."""
        self._paused_until = 0.0
        self.limit = float(self.in_flight + len(self._waiters) + self.most)
        self._wake()

    def release(self, started: float, failure: Failure | None, was_asked: bool = True) -> None:
        """Give a permit back and learn from what came of it, if it was used."""
        self.in_flight -= 1
        if not was_asked:
            pass
        elif failure is None:
            self._grow()
        elif failure.kind is FailureKind.RATE_LIMITED:
            self._back_off(started, failure.retry_after)
        self._wake()

    def _wake(self) -> None:
        if asyncio.get_running_loop().time() < self._paused_until:
            return
        free = int(self.limit) - self.in_flight
        while free > 0 and self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():  # a cancelled one needs no permit
                waiter.set_result(None)
                free -= 1

    def _grow(self) -> None:
        if not self.has_succeeded:
            self.has_succeeded = True
            self.limit = min(_FIRST_LIMIT, self.most)
        elif self.in_flight + 1 >= int(self.limit):  # growth is only earned by a limit that was used
            step = 1.0 if self._is_doubling else 1.0 / self.limit
            self.limit = min(self.limit + step, self.most)

    def _back_off(self, started: float, retry_after: float | None) -> None:
        now = asyncio.get_running_loop().time()
        if retry_after:
            self._paused_until = max(self._paused_until, now + retry_after)
            asyncio.get_running_loop().call_at(self._paused_until + _CLOCK_TICK, self._wake)
        if started < self._episode_ends:
            return
        self._is_doubling = False
        self.limit = max(1.0, self.limit * _CUT)
        self._episode_ends = now
