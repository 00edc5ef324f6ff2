"""The cache: one SQLite file that holds every reply that was paid for, safe for several processes at once.

Each reply is committed as it comes, so that a crash or a kill loses only what was in flight.
"""

import json
import sqlite3
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from autoeval.errors import AutoevalError, UsageError
from autoeval.types import Completion, TokenLogprobs

_APPLICATION_ID = 0x61757465  # "aute": tells our files from other SQLite files
_SCHEMA_VERSION = 1
_LOOKUPS_AT_ONCE = 500
_LOCK_SECONDS = 60.0

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS replies (
    key BLOB PRIMARY KEY,
    kind TEXT NOT NULL,       -- 'completion', or 'verdict' where only the verdict was recorded
    value TEXT NOT NULL,      -- JSON
    created REAL NOT NULL     -- seconds since the epoch
);
PRAGMA application_id = {_APPLICATION_ID};
PRAGMA user_version = {_SCHEMA_VERSION};
"""


class CacheError(AutoevalError):
    """The cache cannot be read or written any more; asking on would pay for replies that get lost."""


@dataclass(frozen=True, slots=True)
class RecordedVerdict:
    """Verdicts imported from elsewhere without the reply that they were read from.

    `preferences` has one for each pair that the prompt asks about, in the order shown; None where the reply held no
    verdict. `price` and `seconds` are per pair.
    """

    preferences: tuple[float | None, ...]
    price: float | None = None
    seconds: float | None = None


Entry = Completion | RecordedVerdict


def default_path() -> Path:
    """Return the cache file in the user's cache folder."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("autoeval")) / "replies.sqlite"


class Cache:
    """Replies by request key. Use it as a context manager."""

    def __init__(self, path: Path | None) -> None:
        """Open the cache, creating file and folder if needed.

        Args:
            path: the SQLite file, or None for a temporary one that is deleted afterwards.

        Raises:
            UsageError: the file is something else, damaged, locked, or cannot be created.
        """
        self._folder = tempfile.TemporaryDirectory(prefix="autoeval-") if path is None else None
        self.path = Path(self._folder.name) / "replies.sqlite" if self._folder else Path(path or "")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = self._open()
        except (OSError, sqlite3.Error) as error:
            raise UsageError(
                f"the cache {self.path} cannot be opened: {error}. "
                "Move the file away if it is damaged, or give another one with --caching_path."
            ) from None

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=_LOCK_SECONDS, isolation_level=None, check_same_thread=False
        )
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application != _APPLICATION_ID and tables:
            raise sqlite3.DatabaseError("it is an SQLite file of another program")
        if version > _SCHEMA_VERSION:
            raise sqlite3.DatabaseError("a newer version of autoeval wrote it")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        if not tables:
            connection.executescript(_SCHEMA)
        return connection

    def __enter__(self) -> "Cache":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; a temporary one is deleted."""
        self._connection.close()
        if self._folder:
            self._folder.cleanup()

    def known(self, keys: Sequence[bytes]) -> set[bytes]:
        """Return those of `keys` that have an entry."""
        return {key for (key,) in self._select("key", keys)}

    def get_many(self, keys: Sequence[bytes]) -> dict[bytes, Entry]:
        """Return the entries of those of `keys` that have one."""
        return {key: _decode(kind, value) for key, kind, value in self._select("key, kind, value", keys)}

    def put(self, key: bytes, entry: Entry) -> None:
        """Store one reply; it is safe on disk against a crash of this process when this returns.

        Raises:
            CacheError: it could not be stored (disk full, file gone, locked for a minute).
        """
        self.put_many([(key, entry)])

    def put_many(self, entries: Iterable[tuple[bytes, Entry]]) -> None:
        """Store several replies in one transaction; see `put`."""
        now = time.time()
        rows = [(key, *_encode(entry), now) for key, entry in entries]
        try:
            with self._transaction():
                self._connection.executemany("INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?)", rows)
        except sqlite3.Error as error:
            raise CacheError(
                f"the cache {self.path} cannot be written: {error}. Replies stored so far are kept; "
                "free some space (or choose another file with --caching_path) and run the same command again."
            ) from error

    def delete(self, keys: Iterable[bytes]) -> int:
        """Forget entries, so that they are asked again; returns how many there were."""
        with self._transaction():
            return sum(
                self._connection.execute("DELETE FROM replies WHERE key = ?", (key,)).rowcount for key in keys
            )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # a full disk has already rolled it back
                self._connection.execute("ROLLBACK")
            raise

    def _select(self, columns: str, keys: Sequence[bytes]) -> Iterable[tuple[Any, ...]]:
        for start in range(0, len(keys), _LOOKUPS_AT_ONCE):
            chunk = keys[start : start + _LOOKUPS_AT_ONCE]
            marks = ",".join("?" * len(chunk))
            try:
                yield from self._connection.execute(
                    f"SELECT {columns} FROM replies WHERE key IN ({marks})", chunk
                )
            except sqlite3.Error as error:
                raise CacheError(
                    f"the cache {self.path} cannot be read: {error}. Move the file away."
                ) from error


def _encode(entry: Entry) -> tuple[str, str]:
    kind = "completion" if isinstance(entry, Completion) else "verdict"
    fields = {name: value for name, value in asdict(entry).items() if value not in (None, ())}
    return kind, json.dumps(fields, separators=(",", ":"))


def _decode(kind: str, value: str) -> Entry:
    fields: Mapping[str, Any] = json.loads(value)
    if kind == "verdict":
        return RecordedVerdict(**{**fields, "preferences": tuple(fields["preferences"])})
    logprobs = tuple(
        TokenLogprobs(
            token["token"], token["logprob"], tuple((text, number) for text, number in token["top"])
        )
        for token in fields.get("logprobs", ())
    )
    return Completion(**{**fields, "logprobs": logprobs})
