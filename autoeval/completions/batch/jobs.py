"""The books of batch jobs, in the cache's file: which were submitted, and which request waits in which."""

import json
import os
import socket
import sqlite3
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from autoeval.completions.cache import Cache
from autoeval.types import Completion, Endpoint, Failure, FailureKind

_AT_ONCE = 500


class JobState(StrEnum):
    """What has become of a job."""

    SUBMITTING = "submitting"
    OPEN = "open"
    COLLECTED = "collected"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class BatchJob:
    """A job. `note` is our name for it, `id` the provider's (None until the provider has taken it).

    `endpoint` and `model` say who was asked, `created` is in seconds since the epoch.
    """

    note: str
    id: str | None
    endpoint: Endpoint
    model: str
    n_requests: int
    created: float
    state: JobState
    submitter: str

    @property
    def is_local(self) -> bool:
        """Whether it was submitted on this machine."""
        return self.submitter.rpartition(":")[0] == socket.gethostname()

    @property
    def submitter_is_alive(self) -> bool:
        """Whether the process that submits it is known to run still, on this machine."""
        process = int(self.submitter.rpartition(":")[2])
        if not self.is_local or process == os.getpid():
            return False
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True


class Jobs:
    """The jobs of a cache; several processes may work with them at once."""

    def __init__(self, cache: Cache) -> None:
        """Look at the jobs in a cache's file."""
        self._cache = cache

    def all(self, *states: JobState) -> list[BatchJob]:
        """Return the jobs in any of these states (without one: all), oldest first."""
        marks = ",".join("?" * len(states))
        where = f"WHERE state IN ({marks})" if states else ""
        rows = self._cache.query(f"SELECT * FROM batch_jobs {where} ORDER BY created", states)
        return [_job(row) for row in rows]

    def begin(self, endpoint: Endpoint, model: str, keys: Sequence[bytes]) -> tuple[BatchJob, set[bytes]]:
        """Write a job down before it is submitted, so that a crash cannot lose it.

        Returns:
            The job, and which of the requests are its own: others wait in another process's job already.
        """
        job = BatchJob(
            note=uuid.uuid4().hex,
            id=None,
            endpoint=endpoint,
            model=model,
            n_requests=len(keys),
            created=time.time(),
            state=JobState.SUBMITTING,
            submitter=f"{socket.gethostname()}:{os.getpid()}",
        )
        with self._cache.transaction() as connection:
            _insert(connection, job)
            claimed = {
                key
                for key in keys
                if connection.execute(
                    "INSERT OR IGNORE INTO batch_requests VALUES (?, ?)", (key, job.note)
                ).rowcount
            }
            connection.execute(
                "UPDATE batch_jobs SET n_requests = ? WHERE note = ?", (len(claimed), job.note)
            )
        return job, claimed

    def submitted(self, job: BatchJob, provider_id: str) -> None:
        """Note the provider's name for a job, which is open from now on."""
        with self._cache.transaction() as connection:
            connection.execute(
                "UPDATE batch_jobs SET id = ?, state = ? WHERE note = ?",
                (provider_id, JobState.OPEN, job.note),
            )

    def close(self, job: BatchJob, state: JobState) -> int:
        """End a job and set free what still waits in it; returns how many requests those are."""
        with self._cache.transaction() as connection:
            connection.execute("UPDATE batch_jobs SET state = ? WHERE note = ?", (state, job.note))
            return connection.execute("DELETE FROM batch_requests WHERE job = ?", (job.note,)).rowcount

    def store(self, job: BatchJob, outcomes: Mapping[bytes, Completion | Failure]) -> None:
        """Store what came of some of a job's requests, in one step; none of them waits any more."""
        replies = [(key, one) for key, one in outcomes.items() if isinstance(one, Completion)]
        failures = [
            (key, one)
            for key, one in outcomes.items()
            if isinstance(one, Failure) and one.kind is not FailureKind.NOT_ASKED  # cancelled by the user
        ]
        with self._cache.transaction() as connection:
            self._cache.insert(replies)
            connection.executemany("DELETE FROM batch_failures WHERE key = ?", [(key,) for key, _ in replies])
            connection.executemany(
                "INSERT INTO batch_failures VALUES (?, 1, ?, ?) ON CONFLICT (key) DO UPDATE SET"
                " attempts = attempts + 1, kind = excluded.kind, message = excluded.message",
                [(key, failure.kind, failure.message) for key, failure in failures],
            )
            connection.executemany(
                "DELETE FROM batch_requests WHERE key = ? AND job = ?", [(key, job.note) for key in outcomes]
            )

    def waiting_in(self, job: BatchJob) -> set[bytes]:
        """Return the requests that wait in a job."""
        return {
            key for (key,) in self._cache.query("SELECT key FROM batch_requests WHERE job = ?", (job.note,))
        }

    def failures(self, keys: Iterable[bytes]) -> dict[bytes, tuple[int, Failure]]:
        """Return how often each of `keys` has failed in jobs, and how at last."""
        rows = self._select("batch_failures", "key, attempts, kind, message", keys)
        return {key: (attempts, Failure(FailureKind(kind), message)) for key, attempts, kind, message in rows}

    def _select(self, table: str, columns: str, keys: Iterable[bytes]) -> Iterator[tuple[Any, ...]]:
        wanted = list(keys)
        for start in range(0, len(wanted), _AT_ONCE):
            chunk = wanted[start : start + _AT_ONCE]
            marks = ",".join("?" * len(chunk))
            yield from self._cache.query(f"SELECT {columns} FROM {table} WHERE key IN ({marks})", chunk)


def _insert(connection: sqlite3.Connection, job: BatchJob) -> None:
    row = (
        job.note,
        job.id,
        json.dumps(asdict(job.endpoint)),
        job.model,
        job.n_requests,
        job.created,
        job.state,
        job.submitter,
    )
    connection.execute("INSERT INTO batch_jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)


def _job(row: tuple[Any, ...]) -> BatchJob:
    note, provider_id, endpoint, model, n_requests, created, state, submitter = row
    where = Endpoint(**json.loads(endpoint))
    return BatchJob(note, provider_id, where, model, n_requests, created, JobState(state), submitter)
