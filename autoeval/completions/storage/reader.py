"""A cache's file that is only read: another shard's, a colleague's, one on a disk that cannot be written."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from autoeval.completions.storage import sqlite_schema
from autoeval.completions.storage.database import CacheError
from autoeval.completions.storage.sqlite_file import LOCK_SECONDS
from autoeval.errors import UsageError

_BATCHES_SINCE = 2


class ReadOnlyFile:
    """An open file of which nothing changes, its version included."""

    is_remote = False
    keys_at_once = 500

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises:
            UsageError: there is none, it is something else, or it cannot be read.
        """
        self.path = path
        self.name = str(path)
        try:
            self._connection = _connect(path)
            self.version = _version_of(self._connection)
        except (OSError, sqlite3.Error) as error:
            raise UsageError(f"--caching_path: the cache {path} cannot be read: {error}.") from None

    @property
    def has_batches(self) -> bool:
        """Whether its version knows of batch jobs."""
        return self.version >= _BATCHES_SINCE

    def query(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query.

        Raises:
            CacheError: the file cannot be read.
        """
        try:
            return self._connection.execute(statement, parameters).fetchall()
        except sqlite3.Error as error:
            raise CacheError(
                f"the cache {self.path} cannot be read: {error}. `cache verify` says what is whole in it."
            ) from error

    def is_any(self, column: str, values: Sequence[Any]) -> tuple[str, Sequence[Any]]:
        """Return the condition that a column has one of these values, with its parameters."""
        return f"{column} IN ({','.join('?' * len(values))})", values

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def is_blank(path: Path) -> bool:
    """Whether there is nothing in a file yet, as another process makes it first; False where it is no cache."""
    try:
        with closing(_connect(path)) as connection:
            has_tables = connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None
            return not has_tables and sqlite_schema.version_of(connection) == 0
    except (OSError, sqlite3.Error):  # told where it is opened to be read
        return False


def _version_of(connection: sqlite3.Connection) -> int:
    """Return the version of a file that is ours; any other is closed again."""
    try:
        if (version := sqlite_schema.version_of(connection)) == 0:
            raise sqlite3.DatabaseError("there is nothing in it")
    except BaseException:
        connection.close()
        raise
    return version


def _connect(path: Path) -> sqlite3.Connection:
    """Open a file as it is; one that lies where nothing can be written as one that does not change."""
    if not path.is_file():
        raise FileNotFoundError("there is no such file")
    address = f"file:{quote(str(path.absolute()))}?mode=ro"
    log = Path(f"{path}-wal")
    has_log = log.exists() and log.stat().st_size > 0
    for end in ("", "&immutable=1"):
        connection = sqlite3.connect(
            address + end, uri=True, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
            return connection
        except BaseException as error:
            connection.close()
            if end or has_log or not isinstance(error, sqlite3.OperationalError):
                raise
    raise AssertionError
