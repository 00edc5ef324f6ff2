"""A lane: everything that is asked of one model at one endpoint, with its workers, permits and retries."""

import asyncio
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from autoeval.completions.adaptations import settled
from autoeval.completions.desk import Desk
from autoeval.completions.ledger import Job, Ledger, Stop, StopReason
from autoeval.completions.providers import LocalProvider, Provider, Reply
from autoeval.completions.retries import Retries
from autoeval.completions.scheduler import Permit, Permits
from autoeval.completions.shuffled_queue import ShuffledQueue
from autoeval.completions.tokens import estimate_input_tokens, most_output_tokens
from autoeval.completions.trial import Trial
from autoeval.completions.turns import Turns
from autoeval.completions.waits import Waits, waits_too_long
from autoeval.types import Completion, Failure, FailureKind, Request

_FAILURES_THAT_STOP = 10
_FILTERED_THAT_STOP = 20
_FIRST_THAT_STOP = 4
"""So many different requests have failed before an endpoint that has never answered is given up."""
_LONG_REPLY_TOKENS = 256
_CLAIMED_TOGETHER = 64
_GIVEN_UP = {
    FailureKind.FILTERED: "every request is filtered",
    FailureKind.MALFORMED: "the endpoint gives no reply that can be used",
}


@dataclass
class Lane:
    """A queue of jobs for one remote model. A job leaves it with a reply in the cache or with a failure.

    It is doubtful while a request has failed for good and none has succeeded: then each of the next is tried once.
    """

    provider: Provider
    permits: Permits
    ledger: Ledger
    retries: Retries
    timeout: float
    tasks: asyncio.TaskGroup
    trial: Trial = field(default_factory=Trial)
    waits: Waits = field(default_factory=Waits)
    turns: Turns | None = None
    _in_a_row: Counter[FailureKind | None] = field(default_factory=Counter)
    _is_doubtful: bool = False

    def __post_init__(self) -> None:
        """Begin with nothing to do."""
        self.desk = Desk(self.ledger, ShuffledQueue())

    def put(self, job: Job) -> None:
        """Queue a job."""
        self.desk.put(job)

    async def drained(self) -> None:
        """Wait until every job that was put has left."""
        await self.desk.drained()

    async def work(self) -> None:
        """Send queued jobs off, each as soon as it may go, until cancelled."""
        while True:
            await self.trial.admit()
            job = await self.desk.get(min(self.permits.limit, _CLAIMED_TOGETHER))
            permit = await self.permits.acquire(self._expected_tokens(job.request))
            if self.turns is not None and not self.ledger.stop:
                await self.turns.wait()
                self.permits.restart(permit)
            self.tasks.create_task(self._serve(job, permit))

    def _expected_tokens(self, request: Request) -> float:
        if self.permits.tokens is None:  # nobody wants to know
            return 0.0
        return estimate_input_tokens(request) + min(most_output_tokens(request), _LONG_REPLY_TOKENS)

    async def _serve(self, job: Job, permit: Permit) -> None:
        reply = await self._attempt(job)
        while (pause := self._pause_of_first(job, reply)) is not None:
            await asyncio.sleep(pause)  # nobody else is let through before one request has succeeded
            self.permits.restart(permit)
            reply = await self._attempt(job)
        self.permits.release(permit, reply.outcome if reply else None, reply.quota if reply else None)
        outcome = reply.outcome if reply else _not_asked(self.ledger)
        if isinstance(outcome, Completion):
            await self._finish(job, outcome)
        else:
            await self._retry_or_give_up(job, outcome)

    async def _attempt(self, job: Job) -> Reply | None:
        """Ask once, and anew where the server refuses a parameter; None if there is no money for it."""
        adapted = self.ledger.adapted
        while await self.ledger.afford(job.key, request := adapted.of(job.request)):
            reply = await self._ask(request)
            self.ledger.pay(job.key, request, reply.outcome)
            if not adapted.learn(request, reply.outcome, self.ledger.announce):
                job.attempts += 1
                outcome = settled(request, reply.outcome)
                return reply if outcome is reply.outcome else replace(reply, outcome=outcome)
        return None

    def _pause_of_first(self, job: Job, reply: Reply | None) -> float | None:
        """Return after how long the request that opens the lane is repeated; None for any other outcome."""
        if reply is None or isinstance(reply.outcome, Completion):
            return None
        if self.permits.has_succeeded or self.ledger.stop or self._is_doubtful:
            return None
        if self._is_too_long(reply.outcome):
            return None
        return self.retries.delay(reply.outcome, job.attempts, endpoint_works=False)

    def _is_too_long(self, failure: Failure) -> bool:
        """Whether the server asks for more patience than the user has; a long wait is announced."""
        wait = failure.retry_after or 0.0
        if (told := self.waits.told(failure, time.time())) is not None:
            self.ledger.announce(told)
        return wait > self.retries.max_wait

    async def _ask(self, request: Request) -> Reply:
        if getattr(self.provider, "keeps_time", False):
            return await self.provider.complete(request)
        try:
            async with asyncio.timeout(self.timeout):
                return await self.provider.complete(request)
        except TimeoutError:
            return Reply(Failure(FailureKind.TIMEOUT, f"no complete reply within {self.timeout:g} s"))

    async def _finish(self, job: Job, completion: Completion) -> None:
        self._in_a_row.clear()
        if (message := self.trial.note(job.request, completion)) is not None:
            self.ledger.halt(
                Stop(StopReason.UNREADABLE, message)
            )  # before the next request, not when this is kept
        await self.ledger.done(job, completion)
        self.desk.done()

    async def _retry_or_give_up(self, job: Job, failure: Failure) -> None:
        self.trial.give_back()
        if failure.kind is FailureKind.REFUSED:
            self.ledger.halt(Stop(StopReason.REFUSED, failure.message))
        if self._is_too_long(failure):
            self.ledger.halt(waits_too_long(failure, self.retries.max_wait, time.time()))
        delay = self._delay(job, failure)
        if delay is None or self.ledger.stop:
            await self._give_up(job, failure)
            return
        self.ledger.progress.retried += 1
        self.ledger.progress.note = f"{failure.kind}: {failure.message}"
        self.desk.put_aside(job, delay)

    def _delay(self, job: Job, failure: Failure) -> float | None:
        if not self.permits.has_succeeded and self._is_doubtful:
            return None  # one request has been tried often enough; the next ones only show whether it was to blame
        return self.retries.delay(failure, job.attempts, self.permits.has_succeeded)

    async def _give_up(self, job: Job, failure: Failure) -> None:
        await self.ledger.give_up(job, failure)
        self.desk.done()
        if failure.kind is FailureKind.NOT_ASKED:
            return
        self._is_doubtful |= failure.retryable
        alike = None if failure.retryable else failure.kind
        self._in_a_row[alike] += 1
        if self._in_a_row[alike] >= self._most_failures(failure):
            self._stop_for(failure)

    def _most_failures(self, failure: Failure) -> int:
        """Return after how many requests in a row that failed for good the endpoint is given up."""
        if failure.kind is FailureKind.FILTERED:
            return _FILTERED_THAT_STOP
        is_first = not self.permits.has_succeeded and failure.retryable
        return _FIRST_THAT_STOP if is_first else _FAILURES_THAT_STOP

    def _stop_for(self, failure: Failure) -> None:
        """Stop asking an endpoint that has only failed for a while."""
        if failure.kind is FailureKind.INVALID_REQUEST:
            if not self.permits.has_succeeded:
                message = f"every request was refused as invalid: {failure.message}"
                self.ledger.halt(Stop(StopReason.REFUSED, message))
            return
        about = _GIVEN_UP.get(failure.kind, "the endpoint does not answer")
        self.ledger.halt(Stop(StopReason.UNREACHABLE, f"{about} ({failure.kind}: {failure.message})"))

    async def hurry_when_stopped(self) -> None:
        """Once the run is stopped, hand back the jobs that wait for a retry instead of waiting on."""
        await self.ledger.stopped()
        self.permits.lift()
        self.trial.lift()
        self.desk.hurry()

    async def close(self) -> None:
        """Close the connections."""
        await self.provider.close()


@dataclass
class LocalLane:
    """A queue of jobs for a model that runs in this process: asked in batches on one worker thread."""

    provider: LocalProvider
    ledger: Ledger
    trial: Trial = field(default_factory=Trial)
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "local-model"))

    def __post_init__(self) -> None:
        """Begin with nothing to do."""
        self.desk = Desk(self.ledger)

    def put(self, job: Job) -> None:
        """Queue a job."""
        self.desk.put(job)

    async def drained(self) -> None:
        """Wait until every job that was put has left."""
        await self.desk.drained()

    async def work(self) -> None:
        """Serve batches until cancelled; their replies are stored batch by batch."""
        while True:
            most = self.provider.batch_size if self.trial.is_proven else self.trial.room
            jobs = await self.desk.get_many(max(1, min(most, self.provider.batch_size)))
            if self.ledger.stop:
                outcomes: list[Completion | Failure] = [_not_asked(self.ledger) for _ in jobs]
            else:
                requests = [job.request for job in jobs]
                loop = asyncio.get_running_loop()
                outcomes = await loop.run_in_executor(self._thread, self.provider.complete_many, requests)
            for job, outcome in zip(jobs, outcomes, strict=True):
                await self._settle(job, outcome)

    async def _settle(self, job: Job, outcome: Completion | Failure) -> None:
        if isinstance(outcome, Completion):
            self.ledger.pay(job.key, job.request, outcome)
            await self.ledger.done(job, outcome)
            if (message := self.trial.learn(job.request, outcome)) is not None:
                self.ledger.halt(Stop(StopReason.UNREADABLE, message))
        else:
            if outcome.kind is FailureKind.REFUSED:
                self.ledger.halt(Stop(StopReason.REFUSED, outcome.message))
            await self.ledger.give_up(job, outcome)
        self.desk.done()

    async def close(self) -> None:
        """Free the model."""
        self._thread.shutdown(wait=True)
        self.provider.close()


def _not_asked(ledger: Ledger) -> Failure:
    assert ledger.stop is not None
    return Failure(FailureKind.NOT_ASKED, f"not asked: {ledger.stop.reason}")
