"""Where a lane takes its jobs: those that this run has claimed, while other processes work with the same cache."""

import asyncio
import random
from collections import deque
from dataclasses import dataclass, field

from autoeval.completions.ledger import Job, Ledger
from autoeval.completions.storage.claims import Taken

_LOOK_AGAIN = (0.2, 0.4)
"""After between so many seconds it is looked what became of a request that another process asks."""


@dataclass
class Desk:
    """A queue of jobs, handed out once they are claimed. What others ask is put aside until its reply is there."""

    ledger: Ledger
    queue: asyncio.Queue[Job] = field(default_factory=asyncio.Queue)
    _claimed: deque[Job] = field(default_factory=deque)
    _aside: dict[bytes, tuple[asyncio.TimerHandle, Job]] = field(default_factory=dict)

    def put(self, job: Job) -> None:
        """Queue a job."""
        self.queue.put_nowait(job)

    async def get(self, most: int) -> Job:
        """Wait for a job; up to `most` are claimed together, the others come next."""
        while not self._claimed:
            await self._claim(await self._gathered(most))
        return self._claimed.popleft()

    async def get_many(self, most: int) -> list[Job]:
        """Wait for at least one job, and return up to `most`."""
        jobs = [await self.get(most)]
        while self._claimed and len(jobs) < most:
            jobs.append(self._claimed.popleft())
        return jobs

    def done(self) -> None:
        """Note that a job has left."""
        self.queue.task_done()

    async def drained(self) -> None:
        """Wait until every job that was put has left."""
        await self.queue.join()

    def put_aside(self, job: Job, seconds: float) -> None:
        """Queue a job again after a while."""
        timer = asyncio.get_running_loop().call_later(seconds, self._put_back, job)
        self._aside[job.key] = (timer, job)

    def hurry(self) -> None:
        """Queue again at once what was put aside."""
        for timer, job in list(self._aside.values()):
            timer.cancel()
            self._put_back(job)

    def _put_back(self, job: Job) -> None:
        del self._aside[job.key]
        self.queue.put_nowait(job)
        self.queue.task_done()  # it was counted once more by the line above

    async def _gathered(self, most: int) -> list[Job]:
        jobs = [await self.queue.get()]
        while len(jobs) < most and not self.queue.empty():
            jobs.append(self.queue.get_nowait())
        return jobs

    async def _claim(self, jobs: list[Job]) -> None:
        keys = [] if self.ledger.stop else [job.key for job in jobs if not job.is_claimed]
        taken = await self.ledger.keeper.take(keys) if keys else Taken(frozenset(), frozenset())
        for job in jobs:
            if job.key in taken.known:
                self.ledger.found(job)
                self.done()
            elif job.is_claimed or job.key in taken.ours or self.ledger.stop:
                job.is_claimed = True
                self._claimed.append(job)
            else:
                self.put_aside(job, random.uniform(*_LOOK_AGAIN))
