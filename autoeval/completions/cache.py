"""The cache: one SQLite file that holds every reply that was paid for, safe for several processes at once.

Each reply is committed as it comes, so that a crash or a kill loses only what was in flight.
"""

import json
import sqlite3
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

from autoeval.completions.providers.logprobs import from_json, to_json
from autoeval.completions.salvage import Salvage, salvage
from autoeval.errors import AutoevalError, UsageError
from autoeval.types import Completion, TokenLogprobs

_APPLICATION_ID = 0x61757465  # "aute": tells our files from other SQLite files
_LOOKUPS_AT_ONCE = 500
_LOCK_SECONDS = 60.0

_MIGRATIONS = (
    """
    CREATE TABLE replies (
        key BLOB PRIMARY KEY,
        kind TEXT NOT NULL,       -- 'completion', or 'verdict' where only the verdict was recorded
        value TEXT NOT NULL,      -- JSON
        created REAL NOT NULL     -- seconds since the epoch
    )
    """,
    """
    CREATE TABLE batch_jobs (
        note TEXT PRIMARY KEY,    -- our name for it
        id TEXT,                  -- the provider's, once it has taken it
        endpoint TEXT NOT NULL,   -- JSON
        model TEXT NOT NULL,
        n_requests INTEGER NOT NULL,
        created REAL NOT NULL,
        state TEXT NOT NULL,
        submitter TEXT NOT NULL   -- host:process
    );
    CREATE TABLE batch_requests (key BLOB PRIMARY KEY, job TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE batch_failures (
        key BLOB PRIMARY KEY, attempts INTEGER NOT NULL, kind TEXT NOT NULL, message TEXT NOT NULL
    ) WITHOUT ROWID
    """,
)
"""What makes each version of the file out of the one before; the first one out of nothing."""

_SCHEMA_VERSION = len(_MIGRATIONS)
_MARKS = f"PRAGMA application_id = {_APPLICATION_ID}; PRAGMA user_version = {_SCHEMA_VERSION}"
_SCHEMA = ";".join((*_MIGRATIONS, _MARKS))


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
        self.salvaged: Salvage | None = None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if _is_cut_short(self.path):
                self.salvaged = salvage(self.path, _SCHEMA, _decode)
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
        self._connection = connection
        try:
            self._bring_up_to_date()
        except BaseException:
            connection.close()
            raise
        return connection

    def _bring_up_to_date(self) -> None:
        connection = self._connection
        if _version(connection) < _SCHEMA_VERSION:
            _set_journal(connection)
            with self.transaction():
                for migration in _MIGRATIONS[_version(connection) :]:  # another process may have been faster
                    for statement in migration.split(";"):
                        connection.execute(statement)
                for mark in _MARKS.split(";"):
                    connection.execute(mark)
        connection.execute("PRAGMA synchronous = NORMAL")

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

    @property
    def is_temporary(self) -> bool:
        """Whether the file is deleted when this is closed."""
        return self._folder is not None

    def known(self, keys: Sequence[bytes]) -> set[bytes]:
        """Return those of `keys` that have an entry."""
        return {key for (key,) in self._select("SELECT key FROM replies", keys)}

    @property
    def has_batches(self) -> bool:
        """Whether any request waits in a batch job."""
        return bool(self.query("SELECT 1 FROM batch_requests LIMIT 1"))

    def in_batches(self, keys: Sequence[bytes]) -> set[bytes]:
        """Return those of `keys` that wait in a batch job."""
        return {key for (key,) in self._select("SELECT key FROM batch_requests", keys)}

    def get_many(self, keys: Sequence[bytes]) -> dict[bytes, Entry]:
        """Return the entries of those of `keys` that have one."""
        found = self._select("SELECT key, kind, value FROM replies", keys)
        return {key: _decode(kind, value) for key, kind, value in found}

    def put(self, key: bytes, entry: Entry) -> None:
        """Store one reply; it is safe on disk against a crash of this process when this returns.

        Raises:
            CacheError: it could not be stored (disk full, file gone, locked for a minute).
        """
        self.put_many([(key, entry)])

    def put_many(self, entries: Iterable[tuple[bytes, Entry]]) -> None:
        """Store several replies in one transaction; see `put`."""
        with self.transaction():
            self.insert(entries)

    def insert(self, entries: Iterable[tuple[bytes, Entry]]) -> None:
        """Store several replies as part of a transaction."""
        now = time.time()
        rows = [(key, *_encode(entry), now) for key, entry in entries]
        self._connection.executemany("INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?)", rows)

    def delete(self, keys: Iterable[bytes]) -> int:
        """Forget entries, so that they are asked again; returns how many there were."""
        with self.transaction():
            return sum(
                self._connection.execute("DELETE FROM replies WHERE key = ?", (key,)).rowcount for key in keys
            )

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Do several things in one step, or none of them.

        Raises:
            CacheError: it could not be done (disk full, file gone, locked for a minute).
        """
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # a full disk has already rolled it back
                    self._connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise self._error("written", error) from error

    def query(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query.

        Raises:
            CacheError: the file cannot be read.
        """
        try:
            return self._connection.execute(statement, parameters).fetchall()
        except sqlite3.Error as error:
            raise self._error("read", error) from error

    def _select(self, statement: str, keys: Sequence[bytes]) -> Iterator[tuple[Any, ...]]:
        for start in range(0, len(keys), _LOOKUPS_AT_ONCE):
            chunk = keys[start : start + _LOOKUPS_AT_ONCE]
            yield from self.query(f"{statement} WHERE key IN ({','.join('?' * len(chunk))})", chunk)

    def _error(self, done: str, error: sqlite3.Error) -> CacheError:
        """Say what happened and what to do; a damaged file is replaced by what can be read of it."""
        if getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            self._connection.close()
            saved = salvage(self.path, _SCHEMA, _decode)
            return CacheError(f"the cache {self.path} is damaged: {saved}. Run the same command again.")
        return CacheError(
            f"the cache {self.path} cannot be {done}: {error}. Replies stored so far are kept; "
            "free some space (or choose another file with --caching_path) and run the same command again."
        )


def _version(connection: sqlite3.Connection) -> int:
    """Return the version of a file that is ours, 0 for an empty one.

    Raises:
        sqlite3.DatabaseError: it is another program's, holds other tables, or is of a version that we do not know.
    """
    (application, version, found), *_ = connection.execute(_IDENTITY)
    tables = json.loads(found)
    if application not in (0, _APPLICATION_ID) or (application == 0 and tables):
        raise sqlite3.DatabaseError("it is an SQLite file of another program")
    if application == 0:
        return 0
    if version > _SCHEMA_VERSION:
        raise sqlite3.DatabaseError("a newer version of autoeval wrote it")
    if version < 0 or tables != _tables_of(version):
        raise sqlite3.DatabaseError("its tables are not those of a cache")
    return int(version)


_IDENTITY = """
    SELECT application_id, user_version, (
        SELECT json_group_object(name, (SELECT json_group_array(name) FROM pragma_table_info(of_all.name)))
        FROM sqlite_master AS of_all WHERE type IN ('table', 'view') AND name NOT GLOB 'sqlite_*'
    ) FROM pragma_application_id, pragma_user_version
"""
"""One statement, so that no other process can change the file in the middle of it."""


@cache
def _tables_of(version: int) -> dict[str, list[str]]:
    """Return the tables of a version with their columns."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(";".join(_MIGRATIONS[:version]))
        ((_, _, tables),) = connection.execute(_IDENTITY)
    made: dict[str, list[str]] = json.loads(tables)
    return made


def _set_journal(connection: sqlite3.Connection) -> None:
    """Let readers and a writer work side by side; SQLite does not wait here while another process does the same."""
    give_up = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.01)


def _is_cut_short(path: Path) -> bool:
    """Whether a file of ours is shorter than its own header says, with nothing in the log that explains it."""
    log = Path(f"{path}-wal")
    if not path.is_file() or (log.exists() and log.stat().st_size):
        return False
    with path.open("rb") as file:
        header = file.read(72)
    if not header.startswith(b"SQLite format 3\0") or int.from_bytes(header[68:], "big") != _APPLICATION_ID:
        return False
    page_size = int.from_bytes(header[16:18], "big")
    n_pages = int.from_bytes(header[28:32], "big")
    return path.stat().st_size < n_pages * (65_536 if page_size == 1 else page_size)


def _encode(entry: Entry) -> tuple[str, str]:
    kind = "completion" if isinstance(entry, Completion) else "verdict"
    fields = {
        name: value
        for name, value in asdict(entry).items()
        if value is not None and value is not False and value != ()
    }
    if isinstance(entry, Completion) and entry.logprobs:
        fields["logprobs"] = [_written(token) for token in entry.logprobs]
    return kind, json.dumps(fields, separators=(",", ":"), allow_nan=False)


def _written(token: TokenLogprobs) -> dict[str, Any]:
    top = [(text, to_json(number)) for text, number in token.top]
    return {"token": token.token, "logprob": to_json(token.logprob), "top": top}


def _decode(kind: str, value: str) -> Entry:
    fields: Mapping[str, Any] = json.loads(value)
    if kind == "verdict":
        return RecordedVerdict(**{**fields, "preferences": tuple(fields["preferences"])})
    if "adapted" in fields:
        fields = {**fields, "adapted": tuple(fields["adapted"])}
    if "logprobs" not in fields:
        return Completion(**fields)
    logprobs = tuple(
        TokenLogprobs(
            token["token"],
            from_json(token["logprob"]),
            tuple((text, from_json(number)) for text, number in token["top"]),
        )
        for token in fields["logprobs"]
    )
    return Completion(**{**fields, "logprobs": logprobs})
