"""Asking through batch jobs: collect what is done, submit what is missing, come back later."""

import time
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from autoeval.completions.batch.apis import BatchError, BatchRefusedError
from autoeval.completions.batch.collecting import Collection
from autoeval.completions.batch.jobs import BatchJob
from autoeval.completions.batch.submission import Submission
from autoeval.completions.key_set import KeySet
from autoeval.completions.ledger import Ledger, Stop, StopReason
from autoeval.completions.replies import by_key, new_by_key
from autoeval.errors import AutoevalError
from autoeval.types import FailureKind, Request

_MOST_SUBMISSIONS = 3
_WINDOW = timedelta(hours=24)
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 300.0
"""Seconds between two looks at the jobs."""


class BatchPendingError(AutoevalError):
    """Replies are still to come; the message says from when."""

    exit_code = 6


@dataclass
class BatchRun:
    """One run that asks through batch jobs, or collects from them on its way."""

    ledger: Ledger
    timeout: float
    announce: Callable[[str], None]
    _is_due: bool = True
    _has_to_wait: bool = False

    def __post_init__(self) -> None:
        """Begin with nothing collected."""
        self._collection = Collection(self.ledger, self.timeout, self.announce)

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
                self._collection.collect()
                if self._is_something_due():
                    self._submit_missing(requests, again)
            except BatchRefusedError:
                raise
            except BatchError as error:  # it may answer again when we look next
                if not waits:
                    raise
                trouble = error
            open_jobs = self._collection.open_jobs()
            if not (open_jobs or self._has_to_wait or trouble):
                return
            message = pending_message(open_jobs, self._has_to_wait, self._collection.n_replies)
            if not waits:
                raise BatchPendingError(f"{message} Run the same command again then (or now with --wait).")
            self._wait(pause, open_jobs, message, trouble)

    def collect_for_others(self) -> None:
        """Collect for a run that asks live and does not depend on it; what goes wrong is only announced."""
        self._collection.collect()
        if self._collection.n_replies:
            self.announce(f"{self._collection.n_replies} replies of batch jobs were collected")

    def close(self) -> None:
        """Close the connections to the APIs."""
        self._collection.close()

    def _take_stock(self, requests: Iterable[Request], again: Set[bytes]) -> None:
        """Count what is there, and claim what waits in a job already."""
        cache, progress = self.ledger.cache, self.ledger.progress
        for stretch in new_by_key(requests, KeySet()):
            waiting = cache.in_batches(list(stretch))  # before what is known: it may be collected in between
            known = cache.known(list(stretch)) - again
            progress.planned += len(stretch)
            progress.cached += len(known)
            for key in waiting - known:
                if self.ledger.open(key):
                    self.ledger.budget.commit(key, stretch[key])

    def _is_something_due(self) -> bool:
        """Whether something may have to be submitted: at first, what came free, and what found no room before."""
        collection = self._collection
        has_room = collection.has_collected and self._has_to_wait
        is_due = self._is_due or collection.has_freed or has_room
        collection.has_freed = collection.has_collected = False
        return is_due

    def _submit_missing(self, requests: Iterable[Request], again: Set[bytes]) -> None:
        self._is_due, self._has_to_wait = True, False  # until everything is submitted
        cache, forced = self.ledger.cache, again - self._collection.answered
        submission = Submission(self.ledger, self._collection.jobs, self._collection.api_of, forced)
        for stretch in by_key(requests):
            if self.ledger.stop:
                break
            waiting = cache.in_batches(list(stretch))
            known = cache.known(list(stretch)) - forced
            missing = [key for key in stretch if key not in known and key not in waiting]
            for key in self._without_hopeless(missing):
                self._has_to_wait |= not submission.add(key, stretch[key])
        submission.finish()
        self._is_due = False

    def _without_hopeless(self, keys: list[bytes]) -> Iterator[bytes]:
        """Give up what has failed too often in jobs, or was refused; the next run tries anew what may then work."""
        jobs = self._collection.jobs
        failures = jobs.failures(keys)
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
        jobs.forgive(forgiven)

    def _wait(
        self, pause: float, open_jobs: list[BatchJob], message: str, trouble: BatchError | None
    ) -> None:
        if not self._collection.is_waiting:
            self.announce(str(trouble or message))
        self._collection.is_waiting = True
        n_requests = sum(job.n_requests for job in open_jobs)
        note = (
            f"{len(open_jobs)} batch jobs open, {self._collection.n_done} of their {n_requests} requests done, "
            f"next look in {pause:.0f} s"
        )
        self.ledger.progress.note = f"{trouble}; {note}" if trouble else note
        time.sleep(pause)


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


def _pauses() -> Iterator[float]:
    pause = _FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * 1.5, _LONGEST_PAUSE)
