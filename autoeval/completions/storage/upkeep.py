"""Looking after caches' files: what is in them, whether it is whole, and putting several together."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from autoeval.completions.cache import Cache
from autoeval.completions.storage.database import KEEP, CacheError, Source
from autoeval.completions.storage.entries import Entry, decode, entry_of
from autoeval.completions.storage.reader import ReadOnlyFile

_ROWS_AT_ONCE = 2_000
_KEY_BYTES = 32
_LAST_MOMENT = 4e9  # in the year 2096
_JOB_TABLES = ("batch_jobs", "batch_requests", "batch_failures")


@dataclass(frozen=True)
class Row:
    """A reply as it is stored; `created` is in seconds since the epoch."""

    key: bytes
    kind: str
    value: str
    created: float
    cache: str = ""

    @property
    def entry(self) -> Entry:
        """What it says; CacheError where it says nothing that can be read."""
        return entry_of(self.cache, self.key, self.kind, self.value)

    @property
    def fault(self) -> str:
        """What is wrong with it; empty where nothing is."""
        name = self.key.hex()[:16]
        if len(self.key) != _KEY_BYTES:
            return f"the key {name}… has {len(self.key)} bytes, not {_KEY_BYTES}"
        if not is_moment(self.created):
            return f"the reply {name}… came at no time that there is: {self.created!r:.40}"
        try:
            decode(self.kind, self.value)
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            return f"the reply {name}… cannot be read: {error}"
        return ""


@dataclass(frozen=True)
class FileInfo:
    """What is in one cache; `n_waiting` requests wait in batch jobs, `first` and `last` are when replies came."""

    name: str
    n_replies: int
    n_verdicts: int
    n_waiting: int
    first: float | None
    last: float | None
    n_bytes: int | None = None


@dataclass(frozen=True)
class Merged:
    """What one source added: of `n_replies` replies `n_new`; `n_unread` cannot be read and were left out."""

    name: str
    n_replies: int
    n_new: int
    n_unread: int


@dataclass(frozen=True)
class Verified:
    """Whether a cache is whole: what is wrong with it, in words."""

    name: str
    n_replies: int
    faults: tuple[str, ...]


def is_moment(seconds: object) -> bool:
    """Whether a number can be seconds since the epoch that a reply came at."""
    return isinstance(seconds, int | float) and 0 <= seconds < _LAST_MOMENT


def rows_of(source: Source) -> Iterator[Row]:
    """Walk through every reply of a cache, in the order of their keys."""
    last: bytes = b""
    statement = (
        f"SELECT key, kind, value, created FROM replies WHERE key > ? ORDER BY key LIMIT {_ROWS_AT_ONCE}"
    )
    while rows := source.query(statement, (last,)):
        for key, kind, value, created in rows:
            yield Row(bytes(key), kind, value, created, source.name)
        last = bytes(rows[-1][0])


def info_of(source: Source, path: Path | None = None) -> FileInfo:
    """Count what is in a cache."""
    ((n_replies, n_verdicts, first, last),) = source.query(
        "SELECT count(*), count(CASE WHEN kind = 'verdict' THEN 1 END), min(created), max(created) FROM replies"
    )
    n_waiting = 0
    if not isinstance(source, ReadOnlyFile) or source.has_batches:
        ((n_waiting,),) = source.query("SELECT count(*) FROM batch_requests")
    n_bytes = path.stat().st_size if path is not None else None
    return FileInfo(source.name, n_replies, n_verdicts, n_waiting, first, last, n_bytes)


def merge(source: Source, into: Cache) -> Merged:
    """Put what a cache has into another one; what that has already stays as it is.

    Raises:
        CacheError: one cannot be read, or the other not be written; what is merged so far stays.
    """
    ((before,),) = into.query("SELECT count(*) FROM replies")
    rows, n_replies, n_unread = rows_of(source), 0, 0
    while chunk := list(islice(rows, _ROWS_AT_ONCE)):
        whole = [(row.key, row.kind, row.value, row.created) for row in chunk if not row.fault]
        n_replies += len(chunk)
        n_unread += len(chunk) - len(whole)
        with into.transaction() as transaction:
            into.database.insert(KEEP, whole, transaction)
    if not isinstance(source, ReadOnlyFile) or source.has_batches:
        _merge_jobs(source, into)
    ((after,),) = into.query("SELECT count(*) FROM replies")
    return Merged(source.name, n_replies, after - before, n_unread)


def _merge_jobs(source: Source, into: Cache) -> None:
    """Take over batch jobs and what waits in them: it is paid for."""
    with into.transaction() as transaction:
        for table in _JOB_TABLES:
            rows = source.query(f"SELECT * FROM {table}")
            if rows:
                marks = ", ".join("?" * len(rows[0]))
                transaction.executemany(f"INSERT INTO {table} VALUES ({marks}) ON CONFLICT DO NOTHING", rows)


def verify(path: Path) -> Verified:
    """Read a file from end to end and say what is wrong with it.

    Raises:
        UsageError: it is no cache, or cannot be opened.
    """
    with closing(ReadOnlyFile(path)) as source:
        faults: list[str] = []
        n_replies = 0
        try:
            faults += [str(told) for (told,) in source.query("PRAGMA integrity_check") if told != "ok"]
            for row in rows_of(source):
                n_replies += 1
                faults += [row.fault] if row.fault else []
        except CacheError as error:
            cause = error.__cause__
            faults.append(str(cause if isinstance(cause, sqlite3.Error) else error))
        return Verified(source.name, n_replies, tuple(faults))
