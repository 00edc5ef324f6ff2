"""The books of batch jobs, in the cache's file: which were submitted, and which request waits in which."""

import json
import os
import socket
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from autoeval.completions.cache import Cache
from autoeval.completions.storage.database import Transaction, select
from autoeval.types import Completion, Endpoint, Failure, FailureKind

_NOBODY = 0
_REMEMBERED_SECONDS = 86_400.0
LEAST_REQUESTS = 25
"""No smaller jobs are tried where the provider finds them too large."""
ABANDONED_SECONDS = 900.0
"""After so long nobody submits a job any more; its process is gone, and its number may be another's."""


class JobState(StrEnum):
    """What has become of a job."""

    SUBMITTING = "submitting"
    OPEN = "open"
    COLLECTED = "collected"
    FAILED = "failed"
    TOO_LARGE = "failed: too many tokens at once"
    EMPTY = "not submitted: another run has its requests"
    FORGOTTEN = "given up"


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
    def is_being_submitted(self) -> bool:
        """Whether somebody on this machine is likely to be at it still."""
        process = int(self.submitter.rpartition(":")[2])
        if not self.is_local or process == _NOBODY or time.time() > self.created + ABANDONED_SECONDS:
            return False
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True


_TAKE = "INSERT INTO batch_requests (key, job) VALUES (?, ?) ON CONFLICT (key) DO NOTHING"
_TAKE_UNANSWERED = (
    "INSERT INTO batch_requests (key, job) SELECT ?, ? WHERE NOT EXISTS (SELECT 1 FROM replies WHERE key = ?)"
    " ON CONFLICT (key) DO NOTHING"
)


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

    def begin(
        self, endpoint: Endpoint, model: str, keys: Sequence[bytes], forced: Set[bytes] = frozenset()
    ) -> tuple[BatchJob, set[bytes]]:
        """Write a job down before it is submitted, so that a crash cannot lose it.

        Args:
            endpoint: who is asked.
            model: for what.
            keys: its requests.
            forced: those of them that are asked although the cache has a reply.

        Returns:
            The job, and which of the requests are its own: another process may have put some into a job of its own,
            or have had their replies, since they were looked up.
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
                    _TAKE if key in forced else _TAKE_UNANSWERED,
                    (key, job.note) if key in forced else (key, job.note, key),
                ).rowcount
            }
            connection.execute(
                "UPDATE batch_jobs SET n_requests = ? WHERE note = ?", (len(claimed), job.note)
            )
        return replace(job, n_requests=len(claimed)), claimed

    def leave(self, job: BatchJob) -> None:
        """Note that nobody is submitting a job any more, though it may have been: the next to look finds out."""
        with self._cache.transaction() as connection:
            connection.execute(
                "UPDATE batch_jobs SET submitter = ? WHERE note = ?",
                (f"{socket.gethostname()}:{_NOBODY}", job.note),
            )

    def submitted(self, job: BatchJob, provider_id: str) -> BatchJob:
        """Note the provider's name for a job, which is open from now on; returns it so."""
        with self._cache.transaction() as connection:
            connection.execute(
                "UPDATE batch_jobs SET id = ?, state = ? WHERE note = ?",
                (provider_id, JobState.OPEN, job.note),
            )
        return replace(job, id=provider_id, state=JobState.OPEN)

    def close(self, job: BatchJob, state: JobState) -> None:
        """End a job and set free what still waits in it."""
        with self._cache.transaction() as connection:
            connection.execute("UPDATE batch_jobs SET state = ? WHERE note = ?", (state, job.note))
            connection.execute("DELETE FROM batch_requests WHERE job = ?", (job.note,))

    def room(self, endpoint: Endpoint, model: str) -> tuple[int | None, bool]:
        """Return how large a job may be after the provider found one too large (None: nothing is known), and whether
        one is open: then there is no room for a second.
        """
        who = (_written(endpoint), model)
        ((smallest,),) = self._cache.query(
            "SELECT min(n_requests) FROM batch_jobs WHERE endpoint = ? AND model = ? AND state = ? AND created > ?",
            (*who, JobState.TOO_LARGE, time.time() - _REMEMBERED_SECONDS),
        )
        is_open = self._cache.query(
            "SELECT 1 FROM batch_jobs WHERE endpoint = ? AND model = ? AND state IN (?, ?) LIMIT 1",
            (*who, JobState.OPEN, JobState.SUBMITTING),
        )
        return (None if smallest is None else max(smallest // 2, LEAST_REQUESTS)), bool(is_open)

    def store(self, job: BatchJob, outcomes: Mapping[bytes, Completion | Failure]) -> set[bytes]:
        """Store what came of some of a job's requests, in one step; none of them waits any more.

        Returns:
            Which of them waited until now: another process may be collecting the same job.
        """
        with self._cache.transaction() as connection:
            stored = {
                key
                for key in outcomes
                if connection.execute(
                    "DELETE FROM batch_requests WHERE key = ? AND job = ?", (key, job.note)
                ).rowcount
            }
            replies = [(key, one) for key in stored if isinstance(one := outcomes[key], Completion)]
            self._cache.insert(replies, connection)
            connection.executemany("DELETE FROM batch_failures WHERE key = ?", [(key,) for key, _ in replies])
            connection.executemany(
                "INSERT INTO batch_failures VALUES (?, 1, ?, ?) ON CONFLICT (key) DO UPDATE SET"
                " attempts = batch_failures.attempts + 1, kind = excluded.kind, message = excluded.message",
                [
                    (key, failure.kind, failure.message)
                    for key in stored
                    if isinstance(failure := outcomes[key], Failure)
                    and failure.kind is not FailureKind.NOT_ASKED  # cancelled by the user
                ],
            )
        return stored

    def waiting_in(self, job: BatchJob) -> set[bytes]:
        """Return the requests that wait in a job."""
        return {
            key for (key,) in self._cache.query("SELECT key FROM batch_requests WHERE job = ?", (job.note,))
        }

    def failures(self, keys: Iterable[bytes]) -> dict[bytes, tuple[int, Failure]]:
        """Return how often each of `keys` has failed in jobs, and how at last."""
        rows = self._select("batch_failures", "key, attempts, kind, message", keys)
        return {key: (attempts, Failure(FailureKind(kind), message)) for key, attempts, kind, message in rows}

    def forgive(self, keys: Sequence[bytes]) -> None:
        """Forget that requests have failed, so that the next run asks them anew."""
        if keys:
            with self._cache.transaction() as connection:
                connection.executemany("DELETE FROM batch_failures WHERE key = ?", [(key,) for key in keys])

    def _select(self, table: str, columns: str, keys: Iterable[bytes]) -> Iterator[tuple[Any, ...]]:
        return select(self._cache.database, f"SELECT {columns} FROM {table}", "key", list(keys))


def _insert(connection: Transaction, job: BatchJob) -> None:
    row = (
        job.note,
        job.id,
        _written(job.endpoint),
        job.model,
        job.n_requests,
        job.created,
        job.state,
        job.submitter,
    )
    connection.execute("INSERT INTO batch_jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)


def _written(endpoint: Endpoint) -> str:
    """Write an endpoint as it always was; only several servers are new."""
    fields = asdict(endpoint)
    if not fields["more_urls"]:
        del fields["more_urls"]
    return json.dumps(fields)


def _job(row: tuple[Any, ...]) -> BatchJob:
    note, provider_id, endpoint, model, n_requests, created, state, submitter = row
    fields = json.loads(endpoint)
    where = Endpoint(**{**fields, "more_urls": tuple(fields.get("more_urls", ()))})
    return BatchJob(note, provider_id, where, model, n_requests, created, JobState(state), submitter)
