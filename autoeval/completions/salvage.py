"""Saving what can still be read of a damaged cache: it was paid for."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

_LEAST_ROW_BYTES = 40
_COMPANIONS = ("-wal", "-shm")
_JOB_TABLES = ("batch_jobs", "batch_requests", "batch_failures")


@dataclass(frozen=True)
class Salvage:
    """How many replies were saved, and where the damaged file lies now."""

    n_replies: int
    damaged: Path

    def __str__(self) -> str:
        """Say it to a user."""
        return f"{self.n_replies} replies could be read and are kept; the damaged file is {self.damaged}"


def salvage(path: Path, schema: str, check: Callable[[str, str], object]) -> Salvage:
    """Move a damaged cache aside and put a new one in its place with every reply and job that can be read.

    Args:
        path: the SQLite file.
        schema: makes the new file's tables.
        check: raises for a kind and a value that are no entry; what lies in damaged pages may be anything.

    Raises:
        OSError, sqlite3.Error: the file cannot be moved, or nothing can be written beside it.
    """
    damaged = next(
        candidate for number in count(1) if not (candidate := Path(f"{path}.damaged-{number}")).exists()
    )
    for suffix in ("", *_COMPANIONS):
        if Path(f"{path}{suffix}").exists():
            Path(f"{path}{suffix}").rename(f"{damaged}{suffix}")
    fresh = sqlite3.connect(path, isolation_level=None)
    try:
        fresh.executescript(schema)
        fresh.execute("BEGIN")
        n_replies = 0
        for row in _readable(damaged, check):
            n_replies += fresh.execute("INSERT OR IGNORE INTO replies VALUES (?, ?, ?, ?)", row).rowcount
        for table, row in _readable_jobs(damaged):
            fresh.execute(f"INSERT OR IGNORE INTO {table} VALUES ({','.join('?' * len(row))})", row)
        fresh.execute("DELETE FROM batch_requests WHERE job NOT IN (SELECT note FROM batch_jobs)")
        fresh.execute("COMMIT")
    finally:
        fresh.close()
    return Salvage(n_replies, damaged)


def _readable(path: Path, check: Callable[[str, str], object]) -> Iterator[tuple[Any, ...]]:
    """Read row by row, so that one in a damaged page does not hide those behind it."""
    connection = sqlite3.connect(path)
    try:
        connection.execute(
            "PRAGMA writable_schema = ON"
        )  # without it, SQLite does not read a short file at all
        for number in range(1, path.stat().st_size // _LEAST_ROW_BYTES):
            with suppress(sqlite3.DatabaseError):
                for row in connection.execute(
                    "SELECT key, kind, value, created FROM replies WHERE rowid = ?", (number,)
                ):
                    if _is_whole(row, check):
                        yield row
    finally:
        connection.close()


def _readable_jobs(path: Path) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Read the books of batch jobs as far as they go: what waits in a job is paid for too."""
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA writable_schema = ON")
        for table in _JOB_TABLES:
            with suppress(sqlite3.DatabaseError):
                for row in connection.execute(f"SELECT * FROM {table}"):
                    yield table, row
    finally:
        connection.close()


def _is_whole(row: tuple[Any, ...], check: Callable[[str, str], object]) -> bool:
    key, kind, value, _ = row
    try:
        check(kind, value)
    except (ValueError, TypeError, LookupError, AttributeError):
        return False
    return isinstance(key, bytes)
