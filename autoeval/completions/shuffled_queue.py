"""A queue that hands out what waits in it in random order.

So two processes that work through the same plan with one cache seldom ask the same question at the same time, and a
run that a budget ends has judged a random sample of what was queued, not its beginning.
"""

import asyncio
import random
from typing import TypeVar

T = TypeVar("T")


class ShuffledQueue(asyncio.Queue[T]):
    """An asyncio.Queue in random order."""

    def _init(self, maxsize: int) -> None:  # noqa: ARG002
        self._queue: list[T] = []

    def _get(self) -> T:
        place = int(random.random() * len(self._queue))  # randrange takes five times as long
        self._queue[place], self._queue[-1] = self._queue[-1], self._queue[place]
        return self._queue.pop()
