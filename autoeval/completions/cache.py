"""The cache: every reply that was paid for, by the key of its request.

Each reply is committed as it comes, so that a crash or a kill loses only what was in flight.
"""

import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from autoeval.completions.storage import places
from autoeval.completions.storage.claims import Claims
from autoeval.completions.storage.database import (
    CacheError,
    Database,
    ReplyRow,
    Source,
    Transaction,
    put,
    select,
)
from autoeval.completions.storage.entries import Entry, RecordedVerdict, encode, entry_of
from autoeval.completions.storage.sqlite_file import SqliteFile

if TYPE_CHECKING:
    from autoeval.completions.salvage import Salvage
    from autoeval.completions.storage.reader import ReadOnlyFile

__all__ = ["Cache", "CacheError", "Entry", "RecordedVerdict", "default_path"]


def default_path() -> Path:
    """Return the cache file in the user's cache folder."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("autoeval")) / "replies.sqlite"


class Cache:
    """Replies by request key. Use it as a context manager.

    `path` is its file, None where it is on a server; `name` says which it is, without any secret.
    """

    def __init__(self, where: Path | str | None, others: Sequence[Path] = ()) -> None:
        """Open the cache; file and folder are made when something is first written.

        Args:
            where: the SQLite file, the address of a PostgreSQL server, or None for a temporary file that is deleted
                afterwards.
            others: files that are only read, where `where` has no reply; the first one that has it counts.

        Raises:
            UsageError: a file is something else, damaged, locked, or cannot be created; the server does not answer.
            MissingExtraError: what talks to a server is not installed.
        """
        self._folder = tempfile.TemporaryDirectory(prefix="autoeval-") if where is None else None
        self.path: Path | None = Path(self._folder.name) / "replies.sqlite" if self._folder else None
        self.salvaged: Salvage | None = None
        self.database: Database
        if places.is_server(where):
            from autoeval.completions.storage.postgresql import PostgresqlServer

            self.database = PostgresqlServer(str(where))
        else:
            self.path = self.path or Path(where or "")
            self.database = file = SqliteFile(self.path)
            self.salvaged = file.salvaged
        self.name = self.database.name
        self._others = self._open_others(others)

    def _open_others(self, paths: Sequence[Path]) -> "list[ReadOnlyFile]":
        from autoeval.completions.storage.reader import ReadOnlyFile

        try:
            return [ReadOnlyFile(path) for path in paths]
        except BaseException:
            self.database.close()
            raise

    def __enter__(self) -> "Cache":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the cache; a temporary one is deleted."""
        self.database.close()
        for other in self._others:
            other.close()
        if self._folder:
            self._folder.cleanup()

    @property
    def is_temporary(self) -> bool:
        """Whether the file is deleted when this is closed."""
        return self._folder is not None

    @property
    def is_remote(self) -> bool:
        """Whether each step takes a while, so that an event loop should not wait for it."""
        return self.database.is_remote

    def claims(self) -> Claims:
        """Return the claims of a new run, which are for others to see."""
        return Claims(self.database)

    def known(self, keys: Sequence[bytes]) -> set[bytes]:
        """Return those of `keys` that have an entry."""
        return {key for (key,) in self._rows("SELECT key FROM replies", keys)}

    def get_many(self, keys: Sequence[bytes]) -> dict[bytes, Entry]:
        """Return the entries of those of `keys` that have one.

        Raises:
            CacheError: it cannot be read, or one of them not.
        """
        found = self._rows("SELECT key, kind, value FROM replies", keys)
        return {key: entry_of(self.name, key, kind, value) for key, kind, value in found}

    def _rows(self, statement: str, keys: Sequence[bytes]) -> Iterator[tuple[Any, ...]]:
        """Walk through the rows of this cache, and of the others for what it does not have."""
        if not self._others:
            yield from select(self.database, statement, "key", keys)
            return
        left = dict.fromkeys(keys)
        sources: list[Source] = [self.database, *self._others]
        for source in sources:
            for row in select(source, statement, "key", list(left)):
                del left[row[0]]
                yield row

    @property
    def has_batches(self) -> bool:
        """Whether any request waits in a batch job."""
        return bool(self.query("SELECT 1 FROM batch_requests LIMIT 1"))

    def in_batches(self, keys: Sequence[bytes]) -> set[bytes]:
        """Return those of `keys` that wait in a batch job."""
        own: list[Source] = [self.database] if self.has_batches else []
        sources = [*own, *(other for other in self._others if other.has_batches)]
        return {
            key
            for source in sources
            for (key,) in select(source, "SELECT key FROM batch_requests", "key", keys)
        }

    def put(self, key: bytes, entry: Entry) -> None:
        """Store one reply; it is safe against a crash of this process when this returns.

        Raises:
            CacheError: it could not be stored (disk full, file gone, locked for a minute).
        """
        self.put_many([(key, entry)])

    def put_many(self, entries: Iterable[tuple[bytes, Entry]]) -> None:
        """Store several replies in one transaction; nobody has to ask them any more. See `put`."""
        self.database.put(_rows_of(entries))

    def insert(self, entries: Iterable[tuple[bytes, Entry]], transaction: Transaction) -> None:
        """Store several replies as part of a transaction."""
        put(self.database, transaction, _rows_of(entries))

    def delete(self, keys: Iterable[bytes]) -> int:
        """Forget entries, so that they are asked again; returns how many there were."""
        with self.transaction() as transaction:
            return sum(
                transaction.execute("DELETE FROM replies WHERE key = ?", (key,)).rowcount for key in keys
            )

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Do several things in one step, or none of them.

        Raises:
            CacheError: it could not be done (disk full, file gone, locked for a minute).
        """
        return self.database.transaction()

    def query(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query.

        Raises:
            CacheError: it cannot be read.
        """
        return self.database.query(statement, parameters)


def _rows_of(entries: Iterable[tuple[bytes, Entry]]) -> list[ReplyRow]:
    now = time.time()
    return [(key, *encode(entry), now) for key, entry in entries]
