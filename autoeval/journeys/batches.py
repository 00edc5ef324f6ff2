"""Looking at batch jobs, and ending them early."""

from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from autoeval.completions.batch.jobs import BatchJob, Jobs, JobState
from autoeval.errors import AutoevalError, UsageError, nearest
from autoeval.runs.opening import open_cache

_OPEN = (JobState.OPEN, JobState.SUBMITTING)


@dataclass(frozen=True)
class BatchList:
    """The jobs in a cache's file, oldest first, each with what is to be said of it."""

    jobs: tuple[tuple[BatchJob, str], ...]

    def __str__(self) -> str:
        """Return a line a job."""
        if not self.jobs:
            return "There are no batch jobs."
        return "\n".join(
            f"{job.id or '(being submitted)'} · {datetime.fromtimestamp(job.created, UTC):%Y-%m-%d %H:%M} UTC · "
            f"{job.endpoint.provider} {job.model} · {job.n_requests} requests · {told}"
            for job, told in self.jobs
        )


def batches(
    caching_path: str | Path | None = "auto",
    *,
    cancel: str | None = None,
    forget: str | None = None,
    request_timeout: float = 120.0,
) -> BatchList:
    """List the batch jobs in a cache's file, and how far they are.

    Args:
        caching_path: The cache. `auto`: in the user's cache folder.
        cancel: End this job early, or `all` that are open. What they have done by then is collected by the next
            run; the rest is asked again, in a job or (without --batch) at once.
        forget: Give up this job, or `all` that are open, without asking the provider: its requests are asked again,
            and what it may still bring is lost. For a job that the provider does not know any more.
        request_timeout: Seconds that one request may take.

    Returns:
        The jobs, oldest first.

    Raises:
        UsageError: there is no such open job.
        BatchError: a job could not be cancelled.
    """
    with open_cache(caching_path) as cache:
        jobs = Jobs(cache)
        if cancel is not None:
            for job in _chosen("cancel", [job for job in jobs.all(*_OPEN) if job.id is not None], cancel):
                _cancel(job, request_timeout)
        if forget is not None:
            for job in _chosen("forget", jobs.all(*_OPEN), forget):
                jobs.close(job, JobState.FORGOTTEN)
        return BatchList(tuple((job, _told(job, request_timeout)) for job in jobs.all()))


def _chosen(flag: str, jobs: list[BatchJob], wanted: str) -> list[BatchJob]:
    chosen = [job for job in jobs if wanted in ("all", job.id)]
    if not chosen and wanted != "all":
        known = [job.id for job in jobs if job.id is not None]
        raise UsageError(f"--{flag}: there is no open job {wanted!r}. {nearest(wanted, known)}")
    return chosen


def _cancel(job: BatchJob, timeout: float) -> None:
    from autoeval.completions.batch.choosing import batch_api

    assert job.id is not None
    with closing(batch_api(job.endpoint, timeout)) as api:
        if not api.status(job.id).is_ended:
            api.cancel(job.id)


def _told(job: BatchJob, timeout: float) -> str:
    from autoeval.completions.batch.choosing import batch_api

    if job.state is not JobState.OPEN or job.id is None:
        return str(job.state)
    try:
        with closing(batch_api(job.endpoint, timeout)) as api:
            status = api.status(job.id)
    except AutoevalError as error:  # no answer, or no key here
        return f"open; {error}"
    if status.error is not None:
        return f"failed: {status.error}"
    return "done, not yet collected" if status.is_ended else f"{status.n_done} done"
