"""Asking through batch jobs: collect what is done, submit what is missing, come back later."""

import time
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice

from autoeval.completions.batch.apis import (
    BatchApi,
    BatchError,
    BatchRefusedError,
    BatchUnknownError,
    Outcome,
    batch_api,
)
from autoeval.completions.batch.jobs import ABANDONED_SECONDS, LEAST_REQUESTS, BatchJob, Jobs, JobState
from autoeval.completions.batch.submission import Submission
from autoeval.completions.cache import CacheError
from autoeval.completions.keys import request_key
from autoeval.completions.ledger import Ledger, Stop, StopReason
from autoeval.errors import AutoevalError
from autoeval.types import Completion, Endpoint, Failure, FailureKind, Request

_LOOKED_UP_AT_ONCE = 200
_STORED_AT_ONCE = 500
_MOST_SUBMISSIONS = 3
_WINDOW = timedelta(hours=24)
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 300.0
"""Seconds between two looks at the jobs."""
_NO_RESULT = Failure(FailureKind.SERVER_ERROR, "the batch has no result for it")
_CANCELLED = Failure(FailureKind.NOT_ASKED, "the batch was cancelled")


class BatchPendingError(AutoevalError):
    """Replies are still to come; the message says from when."""

    exit_code = 6


@dataclass
class BatchRun:
    """One run's work on the batch jobs in a cache's file.

    The file may also hold jobs of other runs. They are collected where possible, but this run neither waits for them
    nor counts what they cost. What is this run's own is open in its ledger.
    """

    ledger: Ledger
    timeout: float
    announce: Callable[[str], None]
    _apis: dict[Endpoint, BatchApi] = field(default_factory=dict)
    _answered: set[bytes] = field(default_factory=set)
    _is_due: bool = True
    _has_to_wait: bool = False
    _has_waited: bool = False
    _n_done: int = 0
    _n_replies: int = 0

    def __post_init__(self) -> None:
        """Open the books."""
        self.jobs = Jobs(self.ledger.cache)

    def ask(self, requests: Iterable[Request], again: Set[bytes], waits: bool) -> None:
        """Ask every request that the cache does not have a reply to.

        Args:
            requests: what is to be asked; iterated again to submit, and where something has to be submitted a
                second time.
            again: keys of requests to ask although the cache has a reply.
            waits: stay until every job is done.

        Raises:
            BatchPendingError: jobs are open, and nobody waits.
            BatchError: the API does not do what it should.
        """
        self._take_stock(requests, again)
        for pause in _pauses():
            trouble: BatchError | None = None
            try:
                self._collect_all()
                if self._is_due:
                    self._submit_missing(requests, again)
            except BatchRefusedError:
                raise
            except BatchError as error:  # it may answer again when we look next
                if not waits:
                    raise
                trouble = error
            open_jobs = [job for job in self._open_jobs() if self._is_ours(job)]
            if not (open_jobs or self._has_to_wait or trouble):
                return
            message = pending_message(open_jobs, self._has_to_wait, self._n_replies)
            if not waits:
                raise BatchPendingError(f"{message} Run the same command again then (or now with --wait).")
            note = self._note(open_jobs, pause)
            self._wait(pause, f"{trouble}; {note}" if trouble else note, str(trouble or message))

    def collect_for_others(self) -> None:
        """Collect for a run that asks live and does not depend on it; what goes wrong is only announced."""
        self._collect_all()
        if self._n_replies:
            self.announce(f"{self._n_replies} replies of batch jobs were collected")

    def close(self) -> None:
        """Close the connections to the APIs."""
        for api in self._apis.values():
            api.close()

    def _take_stock(self, requests: Iterable[Request], again: Set[bytes]) -> None:
        """Count what is there, and claim what waits in a job already."""
        cache, progress = self.ledger.cache, self.ledger.progress
        for by_key in _chunks(requests):
            waiting = cache.in_batches(list(by_key))  # before what is known: it may be collected in between
            known = cache.known(list(by_key)) - again
            progress.planned += len(by_key)
            progress.cached += len(known)
            for key in waiting - known:
                if self.ledger.open(key):
                    self.ledger.budget.commit(key, by_key[key])

    def _submit_missing(self, requests: Iterable[Request], again: Set[bytes]) -> None:
        self._is_due, self._has_to_wait = True, False  # until everything is submitted
        cache, forced = self.ledger.cache, again - self._answered
        submission = Submission(self.ledger, self.jobs, self.api_of, forced)
        for by_key in _chunks(requests):
            if self.ledger.stop:
                break
            waiting = cache.in_batches(list(by_key))
            known = cache.known(list(by_key)) - forced
            missing = [key for key in by_key if key not in known and key not in waiting]
            for key in self._without_hopeless(missing):
                self._has_to_wait |= not submission.add(key, by_key[key])
        submission.finish()
        self._is_due = self._has_to_wait

    def _without_hopeless(self, keys: list[bytes]) -> Iterator[bytes]:
        """Give up what has failed too often in jobs, or was refused; the next run tries anew what may then work."""
        failures = self.jobs.failures(keys)
        forgiven = []
        for key in keys:
            attempts, failure = failures.get(key, (0, None))
            if failure is None or (attempts < _MOST_SUBMISSIONS and failure.retryable):
                yield key
                continue
            self.ledger.failed(key, failure)
            if failure.kind is FailureKind.REFUSED:
                self.ledger.halt(Stop(StopReason.REFUSED, failure.message))
            if failure.kind is not FailureKind.INVALID_REQUEST:
                forgiven.append(key)
        self.jobs.forgive(forgiven)

    def _collect_all(self) -> None:
        """Store the replies of every job that has ended.

        Raises:
            BatchError, UsageError: what went wrong with a job of this run; with others' it is only announced.
        """
        self._reconcile()
        self._n_done = 0
        troubles = []
        for job in self._open_jobs():
            is_ours = self._is_ours(job)
            if self._has_waited and not is_ours:
                continue
            try:
                self._look_at(job)
            except CacheError:
                raise
            except AutoevalError as error:
                if is_ours:
                    troubles.append(error)
                else:
                    self.announce(f"a batch job of another run could not be collected: {error}")
        if troubles:
            raise min(troubles, key=lambda trouble: not isinstance(trouble, BatchRefusedError))

    def _reconcile(self) -> None:
        """Let go of what another process has collected or set free in the meantime."""
        claimed = self.ledger.open_keys
        gone = set(claimed) - self.ledger.cache.in_batches(claimed)
        known = self.ledger.cache.known(list(gone))
        for key in gone:
            self.ledger.release(key)
        self._answered |= known
        self.ledger.progress.cached += len(known)
        self._is_due |= bool(gone)

    def _look_at(self, job: BatchJob) -> None:
        found = self._adopted(job) if job.state is JobState.SUBMITTING else job
        if found is None or found.id is None:
            return
        try:
            self._collect(found, found.id)
        except BatchUnknownError as error:
            raise BatchRefusedError(
                f"{error}. Is the job another account's, or older than a month? "
                f"`alpaca_eval batches --forget {found.id}` gives it up; its requests are then asked again."
            ) from None

    def _adopted(self, job: BatchJob) -> BatchJob | None:
        """Find out whether a job was submitted whose run ended while it did that; then it is open."""
        if job.is_being_submitted:
            return None
        provider_id = self.api_of(job.endpoint).find(job.note, job.created, job.n_requests)
        if provider_id is not None and provider_id not in {other.id for other in self.jobs.all()}:
            return self.jobs.submitted(job, provider_id)
        if job.is_local or time.time() > job.created + ABANDONED_SECONDS:
            self._set_free(job, JobState.FAILED)
        return None

    def _collect(self, job: BatchJob, job_id: str) -> None:
        api = self.api_of(job.endpoint)
        status = api.status(job_id)
        if not status.is_ended:
            self._n_done += status.n_done
            return
        if status.is_gone:
            self.announce(f"the replies of batch {job_id} are not kept any more; they are asked for again")
            self._set_free(job, JobState.FAILED)
        elif status.is_too_large:
            self._set_free(job, JobState.TOO_LARGE)
            self._say_too_large(job, f"the batch {job_id} was not taken: {status.error}")
        elif status.error is not None:
            self._set_free(job, JobState.FAILED)
            raise BatchRefusedError(f"the batch {job_id} was refused: {status.error}")
        else:
            waiting = {key.hex(): key for key in self.jobs.waiting_in(job)}
            results = _wanted(api.results(job_id), waiting)
            while outcomes := dict(islice(results, _STORED_AT_ONCE)):
                self._store(job, outcomes)
            self._store(
                job, dict.fromkeys(waiting.values(), _CANCELLED if status.is_cancelled else _NO_RESULT)
            )
            self.jobs.close(job, JobState.COLLECTED)

    def _store(self, job: BatchJob, outcomes: dict[bytes, Outcome]) -> None:
        """Store what came of some requests, and count it where they are this run's own."""
        stored = self.jobs.store(job, outcomes)
        self._n_replies += sum(isinstance(outcomes[key], Completion) for key in stored)
        for key in stored:
            outcome = outcomes[key]
            if not self.ledger.is_open(key):
                continue
            self.ledger.collected(key, Request(job.endpoint, job.model), outcome)
            if isinstance(outcome, Completion):
                self._answered.add(key)
            elif outcome.kind is FailureKind.NOT_ASKED and self._has_waited:
                self.ledger.failed(key, outcome)  # it was cancelled while this run waits: that is meant
        self._is_due |= self._has_to_wait or any(isinstance(one, Failure) for one in outcomes.values())

    def _set_free(self, job: BatchJob, state: JobState) -> None:
        self.jobs.close(job, state)
        self._reconcile()

    def _say_too_large(self, job: BatchJob, message: str) -> None:
        if job.n_requests <= LEAST_REQUESTS:
            raise BatchError(
                f"{message}. Run the same command again when other batch jobs of the account are done."
            )
        self.announce(f"{message}. Its requests are submitted again in smaller jobs, one after the other.")

    def _wait(self, pause: float, note: str, message: str) -> None:
        if not self._has_waited:
            self.announce(message)
        self._has_waited = True
        self.ledger.progress.note = note
        time.sleep(pause)

    def _note(self, open_jobs: list[BatchJob], pause: float) -> str:
        n_requests = sum(job.n_requests for job in open_jobs)
        return (
            f"{len(open_jobs)} batch jobs open, {self._n_done} of their {n_requests} requests done, "
            f"next look in {pause:.0f} s"
        )

    def _open_jobs(self) -> list[BatchJob]:
        return self.jobs.all(JobState.OPEN, JobState.SUBMITTING)

    def _is_ours(self, job: BatchJob) -> bool:
        return any(self.ledger.is_open(key) for key in self.jobs.waiting_in(job))

    def api_of(self, endpoint: Endpoint) -> BatchApi:
        """Return the batch API of an endpoint."""
        if endpoint not in self._apis:
            self._apis[endpoint] = batch_api(endpoint, self.timeout)
        return self._apis[endpoint]


def pending_message(jobs: list[BatchJob], has_more: bool, n_collected: int) -> str:
    """Say what is still to come, and when at the latest.

    Args:
        jobs: those that are open.
        has_more: some requests are not submitted yet.
        n_collected: how many replies came before this is said.
    """
    collected = f"{n_collected} replies of batch jobs were collected. " if n_collected else ""
    return collected + _what_is_open(jobs, has_more)


def _what_is_open(jobs: list[BatchJob], has_more: bool) -> str:
    if not jobs:
        return "Requests wait for room at the provider, where other batch jobs are open."
    latest = datetime.fromtimestamp(max(job.created for job in jobs), UTC) + _WINDOW
    n_requests = sum(job.n_requests for job in jobs)
    where = "a batch job, which is" if len(jobs) == 1 else f"{len(jobs)} batch jobs, which are"
    more = " The other requests are submitted when there is room (or money) for them." if has_more else ""
    if latest < datetime.now(UTC):
        return f"{n_requests} requests are in {where} overdue since {latest:%Y-%m-%d %H:%M} UTC.{more}"
    return (
        f"{n_requests} requests are in {where} done by {latest:%Y-%m-%d %H:%M} UTC at the latest, usually much "
        f"earlier.{more}"
    )


def _wanted(
    results: Iterable[tuple[str, Outcome]], waiting: dict[str, bytes]
) -> Iterator[tuple[bytes, Outcome]]:
    """Take out of a job's results those that somebody waits for, the first of each; `waiting` keeps the rest."""
    for name, outcome in results:
        key = waiting.pop(name, None)
        if key is not None:
            yield key, outcome


def _chunks(requests: Iterable[Request]) -> Iterator[dict[bytes, Request]]:
    source = iter(requests)
    while chunk := list(islice(source, _LOOKED_UP_AT_ONCE)):
        yield {request_key(request): request for request in chunk}


def _pauses() -> Iterator[float]:
    pause = _FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * 1.5, _LONGEST_PAUSE)
