"""A pace that the runs of several processes keep together: each takes its turns from the server that they share."""

import asyncio
import hashlib
import json
from dataclasses import dataclass, field
from functools import partial

from autoeval.completions.keeping import Keeper
from autoeval.types import Request

_TOGETHER_SECONDS = 0.5
_MOST_TOGETHER = 100


def lane_name(request: Request) -> str:
    """Return what names a model at an endpoint to every process."""
    endpoint = request.endpoint
    who = [endpoint.provider, endpoint.cache_as or endpoint.base_url, request.model]
    return hashlib.sha256(json.dumps(who).encode()).hexdigest()


@dataclass
class Turns:
    """The turns of one lane, taken some at a time; `per_second` is the pace of all processes together."""

    keeper: Keeper
    name: str
    per_second: float
    _next: float = 0.0
    _left: int = 0
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def wait(self) -> None:
        """Wait for the next turn."""
        sharing = self.keeper.sharing
        assert sharing is not None
        async with self._lock:
            loop = asyncio.get_running_loop()
            if not self._left:
                count = max(1, min(int(self.per_second * _TOGETHER_SECONDS), _MOST_TOGETHER))
                wait = await self.keeper.run(partial(sharing.turns, self.name, self.per_second, count))
                self._next, self._left = loop.time() + wait, count
            wait = self._next - loop.time()
            self._next += 1 / self.per_second
            self._left -= 1
        if wait > 0:
            await asyncio.sleep(wait)
