"""Asking on a Ray cluster: shares of what a run asks are Ray's tasks, and each reply comes back as soon as it is there.

The run itself stays where it was started: it plans, claims, counts, keeps the budget and stores the replies. A worker
that dies loses what it had in flight; that, and the rest of its share, goes to another one. To the run this is a lane
like any other, and nothing below `runs` knows of it.
"""

import asyncio
import logging
import math
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from autoeval.completions.ask import AskOptions
from autoeval.completions.desk import Desk
from autoeval.completions.ledger import Job, Ledger, Stop, StopReason
from autoeval.completions.providers import LOCAL
from autoeval.completions.trial import Trial
from autoeval.errors import MissingExtraError, UsageError
from autoeval.runs.last_words import say_if_ended
from autoeval.runs.ray_worker import Ended, Said, answers
from autoeval.types import Completion, Failure, FailureKind, Request

_SHARE = 256
"""The most requests of a task; where a run stops early, each worker finishes its share."""
_SHARE_OF_A_LOCAL_MODEL = 4_096
"""Each task loads the model anew."""
_LEAST = 32
_MOST_DEATHS = 3
"""So many workers may die of one share before what is left of it has failed."""
_LONGEST_SAID = 300
_ENDED = (
    "--engine ray: this run was ended in its middle, from outside or by Ray, which ends a process whose cluster is "
    "gone (its node died, or `ray stop`). The replies that came are in the cache: run the same command again to ask "
    "for the rest, without --engine ray if the cluster is not to be had."
)


@dataclass(frozen=True)
class RayEngine:
    """Asks on the cluster at an address of Ray's; without one, on that of RAY_ADDRESS, else on this machine."""

    address: str | None = None

    @classmethod
    def checked(cls, address: str | None) -> "RayEngine":
        """Return the engine; nothing is started yet.

        Raises:
            MissingExtraError: Ray is not installed.
            UsageError: replies could not come back from such an address as they come.
        """
        if find_spec("ray") is None:
            raise MissingExtraError("--engine ray", "ray")
        if (address or "").startswith("ray://"):
            raise UsageError(
                "--ray_address: run this on a machine of the cluster, with the address auto or HOST:PORT; Ray's client "
                "(ray://) hands no replies over before a task has ended."
            )
        return cls(address)

    def lane(
        self, request: Request, ledger: Ledger, trial: Trial, options: AskOptions, tasks: asyncio.TaskGroup
    ) -> "RayLane":
        """Return a lane for requests like this one; connects to the cluster, or starts one, for the first.

        Raises:
            UsageError: no cluster answers at the address.
        """
        ray = _connected(self.address)
        is_local, resources = request.endpoint.provider in LOCAL, ray.cluster_resources()
        needed = "GPU" if is_local and resources.get("GPU") else "CPU"
        n_workers = max(1, int(resources.get(needed, 1)))
        task = ray.remote(num_returns="streaming", max_retries=0, **{f"num_{needed.lower()}s": 1})(answers)
        share = _SHARE_OF_A_LOCAL_MODEL if is_local else _SHARE
        return RayLane(ray, task, n_workers, share, _of_a_worker(options, n_workers), ledger, trial, tasks)


@dataclass
class RayLane:
    """A queue of jobs, shares of which are asked by `n_workers` tasks at a time; see `Lane`."""

    ray: ModuleType
    task: Any
    n_workers: int
    most: int
    options: AskOptions
    ledger: Ledger
    trial: Trial
    tasks: asyncio.TaskGroup

    def __post_init__(self) -> None:
        """Begin with nothing to do."""
        self.desk = Desk(self.ledger)
        self._free = asyncio.Semaphore(self.n_workers)
        self._announced: set[str] = set()

    @property
    def most_queued(self) -> int:
        """How many jobs are to wait here, so that each worker has a share."""
        return 2 * self.n_workers * self.most

    def put(self, job: Job) -> None:
        """Queue a job."""
        self.desk.put(job)

    async def drained(self) -> None:
        """Wait until every job that was put has left."""
        await self.desk.drained()

    async def close(self) -> None:
        """Leave the cluster as it is: it is the process's, which may ask again, and goes with it."""

    async def work(self) -> None:
        """Hand queued jobs to the workers until cancelled, one share at a time until a first reply is read."""
        jobs: list[Job] = []
        while True:
            await self._free.acquire()
            jobs = jobs or await self.desk.get_many(self._size)
            share, jobs = await self._afforded(jobs)
            serving = self.tasks.create_task(self._serve(share))
            if not self.trial.is_proven:
                await serving

    @property
    def _size(self) -> int:
        """Shares get smaller when less is left, so that all workers end together."""
        if not self.trial.is_proven:
            return max(1, self.trial.room)
        return min(self.most, max(_LEAST, math.ceil(self.desk.queue.qsize() / self.n_workers)))

    async def _afforded(self, jobs: list[Job]) -> tuple[list[Job], list[Job]]:
        """Cut off as many jobs as there is money for, waiting for the first; where the run has stopped, all."""
        ledger, (first, *others) = self.ledger, jobs
        if not await ledger.afford(first.key, first.request):
            return jobs, []
        for number, job in enumerate(others, 1):
            if not await ledger.can_afford(job.key, job.request):
                return jobs[:number], jobs[number:]
        return jobs, []

    async def _serve(self, share: Sequence[Job]) -> None:
        """Have a share asked, and what a worker that dies leaves by another one."""
        left = {job.key: job for job in share}
        for n_deaths in range(_MOST_DEATHS):
            if self.ledger.stop or not left:
                break
            try:
                async for said in self._asked([job.request for job in left.values()]):
                    await self._heed(said, left)
                break
            except self.ray.exceptions.RayTaskError as error:
                await self._heed(Ended(error=_last_line(error)), left)
            except self.ray.exceptions.RayError as error:
                await self._bury(left, _last_line(error), is_last=n_deaths == _MOST_DEATHS - 1)
        reason = self.ledger.stop.reason if self.ledger.stop else "its worker said nothing of it"
        for job in list(left.values()):
            await self._settle(job, Failure(FailureKind.NOT_ASKED, f"not asked: {reason}"), left)
        self._free.release()

    async def _asked(self, requests: Sequence[Request]) -> AsyncIterator[Said]:
        coming = self.task.remote(requests, self.options)
        try:
            async for said in coming:
                yield await said
        except asyncio.CancelledError:
            self.ray.cancel(coming)
            raise

    async def _heed(self, said: Said, left: dict[bytes, Job]) -> None:
        """Take what a worker says: a line, replies, or the end."""
        if isinstance(said, str):
            if said not in self._announced:
                self._announced.add(said)
                self.ledger.announce(said)
        elif isinstance(said, list):
            await asyncio.gather(*(self._settle(left[key], reply, left) for key, reply in said))
        else:
            self.ledger.adapted.heard(said.adapted)
            if said.error is not None:
                self._refuse(said.error)
            for key, failure in said.failures.items():
                await self._settle(left[key], failure, left)
            if said.stop is not None:
                self.ledger.halt(said.stop)

    async def _settle(self, job: Job, outcome: Completion | Failure, left: dict[bytes, Job]) -> None:
        """Pay for what came of a job and store it."""
        del left[job.key]
        self.ledger.pay(job.key, job.request, outcome)
        if isinstance(outcome, Completion):
            await self.ledger.done(job, outcome)
            if (message := self.trial.learn(job.request, outcome)) is not None:
                self.ledger.halt(Stop(StopReason.UNREADABLE, message))
        else:
            await self.ledger.give_up(job, outcome)
        self.desk.done()

    def _refuse(self, why: str) -> None:
        """End the run that the workers cannot do; by an error where nothing came of it yet."""
        message = f"--engine ray: a worker says: {why}"
        if not self.ledger.progress.done:
            raise UsageError(message)
        self.ledger.halt(Stop(StopReason.UNREACHABLE, message))

    async def _bury(self, left: dict[bytes, Job], why: str, is_last: bool) -> None:
        """Count what a dead worker had in flight as spent, and leave the rest to the next, if there is to be one."""
        ledger, in_flight = self.ledger, self.options.max_concurrency
        goes = (
            "are given up"
            if is_last
            else f"go to another; {min(in_flight, len(left))} at most are asked again"
        )
        if left:
            ledger.announce(
                f"a Ray worker died ({why}); {len(left)} of its requests have no reply yet and {goes}"
            )
        lost = Failure(FailureKind.TIMEOUT, f"{_MOST_DEATHS} Ray workers died of it or its like: {why}")
        for job in list(left.values()):
            if is_last:
                await self._settle(job, lost, left)
            elif (in_flight := in_flight - 1) >= 0:
                ledger.pay(job.key, job.request, lost)
                if not await ledger.can_afford(job.key, job.request):
                    await self._settle(job, lost, left)
        if is_last and not ledger.progress.done:
            ledger.halt(Stop(StopReason.UNREACHABLE, f"Ray's workers die: {why}"))


def _of_a_worker(options: AskOptions, n_workers: int) -> AskOptions:
    """Return how each worker asks: within its part of the limits a minute. The budget and the trial are the run's."""

    def part(limit: float | None) -> float | None:
        return None if limit is None else limit / n_workers

    return replace(
        options,
        engine=None,
        max_cost=None,
        goes_on=True,
        requests_per_minute=part(options.requests_per_minute),
        tokens_per_minute=part(options.tokens_per_minute),
    )


def _connected(address: str | None) -> ModuleType:
    """Return Ray, connected to a cluster; it stays so as long as this process lives."""
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # what it will do by default before long
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    where = address or os.environ.get("RAY_ADDRESS") or "local"
    if not ray.is_initialized():
        try:
            ray.init(
                address=where,
                include_dashboard=False if where == "local" else None,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        except (OSError, ValueError, RuntimeError) as error:
            raise UsageError(f"--ray_address: no cluster answers at {where!r}: {_last_line(error)}") from None
    say_if_ended(_ENDED)
    module: ModuleType = ray
    return module


def _last_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[-1].strip()[:_LONGEST_SAID].rstrip(".")
