"""Collecting: from jobs that have ended to replies in the cache, and to requests that are free again."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from autoeval.completions.batch.apis import (
    BatchApi,
    BatchError,
    BatchRefusedError,
    BatchUnknownError,
    Outcome,
)
from autoeval.completions.batch.choosing import batch_api
from autoeval.completions.batch.jobs import ABANDONED_SECONDS, LEAST_REQUESTS, BatchJob, Jobs, JobState
from autoeval.completions.cache import CacheError
from autoeval.completions.ledger import Ledger
from autoeval.errors import AutoevalError
from autoeval.types import Completion, Endpoint, Failure, FailureKind, Request

_STORED_AT_ONCE = 500
_NO_RESULT = Failure(FailureKind.SERVER_ERROR, "the batch has no result for it")
_CANCELLED = Failure(FailureKind.NOT_ASKED, "the batch was cancelled")


@dataclass
class Collection:
    """What one run collects from the batch jobs in a cache's file.

    The file may also hold jobs of other runs. They are collected where possible, but this run neither depends on them
    nor counts what they cost. What is this run's own is open in its ledger.

    `has_freed` says that requests may have to be submitted again, `has_collected` that there is room for others;
    whoever acts on them resets them. `n_done` counts what is done in jobs that are open, `n_replies` the replies that
    were stored, `answered` names this run's. `is_waiting`: this run has been waiting for its jobs.
    """

    ledger: Ledger
    timeout: float
    announce: Callable[[str], None]
    has_freed: bool = False
    has_collected: bool = False
    is_waiting: bool = False
    n_done: int = 0
    n_replies: int = 0
    answered: set[bytes] = field(default_factory=set)
    _apis: dict[Endpoint, BatchApi] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Open the books."""
        self.jobs = Jobs(self.ledger.cache)

    def collect(self) -> None:
        """Store the replies of every job that has ended.

        Raises:
            BatchError, UsageError: what went wrong with a job of this run; with others' it is only announced.
        """
        self._reconcile()
        self.n_done = 0
        troubles = []
        for job in self._open():
            is_ours = self._is_ours(job)
            if self.is_waiting and not is_ours:
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

    def open_jobs(self) -> list[BatchJob]:
        """Return the jobs that hold requests of this run."""
        return [job for job in self._open() if self._is_ours(job)]

    def api_of(self, endpoint: Endpoint) -> BatchApi:
        """Return the batch API of an endpoint."""
        if endpoint not in self._apis:
            self._apis[endpoint] = batch_api(endpoint, self.timeout)
        return self._apis[endpoint]

    def close(self) -> None:
        """Close the connections to the APIs."""
        for api in self._apis.values():
            api.close()

    def _open(self) -> list[BatchJob]:
        return self.jobs.all(JobState.OPEN, JobState.SUBMITTING)

    def _is_ours(self, job: BatchJob) -> bool:
        return any(self.ledger.is_open(key) for key in self.jobs.waiting_in(job))

    def _reconcile(self) -> None:
        """Let go of what another process has collected or set free in the meantime."""
        claimed = self.ledger.open_keys
        gone = set(claimed) - self.ledger.cache.in_batches(claimed)
        known = self.ledger.cache.known(list(gone))
        for key in gone:
            self.ledger.release(key)
        self.answered |= known
        self.ledger.progress.cached += len(known)
        self.has_freed |= bool(gone)

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
            self.n_done += status.n_done
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
            unanswered = _CANCELLED if status.is_cancelled else _NO_RESULT
            self._store(job, dict.fromkeys(waiting.values(), unanswered))
            self.jobs.close(job, JobState.COLLECTED)
            self.has_collected = True

    def _store(self, job: BatchJob, outcomes: dict[bytes, Outcome]) -> None:
        """Store what came of some requests, and count it where they are this run's own."""
        for key in self.jobs.store(job, outcomes):
            outcome = outcomes[key]
            is_reply = isinstance(outcome, Completion)
            self.n_replies += is_reply
            self.has_freed |= not is_reply
            if not self.ledger.is_open(key):
                continue
            self.ledger.collected(key, Request(job.endpoint, job.model), outcome)
            if is_reply:
                self.answered.add(key)
            elif isinstance(outcome, Failure) and outcome.kind is FailureKind.NOT_ASKED and self.is_waiting:
                self.ledger.failed(key, outcome)  # it was cancelled while this run waits: that is meant

    def _set_free(self, job: BatchJob, state: JobState) -> None:
        self.jobs.close(job, state)
        self._reconcile()

    def _say_too_large(self, job: BatchJob, message: str) -> None:
        if job.n_requests <= LEAST_REQUESTS:
            raise BatchError(
                f"{message}. Run the same command again when other batch jobs of the account are done."
            )
        self.announce(f"{message}. Its requests are submitted again in smaller jobs, one after the other.")


def _wanted(
    results: Iterable[tuple[str, Outcome]], waiting: dict[str, bytes]
) -> Iterator[tuple[bytes, Outcome]]:
    """Take out of a job's results those that somebody waits for, the first of each; `waiting` keeps the rest."""
    for name, outcome in results:
        key = waiting.pop(name, None)
        if key is not None:
            yield key, outcome
