"""Requests on their way into batch jobs."""

from collections.abc import Callable, Set
from dataclasses import dataclass, field

from autoeval.completions.batch.apis import BatchApi, BatchRefusedError
from autoeval.completions.batch.jobs import Jobs, JobState
from autoeval.completions.ledger import Ledger, Stop, StopReason
from autoeval.types import Endpoint, Request

_Group = tuple[Endpoint, str, bool]
"""What can be in one job: an endpoint, a model, and whether it is chat."""


@dataclass
class _Filling:
    """A job that is being filled; `most` is how many requests it may have, `is_last` that no other may follow."""

    most: int
    is_last: bool
    is_closed: bool
    lines: dict[bytes, bytes] = field(default_factory=dict)
    n_bytes: int = 0


@dataclass
class Submission:
    """One pass over what is missing: a job for each model at each endpoint, begun anew where one is full.

    `forced` are keys of requests that are asked although the cache has a reply.
    """

    ledger: Ledger
    jobs: Jobs
    api_of: Callable[[Endpoint], BatchApi]
    forced: Set[bytes]
    _filling: dict[_Group, _Filling] = field(default_factory=dict)

    def add(self, key: bytes, request: Request) -> bool:
        """Put a request into a job; False where it has to wait until there is room or money for it."""
        group = (request.endpoint, request.model, request.prompt is None)
        filling = self._filling.get(group) or self._begin(group)
        if filling.is_closed:
            return False
        if not self.ledger.open(key):
            return True
        request = self.ledger.adapted.of(request)
        budget = self.ledger.budget
        if not budget.reserve(key, request):
            self.ledger.release(key)
            if not budget.is_idle:
                return False
            self.ledger.halt(Stop(StopReason.BUDGET, budget.message(request)))
            return True
        api = self.api_of(request.endpoint)
        line = api.line(key.hex(), request)
        if len(filling.lines) >= filling.most or filling.n_bytes + len(line) > api.most_bytes:
            self._submit(group)
            if filling.is_last:
                filling.is_closed = True
                self.ledger.release(key)
                return False
            filling = self._begin(group)
        filling.lines[key] = line
        filling.n_bytes += len(line)
        return True

    def finish(self) -> None:
        """Submit the jobs that are not full."""
        for group in self._filling:
            self._submit(group)

    def _begin(self, group: _Group) -> _Filling:
        endpoint, model, _ = group
        room, is_taken = self.jobs.room(endpoint, model)
        most = self.api_of(endpoint).most_requests
        filling = (
            _Filling(most, is_last=False, is_closed=False)
            if room is None
            else _Filling(min(room, most), is_last=True, is_closed=is_taken)
        )
        self._filling[group] = filling
        return filling

    def _submit(self, group: _Group) -> None:
        lines, self._filling[group].lines = self._filling[group].lines, {}
        if not lines:
            return
        endpoint, model, _ = group
        job, claimed = self.jobs.begin(endpoint, model, list(lines), self.forced)
        if not claimed:  # they wait in another process's job, which this run then waits for too
            self.jobs.close(job, JobState.EMPTY)
            return
        try:
            own = [line for key, line in lines.items() if key in claimed]
            provider_id = self.api_of(endpoint).submit(own, job.note)
        except BatchRefusedError:
            self.jobs.close(job, JobState.FAILED)
            raise
        except BaseException:
            self.jobs.leave(job)
            raise
        self.jobs.submitted(job, provider_id)
