"""What is known of an asking run so far: what is open, done, failed and spent, and why it stopped if it did."""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from autoeval.completions.adaptations import Adaptations
from autoeval.completions.budget import Budget
from autoeval.completions.cache import Cache
from autoeval.completions.keeping import Keeper
from autoeval.types import Completion, Failure, FailureKind, Request

_GRANTED_TOGETHER = 16


class StopReason(StrEnum):
    """Why asking ended before every request had its turn."""

    BUDGET = "budget"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    UNREADABLE = "no verdict"
    PENDING = "pending"


@dataclass(frozen=True)
class Stop:
    """The end of a run, with a message for its user."""

    reason: StopReason
    message: str


@dataclass
class Job:
    """A request on its way, with the attempts so far.

    `is_claimed`: it is this run's to ask, whatever the cache has and whoever else asks.
    """

    key: bytes
    request: Request
    is_claimed: bool = False
    attempts: int = 0


@dataclass
class Progress:
    """Counts of a run as it goes; may be read at any time from any thread.

    `total` is what is expected, `doing` what a reply means to the user, `per_request` how much of it one brings.
    """

    total: int = 0
    doing: str = "judged"
    per_request: float = 1.0
    planned: int = 0
    cached: int = 0
    done: int = 0
    failed: int = 0
    retried: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    spent: float = 0.0
    is_price_known: bool = True
    note: str = ""
    began: float = field(default_factory=time.monotonic)

    def restart_clock(self) -> None:
        """Count the time from now."""
        self.began = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.began


@dataclass
class Ledger:
    """The books of one run. `announce` tells its user a line; `adapted` is what is sent otherwise than planned.

    `shares` says that this run's budget is that of all runs over one cache, where they can share one.
    """

    cache: Cache
    budget: Budget
    progress: Progress
    on_reply: Callable[[], None] | None = None
    announce: Callable[[str], None] = lambda _: None
    shares: bool = True
    failures: dict[bytes, Failure] = field(default_factory=dict)
    models: set[str] = field(default_factory=set)
    adapted: Adaptations = field(default_factory=Adaptations)
    n_pending: int = 0
    stop: Stop | None = None
    keeper: Keeper = field(init=False)
    _open: set[bytes] = field(default_factory=set)
    _stopped: asyncio.Event = field(default_factory=asyncio.Event)
    _settled: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """Begin with nothing claimed."""
        self.keeper = Keeper(self.cache)
        if self.shares and self.keeper.sharing is not None and self.budget.limit is not None:
            self.budget.granted = 0.0

    def open(self, key: bytes) -> bool:
        """Claim a request for this run; False where it is already in flight or has failed."""
        if key in self._open or key in self.failures:
            return False
        self._open.add(key)
        return True

    @property
    def n_open(self) -> int:
        """How many requests are queued, in flight or waiting for a retry."""
        return len(self._open)

    async def next_settled(self) -> None:
        """Wait until one more request is settled or the run stops."""
        self._settled.clear()
        if self.stop is None:
            await self._settled.wait()

    async def afford(self, key: bytes, request: Request) -> bool:
        """Reserve the most that a request can cost, waiting while others may turn out cheaper; False: no money."""
        while not self.stop:
            if await self.can_afford(key, request):
                return True
            if self.budget.is_idle:
                others = await self.keeper.taken_by_others()
                self.halt(Stop(StopReason.BUDGET, self.budget.message(request, others)))
                break
            await self.next_settled()
        return False

    async def can_afford(self, key: bytes, request: Request) -> bool:
        """Reserve the most that a request can cost if there is money for it now."""
        while not self.budget.reserve(key, request):
            if not await self._is_granted_more(request):
                return False
        return True

    async def _is_granted_more(self, request: Request) -> bool:
        """Take some more of a budget that several runs share, for a few requests at once or at least for this one."""
        budget = self.budget
        if budget.granted is None or budget.limit is None:
            return False
        most = budget.most(request)
        for dollars in (_GRANTED_TOGETHER * most, most):
            if await self.keeper.grant(dollars, budget.limit):
                budget.granted += dollars
                return True
        return False

    def pay(self, key: bytes, request: Request, outcome: Completion | Failure) -> None:
        """Settle what a request really cost and wake those who wait for money."""
        self.budget.settle(key, request, outcome)
        self.progress.spent = self.budget.spent
        self.progress.is_price_known = self.budget.is_complete
        self._settled.set()

    def found(self, job: Job) -> None:
        """Count a reply that another process has stored since the request was planned."""
        self._open.discard(job.key)
        self.progress.cached += 1
        self._settled.set()

    async def done(self, job: Job, completion: Completion) -> None:
        """Store a reply and count it."""
        await self.keeper.keep(job.key, completion)
        self.count(job.key, completion)

    def count(self, key: bytes, completion: Completion) -> None:
        """Count a reply that is stored."""
        self._open.discard(key)
        self.progress.done += 1
        self.progress.input_tokens += completion.input_tokens or 0
        self.progress.output_tokens += completion.output_tokens or 0
        self.progress.reasoning_tokens += completion.reasoning_tokens or 0
        if completion.model:
            self.models.add(completion.model)
        if self.on_reply:
            self.on_reply()

    def collected(self, key: bytes, request: Request, outcome: Completion | Failure) -> None:
        """Take what came of a request in a batch job, which is stored; a failed one may be asked again."""
        self.pay(key, request, outcome)
        if isinstance(outcome, Completion):
            self.count(key, outcome)
        else:
            self._open.discard(key)
            self.progress.retried += 1

    def release(self, key: bytes) -> None:
        """Take a claim back: the request is not asked in this run's name, at least for now."""
        self.budget.release(key)
        self._open.discard(key)

    def is_open(self, key: bytes) -> bool:
        """Whether a request is claimed and has neither a reply nor failed."""
        return key in self._open

    @property
    def open_keys(self) -> list[bytes]:
        """What is claimed and has neither a reply nor failed."""
        return list(self._open)

    async def give_up(self, job: Job, failure: Failure) -> None:
        """Give a request up for this run, and leave it to others where the run goes on."""
        self.failed(job.key, failure)
        if failure.kind is not FailureKind.NOT_ASKED:
            await self.keeper.release(job.key)

    def failed(self, key: bytes, failure: Failure) -> None:
        """Note that a request has failed for good."""
        self._open.discard(key)
        self.failures[key] = failure
        self.progress.failed += failure.kind is not FailureKind.NOT_ASKED

    def wait_for_batches(self, keys: Iterable[bytes]) -> None:
        """Leave requests that are in a batch job to it."""
        failure = Failure(FailureKind.NOT_ASKED, "it waits in a batch job")
        for key in keys:
            self.failures[key] = failure
            self.n_pending += 1

    @property
    def pending_stop(self) -> Stop | None:
        """Why a run is not complete that left requests to batch jobs."""
        if not self.n_pending:
            return None
        message = (
            f"{self.n_pending} requests wait in batch jobs; collect them with --batch, later or with --wait"
        )
        return Stop(StopReason.PENDING, message)

    def halt(self, stop: Stop) -> None:
        """Let nothing new be sent; what is in flight is still taken. The first reason stands."""
        if self.stop is None:
            self.stop = stop
            self.progress.note = stop.message
            self._stopped.set()
            self._settled.set()

    async def stopped(self) -> None:
        """Wait until the run is stopped."""
        await self._stopped.wait()
