"""Asking through batch jobs: collect what is done, submit what is missing, come back later."""

import time
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice

from autoeval.completions.batch.apis import BatchApi, BatchError, BatchRefusedError, batch_api
from autoeval.completions.batch.jobs import BatchJob, Jobs, JobState
from autoeval.completions.keys import request_key
from autoeval.completions.ledger import Ledger, Stop, StopReason
from autoeval.errors import AutoevalError
from autoeval.types import Endpoint, Failure, FailureKind, Request

_LOOKED_UP_AT_ONCE = 200
_STORED_AT_ONCE = 500
_MOST_SUBMISSIONS = 3
_WINDOW = timedelta(hours=24)
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 300.0
"""Seconds between two looks at the jobs."""
_ABANDONED_SECONDS = 900.0


class BatchPendingError(AutoevalError):
    """Replies are still to come; the message says from when."""

    exit_code = 6


@dataclass
class BatchRun:
    """One run's work on the batch jobs in a cache's file."""

    ledger: Ledger
    timeout: float
    _apis: dict[Endpoint, BatchApi] = field(default_factory=dict)
    _is_counted: bool = False
    _asked_again: set[bytes] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Open the books."""
        self.jobs = Jobs(self.ledger.cache)

    def ask(self, requests: Iterable[Request], again: Set[bytes], waits: bool) -> None:
        """Ask every request that the cache does not have a reply to.

        Args:
            requests: what is to be asked; iterated again where something has to be submitted a second time.
            again: keys of requests to ask although the cache has a reply.
            waits: stay until every job is done.

        Raises:
            BatchPendingError: jobs are open, and nobody waits.
            BatchError: the API does not do what it should.
        """
        self.collect()
        self._submit_missing(requests, again)
        pause = _FIRST_PAUSE
        while open_jobs := self.jobs.all(JobState.OPEN, JobState.SUBMITTING):
            if not waits:
                raise BatchPendingError(pending_message(open_jobs))
            self.ledger.progress.note = f"{len(open_jobs)} batch jobs open, next look in {pause:.0f} s"
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)
            try:
                n_failed = self.collect()
            except BatchRefusedError:
                raise
            except BatchError as error:  # it may answer again when we look next
                self.ledger.progress.note = str(error)
                continue
            if n_failed:
                self._submit_missing(requests, again)

    def collect(self) -> int:
        """Store the replies of every job that has ended; returns how many requests have to be asked again."""
        for job in self.jobs.all(JobState.SUBMITTING):
            self._adopt(job)
        return sum(self._collect(job) for job in self.jobs.all(JobState.OPEN))

    def collect_if_possible(self, announce: Callable[[str], None]) -> None:
        """Collect, for a run that does not depend on it; what goes wrong is only announced."""
        try:
            self.collect()
        except AutoevalError as error:
            announce(f"batch jobs could not be collected: {error}")

    def _adopt(self, job: BatchJob) -> None:
        """Find out whether a job was submitted whose run ended while it did that."""
        if job.submitter_is_alive:
            return
        provider_id = self.api_of(job.endpoint).find(job.note, job.created, job.n_requests)
        if provider_id is not None and provider_id not in {other.id for other in self.jobs.all()}:
            self.jobs.submitted(job, provider_id)
        elif job.is_local or time.time() > job.created + _ABANDONED_SECONDS:
            self.jobs.close(job, JobState.FAILED)

    def _collect(self, job: BatchJob) -> int:
        assert job.id is not None
        api = self.api_of(job.endpoint)
        status = api.status(job.id)
        if not status.is_ended:
            return 0
        if status.error is not None:
            self.jobs.close(job, JobState.FAILED)
            raise BatchRefusedError(f"the batch {job.id} was refused: {status.error}")
        waiting = self.jobs.waiting_in(job)
        results = ((bytes.fromhex(key), outcome) for key, outcome in api.results(job.id))
        ours = ((key, outcome) for key, outcome in results if key in waiting)
        n_failed = 0
        while outcomes := dict(islice(ours, _STORED_AT_ONCE)):
            self.jobs.store(job, outcomes)
            for key, outcome in outcomes.items():
                n_failed += isinstance(outcome, Failure)
                self.ledger.collected(key, Request(job.endpoint, job.model), outcome)
        lost = dict.fromkeys(
            self.jobs.waiting_in(job), Failure(FailureKind.SERVER_ERROR, "the batch has no result for it")
        )
        self.jobs.store(job, lost)
        for key, failure in lost.items():
            self.ledger.collected(key, Request(job.endpoint, job.model), failure)
        self.jobs.close(job, JobState.COLLECTED)
        return n_failed + len(lost)

    def _submit_missing(self, requests: Iterable[Request], again: Set[bytes]) -> None:
        submission = _Submission(self)
        source = iter(requests)
        while not self.ledger.stop and (chunk := list(islice(source, _LOOKED_UP_AT_ONCE))):
            by_key = {request_key(request): request for request in chunk}
            known = self.ledger.cache.known(list(by_key)) - (again - self._asked_again)
            waiting = self.ledger.cache.in_batches(list(by_key))
            missing = by_key.keys() - known - waiting
            if not self._is_counted:
                self.ledger.progress.planned += len(by_key)
                self.ledger.progress.cached += len(known)
            failures = self.jobs.failures(missing)
            for key in missing:
                attempts, failure = failures.get(key, (0, None))
                if failure is not None and (attempts >= _MOST_SUBMISSIONS or not failure.retryable):
                    self.ledger.failed(key, failure)
                elif self.ledger.open(key):
                    submission.add(key, by_key[key])
            self._asked_again |= again & missing
        submission.finish()
        self._is_counted = True

    def close(self) -> None:
        """Close the connections to the APIs."""
        for api in self._apis.values():
            api.close()

    def api_of(self, endpoint: Endpoint) -> BatchApi:
        """Return the batch API of an endpoint."""
        if endpoint not in self._apis:
            self._apis[endpoint] = batch_api(endpoint, self.timeout)
        return self._apis[endpoint]


@dataclass
class _Submission:
    """Requests on their way into jobs: one for each model at each endpoint, begun anew where one is full."""

    run: BatchRun
    _filling: dict[tuple[Endpoint, str, bool], dict[bytes, bytes]] = field(default_factory=dict)
    _n_bytes: dict[tuple[Endpoint, str, bool], int] = field(default_factory=dict)

    def add(self, key: bytes, request: Request) -> None:
        """Put a request into a job, if there is money for it."""
        budget = self.run.ledger.budget
        if not budget.reserve(key, request):
            self.run.ledger.halt(Stop(StopReason.BUDGET, budget.message(request)))
            return
        api = self.run.api_of(request.endpoint)
        line = api.line(key.hex(), request)
        group = (request.endpoint, request.model, request.prompt is None)
        job = self._filling.setdefault(group, {})
        if len(job) >= api.most_requests or self._n_bytes.get(group, 0) + len(line) > api.most_bytes:
            self._submit(group)
            job = self._filling[group] = {}
        job[key] = line
        self._n_bytes[group] = self._n_bytes.get(group, 0) + len(line)

    def finish(self) -> None:
        """Submit the jobs that are not full."""
        for group in list(self._filling):
            self._submit(group)

    def _submit(self, group: tuple[Endpoint, str, bool]) -> None:
        lines = self._filling.pop(group, {})
        self._n_bytes.pop(group, None)
        if not lines:
            return
        endpoint, model, _ = group
        job, claimed = self.run.jobs.begin(endpoint, model, list(lines))
        try:
            own = [line for key, line in lines.items() if key in claimed]
            provider_id = self.run.api_of(endpoint).submit(own, job.note) if own else None
        except BatchRefusedError:
            self.run.jobs.close(job, JobState.FAILED)
            raise
        if provider_id is None:
            self.run.jobs.close(job, JobState.CANCELLED)
        else:
            self.run.jobs.submitted(job, provider_id)


def pending_message(jobs: list[BatchJob]) -> str:
    """Say what is still to come, and when at the latest."""
    latest = datetime.fromtimestamp(max(job.created for job in jobs), UTC) + _WINDOW
    n_requests = sum(job.n_requests for job in jobs)
    where = "a batch job, which is" if len(jobs) == 1 else f"{len(jobs)} batch jobs, which are"
    return (
        f"{n_requests} requests are in {where} done by {latest:%Y-%m-%d %H:%M} UTC at the latest, usually much "
        "earlier. Run the same command again then (or now with --wait)."
    )
