"""A cache in one SQLite file, safe for several processes at once."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from autoeval.completions.salvage import Salvage, salvage
from autoeval.completions.storage import filesystems, sqlite_schema
from autoeval.completions.storage.database import CacheError
from autoeval.completions.storage.entries import decode
from autoeval.errors import AutoevalError, UsageError, is_of_the_disk

LOCK_SECONDS = 60.0
_OF_THE_DISK = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR_WRITE,
        sqlite3.SQLITE_IOERR_FSYNC,
        sqlite3.SQLITE_IOERR_SHMSIZE,
        sqlite3.SQLITE_IOERR_SHMMAP,
    }
)
"""What SQLite says where nothing can be written, however whole the file is."""


class SqliteFile:
    """An open file; see `Database`."""

    is_remote = False
    keys_at_once = 500

    def __init__(self, path: Path) -> None:
        """Open the file, creating it and its folder if needed, and bring it up to date.

        Raises:
            UsageError: the file is something else, damaged, locked, or cannot be created.
            CacheError: the disk is full.
        """
        self.path = path
        self.name = str(path)
        self.salvaged: Salvage | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if _is_cut_short(path):
                self.salvaged = salvage(path, sqlite_schema.SCHEMA, decode)
            self.connection = self._open()
        except (OSError, sqlite3.Error) as error:
            raise self._unopened(error) from None

    def _unopened(self, error: OSError | sqlite3.Error) -> AutoevalError:
        """Say why the file cannot be opened: a full disk is no fault of the file's."""
        told = f"the cache {self.path} cannot be opened: {error}."
        if getattr(error, "sqlite_errorcode", None) in _OF_THE_DISK or (
            isinstance(error, OSError) and is_of_the_disk(error)
        ):
            return CacheError(f"{told} Free some space, or choose another file with --caching_path.")
        return UsageError(
            f"{told} Move the file away if it is damaged, or give another one with --caching_path."
        )

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False
        )
        self.connection = connection
        try:
            self._bring_up_to_date()
        except BaseException:
            connection.close()
            raise
        return connection

    def _bring_up_to_date(self) -> None:
        connection = self.connection
        version = sqlite_schema.version_of(connection)
        is_shared = filesystems.is_shared(self.path)
        if version == 0 or is_shared:
            _set_journal(connection, "DELETE" if is_shared else "WAL")
        if version < sqlite_schema.VERSION:
            with self.transaction():
                done = sqlite_schema.version_of(connection)  # another process may have been faster
                for migration in sqlite_schema.MIGRATIONS[done:]:
                    for statement in migration.split(";"):
                        connection.execute(statement)
                for mark in sqlite_schema.MARKS.split(";"):
                    connection.execute(mark)
        connection.execute("PRAGMA synchronous = NORMAL")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Do several things in one step, or none of them.

        Raises:
            CacheError: it could not be done (disk full, file gone, locked for a minute).
        """
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:  # a full disk has already rolled it back
                    self.connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise self._error("written", error) from error

    def query(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query.

        Raises:
            CacheError: the file cannot be read.
        """
        try:
            return self.connection.execute(statement, parameters).fetchall()
        except sqlite3.Error as error:
            raise self._error("read", error) from error

    def is_any(self, column: str, values: Sequence[Any]) -> tuple[str, Sequence[Any]]:
        """Return the condition that a column has one of these values, with its parameters."""
        return f"{column} IN ({','.join('?' * len(values))})", values

    def now(self) -> float:
        """Return the time on this machine's clock."""
        return time.time()

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def _error(self, done: str, error: sqlite3.Error) -> CacheError:
        """Say what happened and what to do; a damaged file is replaced by what can be read of it."""
        if getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            self.connection.close()
            saved = salvage(self.path, sqlite_schema.SCHEMA, decode)
            return CacheError(f"the cache {self.path} is damaged: {saved}. Run the same command again.")
        return CacheError(
            f"the cache {self.path} cannot be {done}: {error}. Replies stored so far are kept; "
            "free some space (or choose another file with --caching_path) and run the same command again."
        )


def _set_journal(connection: sqlite3.Connection, mode: str) -> None:
    """Let readers and a writer work side by side (WAL), or several machines one after the other (DELETE).

    SQLite does not wait here while another process does the same.
    """
    give_up = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            connection.execute(f"PRAGMA journal_mode = {mode}")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.01)


def _is_cut_short(path: Path) -> bool:
    """Whether a file of ours is shorter than its own header says, with nothing in the log that explains it."""
    log, journal = Path(f"{path}-wal"), Path(f"{path}-journal")
    if not path.is_file() or any(each.exists() and each.stat().st_size for each in (log, journal)):
        return False
    with path.open("rb") as file:
        header = file.read(72)
    is_ours = int.from_bytes(header[68:], "big") == sqlite_schema.APPLICATION_ID
    if not header.startswith(b"SQLite format 3\0") or not is_ours:
        return False
    page_size = int.from_bytes(header[16:18], "big")
    n_pages = int.from_bytes(header[28:32], "big")
    return path.stat().st_size < n_pages * (65_536 if page_size == 1 else page_size)
