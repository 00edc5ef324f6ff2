"""How requests are asked: within which limits, and where."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from autoeval.completions.ledger import Job, Ledger
from autoeval.completions.retries import Retries
from autoeval.completions.trial import Trial
from autoeval.types import Request


@dataclass(frozen=True)
class AskOptions:
    """How to ask.

    `max_concurrency` is the most requests in flight at one endpoint, `timeout` the seconds that one request may
    take, `max_cost` the budget in US dollars. The limits a minute are those of each model at each endpoint; an
    endpoint that takes less is noticed and heeded without them. With `is_batch` requests go into batch jobs;
    `waits` for them to be done. With `flex` OpenAI is asked for flex processing; `waits` for capacity instead of asking
    at the full price where there is none. `goes_on`: ask for all replies, whatever the first ones hold. `batch_files`
    is a folder whose files are written and read instead of asking anybody. `engine` asks elsewhere; None: this process.
    """

    max_concurrency: int = 64
    timeout: float = 120.0
    max_cost: float | None = None
    retries: Retries = field(default_factory=Retries)
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    is_batch: bool = False
    waits: bool = False
    goes_on: bool = False
    batch_files: Path | None = None
    flex: bool = False
    engine: "Engine | None" = None

    @property
    def at_batch_price(self) -> bool:
        """Whether a reply is expected to cost what it does in a batch job."""
        return self.is_batch or self.flex


class AnyLane(Protocol):
    """Everything that is asked of one model at one endpoint. A job leaves it with a reply in the cache or failed."""

    def put(self, job: Job) -> None:
        """Queue a job."""

    async def drained(self) -> None:
        """Wait until every job that was put has left."""

    async def work(self) -> None:
        """Serve queued jobs until cancelled."""

    async def close(self) -> None:
        """Free what it holds."""


class LaneElsewhere(AnyLane, Protocol):
    """A lane whose requests are not asked by this process; it wants up to `most_queued` jobs at a time."""

    @property
    def most_queued(self) -> int:
        """How many jobs are to wait in it."""


class Engine(Protocol):
    """Where requests are asked if not in this process."""

    def lane(
        self, request: Request, ledger: Ledger, trial: Trial, options: AskOptions, tasks: asyncio.TaskGroup
    ) -> LaneElsewhere:
        """Return the lane of a request's model at its endpoint."""
