"""A cache in one SQLite file, safe for several processes at once.

A new one is made when something is first written into it: a run that is refused leaves nothing behind.
"""

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from autoeval.completions.salvage import Salvage, salvage
from autoeval.completions.storage import filesystems, sqlite_schema
from autoeval.completions.storage.database import CacheError, Cursor, Insertion, ReplyRow, Transaction, put
from autoeval.completions.storage.entries import decode
from autoeval.data.replacing import refuse_unwritable
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
    """An open file, or the place for one; see `Database`."""

    is_remote = False
    keys_at_once = 500

    def __init__(self, path: Path) -> None:
        """Open the file and bring it up to date; where there is none, begin with nothing.

        Raises:
            UsageError: the file is something else, damaged, locked, or could not be created.
            CacheError: the disk is full.
        """
        self.path = path
        self.name = str(path)
        self.salvaged: Salvage | None = None
        self._file: sqlite3.Connection | None = None
        self._nothing: sqlite3.Connection | None = None
        self._opening = threading.Lock()
        if self._is_there():
            self._file = self._open()
        else:
            refuse_unwritable(path, "the cache ")

    def _is_there(self) -> bool:
        try:
            return self.path.exists()
        except OSError as error:
            raise self._unopened(error) from None

    def _to_write(self) -> sqlite3.Connection:
        with self._opening:  # who reads and who writes may be two threads
            if self._file is None:
                self._file = self._open()
            return self._file

    def _to_read(self) -> sqlite3.Connection:
        """Return the file, which another process may have made meanwhile, or an empty database in its place."""
        if self._file is not None or self._is_there():
            return self._to_write()
        if self._nothing is None:
            self._nothing = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
            self._nothing.executescript(sqlite_schema.SCHEMA)
        return self._nothing

    def _open(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if _is_cut_short(self.path):
                self.salvaged = salvage(self.path, sqlite_schema.SCHEMA, decode)
            return self._connected()
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

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            self._bring_up_to_date(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _bring_up_to_date(self, connection: sqlite3.Connection) -> None:
        version = sqlite_schema.version_of(connection)
        is_shared = filesystems.is_shared(self.path)
        if version == 0 or is_shared:
            _set_journal(connection, "DELETE" if is_shared else "WAL")
        if version < sqlite_schema.VERSION:
            with self._transaction_of(connection):
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
        with self._transaction_of(self._to_write()) as connection:
            yield connection

    @contextmanager
    def _transaction_of(self, connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:  # a full disk has already rolled it back
                    connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise self._error("written", error) from error

    def put(self, rows: Sequence[ReplyRow]) -> None:
        """Keep replies, whose claims end with it, in one step; see `transaction`."""
        with self.transaction() as connection:
            put(self, connection, rows)

    def insert(self, into: Insertion, rows: Sequence[Sequence[Any]], transaction: Transaction) -> Cursor:
        """Insert many rows as part of a transaction."""
        return transaction.executemany(into.of_one_row, rows)

    def query(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query.

        Raises:
            CacheError: the file cannot be read.
        """
        try:
            return self._to_read().execute(statement, parameters).fetchall()
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
        for connection in (self._file, self._nothing):
            if connection is not None:
                connection.close()

    def _error(self, done: str, error: sqlite3.Error) -> CacheError:
        """Say what happened and what to do; a damaged file is replaced by what can be read of it."""
        if getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            self.close()
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
