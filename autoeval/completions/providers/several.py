"""One model on several servers: each request goes to the one with the fewest in flight.

So a server gets its share by its speed. One that does not answer is left out for a while, which doubles each time, and
then tried again with one request.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

from autoeval.completions.providers import Provider, Reply, create
from autoeval.types import Completion, Endpoint, Failure, FailureKind, Request

_FIRST_REST, _LONGEST_REST = 1.0, 30.0
"""Seconds."""
_NOT_THERE = frozenset({FailureKind.CONNECTION, FailureKind.TIMEOUT, FailureKind.SERVER_ERROR})
_ASK_ANOTHER = frozenset({FailureKind.CONNECTION, FailureKind.SERVER_ERROR, FailureKind.RATE_LIMITED})


@dataclass
class _Server:
    """One server; it may be asked from `ready_at` (on the monotonic clock) on."""

    provider: Provider
    in_flight: int = 0
    ready_at: float = 0.0
    n_failed: int = 0

    def is_ready(self, now: float) -> bool:
        """Whether it answers, as far as is known; one that did not is tried with one request at a time."""
        return now >= self.ready_at and not (self.n_failed and self.in_flight)

    async def complete(self, request: Request) -> Reply:
        """Ask once, and learn from what comes."""
        self.in_flight += 1
        try:
            reply = await self.provider.complete(request)
        finally:
            self.in_flight -= 1
        self._learn(reply.outcome, time.monotonic())
        return reply

    def _learn(self, outcome: Completion | Failure, now: float) -> None:
        if isinstance(outcome, Completion):
            self.n_failed, self.ready_at = 0, 0.0
        elif outcome.kind in _NOT_THERE:
            rest = min(_FIRST_REST * 2.0 ** min(self.n_failed, 10), _LONGEST_REST)
            self.ready_at = now + max(rest, outcome.retry_after or 0.0)
            self.n_failed += 1
        elif outcome.kind is FailureKind.RATE_LIMITED:
            self.ready_at = now + (outcome.retry_after or _FIRST_REST)


class SeveralServers:
    """Asks the servers of an endpoint as if they were one."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        """Take the addresses; each server is connected to when it is first asked."""
        addresses = (endpoint.base_url, *endpoint.more_urls)
        self._servers: Sequence[_Server] = [
            _Server(cast("Provider", create(replace(endpoint, base_url=address, more_urls=()), timeout)))
            for address in addresses
        ]

    async def complete(self, request: Request) -> Reply:
        """Ask once, of as many servers as it takes; see `Provider.complete`."""
        tried: list[_Server] = []
        while True:
            server = self._next(tried)
            reply = await server.complete(request)
            tried.append(server)
            is_asked_elsewhere = isinstance(reply.outcome, Failure) and reply.outcome.kind in _ASK_ANOTHER
            if not is_asked_elsewhere or not self._ready(tried):
                return reply

    async def close(self) -> None:
        """Close every connection."""
        await asyncio.gather(*(server.provider.close() for server in self._servers))

    def _ready(self, tried: Sequence[_Server]) -> list[_Server]:
        now = time.monotonic()
        return [server for server in self._servers if server not in tried and server.is_ready(now)]

    def _next(self, tried: Sequence[_Server]) -> _Server:
        """Return the server with the fewest requests in flight; where none answers, the one that rests least."""
        if ready := self._ready(tried):
            fewest = min(server.in_flight for server in ready)
            return random.choice([server for server in ready if server.in_flight == fewest])
        return min(self._servers, key=lambda server: server.ready_at)
