"""The lanes of a run: one for each model at each endpoint."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from autoeval.completions import providers
from autoeval.completions.lane import Lane, LocalLane
from autoeval.completions.ledger import Ledger
from autoeval.completions.options import AnyLane, AskOptions, Engine
from autoeval.completions.providers.flex import FlexProvider
from autoeval.completions.scheduler import Permits
from autoeval.completions.trials import Trials
from autoeval.completions.turns import Turns, lane_name
from autoeval.types import Endpoint, Request

_MOST_QUEUED = 2_000


@dataclass
class Lanes:
    """The lanes of a run, each opened with its workers when its first request comes."""

    ledger: Ledger
    options: AskOptions
    trials: Trials
    tasks: asyncio.TaskGroup | None = None
    opened: dict[tuple[Endpoint, str], AnyLane] = field(default_factory=dict)
    _workers: list[asyncio.Task[None]] = field(default_factory=list)
    _most_queued: int = _MOST_QUEUED

    def of(self, request: Request) -> AnyLane:
        """Return the lane of a request."""
        name = (request.endpoint, request.model)
        if name not in self.opened:
            self.opened[name] = self._open(request)
        return self.opened[name]

    async def room(self) -> None:
        """Wait while too much is queued, so that memory stays flat however long the plan is."""
        while self.ledger.n_open > self._most_queued and not self.ledger.stop:
            await self.ledger.next_settled()

    def dismiss_workers(self) -> None:
        """End the lanes' work; nothing is left to do."""
        for worker in self._workers:
            worker.cancel()

    def _open(self, request: Request) -> AnyLane:
        if self.options.engine is not None:
            return self._open_elsewhere(request, self.options.engine)
        provider, trial = providers.create(request.endpoint, self.options.timeout), self.trials.of(request)
        if self.options.flex and not isinstance(provider, providers.LocalProvider):
            provider = FlexProvider(provider, self.options.waits)
        if not self.opened:
            self.ledger.progress.restart_clock()  # loading an SDK is no part of asking
        if isinstance(provider, providers.LocalProvider):
            local = LocalLane(provider, self.ledger, trial)
            self._start(local.work())
            return local
        assert self.tasks is not None
        options = self.options
        permits = Permits.limited(
            options.max_concurrency, options.requests_per_minute, options.tokens_per_minute
        )
        lane = Lane(provider, permits, self.ledger, options.retries, options.timeout, self.tasks, trial)
        if self.ledger.keeper.sharing is not None and options.requests_per_minute is not None:
            lane.turns = Turns(self.ledger.keeper, lane_name(request), options.requests_per_minute / 60)
        self._start(lane.hurry_when_stopped())
        self._start(lane.work())
        return lane

    def _open_elsewhere(self, request: Request, engine: Engine) -> AnyLane:
        assert self.tasks is not None
        lane = engine.lane(request, self.ledger, self.trials.of(request), self.options, self.tasks)
        self._most_queued = max(self._most_queued, lane.most_queued)
        if not self.opened:
            self.ledger.progress.restart_clock()  # nor is starting a cluster
        self._start(lane.work())
        return lane

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        assert self.tasks is not None
        self._workers.append(self.tasks.create_task(work))
