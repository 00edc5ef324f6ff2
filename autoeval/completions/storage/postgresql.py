"""A cache that many machines share, on a PostgreSQL server."""

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

from autoeval.completions.storage.database import (
    PUT,
    CacheError,
    ConnectionLostError,
    Cursor,
    Insertion,
    ReplyRow,
    Transaction,
)
from autoeval.completions.storage.postgresql_schema import MIGRATIONS, SCHEMA, VERSION
from autoeval.errors import MissingExtraError, UsageError

try:
    import psycopg
except ModuleNotFoundError:
    raise MissingExtraError("A cache on a PostgreSQL server", "postgres") from None

PATIENCE = 60.0
"""Seconds for which a server that is being restarted is waited for."""
_PAUSE = 0.2
_CONNECT_SECONDS = 10
_LOCK = 0x61757465
_SECRETS = ("password", "sslpassword")
_TYPES = {"key": "bytea", "kind": "text", "value": "text", "created": "float8", "claimant": "text"}
"""Of the columns of which many rows are inserted at once."""


class PostgresqlServer:
    """A connection to a server, for any thread; see `Database`."""

    is_remote = True
    keys_at_once = 10_000

    def __init__(self, address: str) -> None:
        """Connect, and make the tables where there are none.

        Raises:
            UsageError: the address holds a secret, nothing answers there, or the tables are of a newer version.
        """
        self.name = name_of(address)
        self._address = address
        self._lock = threading.RLock()
        self._is_in_transaction = False
        self._ahead = 0.0
        try:
            self._connection = self._connect()
            try:
                self._bring_up_to_date()
            except BaseException:
                self._connection.close()
                raise
        except psycopg.Error as error:
            raise UsageError(
                f"the cache {self.name} cannot be opened: {_told(error)}. Is the server there, and may you make a "
                "schema in that database? A password belongs into PGPASSWORD or ~/.pgpass."
            ) from None

    def _connect(self) -> "psycopg.Connection[Any]":
        connection = psycopg.connect(
            self._address,
            autocommit=True,
            connect_timeout=_CONNECT_SECONDS,
            application_name="autoeval",
        )
        connection.execute(f"SET search_path TO {SCHEMA}")
        ((now,),) = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchall()
        self._ahead = now - time.time()
        return connection

    def _bring_up_to_date(self) -> None:
        connection = self._connection
        with connection.transaction():
            connection.execute(
                "SELECT pg_advisory_xact_lock(%s)", (_LOCK,)
            )  # another process may do the same
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
            connection.execute("CREATE TABLE IF NOT EXISTS versions (version INTEGER PRIMARY KEY)")
            ((version,),) = connection.execute("SELECT coalesce(max(version), 0) FROM versions").fetchall()
            if version > VERSION:
                raise UsageError(
                    f"the cache {self.name} cannot be opened: a newer version of autoeval made it."
                )
            for number, migration in enumerate(MIGRATIONS[version:], version + 1):
                connection.execute(migration)
                connection.execute("INSERT INTO versions VALUES (%s)", (number,))

    @contextmanager
    def transaction(self) -> "Iterator[_Transaction]":
        """Do several things in one step, or none of them.

        Raises:
            ConnectionLostError: the server has gone in between; the same may be tried again.
            CacheError: it could not be done.
        """
        with self._lock:
            self._reconnect()
            self._is_in_transaction = True
            try:
                with self._connection.transaction():
                    yield _Transaction(self._connection)
            except psycopg.Error as error:
                raise self._error("written", error) from error
            finally:
                self._is_in_transaction = False

    def put(self, rows: Sequence[ReplyRow]) -> None:
        """Keep replies, whose claims end with it, in one step and with one statement; see `transaction`."""
        statement = f"WITH kept AS ({_at_once(PUT)}) DELETE FROM claims WHERE key = ANY(?)"
        columns = _columns(rows, PUT)
        with self._lock:
            self._reconnect()
            try:
                self._connection.execute(_marked(statement), [*columns, columns[0]])
            except psycopg.Error as error:
                raise self._error("written", error) from error

    def insert(self, into: Insertion, rows: Sequence[Sequence[Any]], transaction: Transaction) -> Cursor:
        """Insert many rows as part of a transaction, with one statement."""
        return transaction.execute(_at_once(into), _columns(rows, into))

    def query(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query; outside a transaction, a server that is being restarted is waited for.

        Raises:
            CacheError: it cannot be read.
        """
        with self._lock:
            while True:
                try:
                    if not self._is_in_transaction:
                        self._reconnect()
                    return self._connection.execute(_marked(statement), parameters, binary=True).fetchall()
                except psycopg.Error as error:
                    failure = self._error("read", error)
                    if self._is_in_transaction or not isinstance(failure, ConnectionLostError):
                        raise failure from error

    def is_any(self, column: str, values: Sequence[Any]) -> tuple[str, Sequence[Any]]:
        """Return the condition that a column has one of these values, with its parameters."""
        return f"{column} = ANY(?)", (list(values),)

    def now(self) -> float:
        """Return the time on the server's clock."""
        return time.time() + self._ahead

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._connection.close()

    def _reconnect(self) -> None:
        """Connect anew where the connection is lost, waiting for a server that is being restarted."""
        give_up = time.monotonic() + PATIENCE
        while self._connection.closed:
            try:
                self._connection = self._connect()
            except psycopg.Error as error:
                if time.monotonic() > give_up:
                    raise self._error("reached", error) from error
                time.sleep(_PAUSE)

    def _error(self, done: str, error: "psycopg.Error") -> CacheError:
        message = (
            f"the cache {self.name} cannot be {done}: {_told(error)}. Replies stored so far are kept; run the same "
            "command again."
        )
        is_lost = self._connection.closed and done != "reached"
        return ConnectionLostError(message) if is_lost else CacheError(message)


class _Transaction:
    """Statements on a connection, with `?` where values go."""

    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        self._connection = connection

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> "psycopg.Cursor[Any]":
        """Carry out one statement."""
        return self._connection.execute(_marked(statement), parameters)

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]]) -> "psycopg.Cursor[Any]":
        """Carry out one statement for each row, without waiting in between."""
        cursor = self._connection.cursor()
        cursor.executemany(_marked(statement), rows)
        return cursor


@cache
def _marked(statement: str) -> bytes:
    """Put psycopg's marks where values go; lists go in binary, as text each of their items is quoted and read again."""
    listed = statement.replace("ANY(?)", "ANY(%b)").replace("?::", "%b::")
    return listed.replace("?", "%s").encode()


@cache
def _at_once(into: Insertion) -> str:
    """Return the statement that inserts many rows, of which it takes a list of each column."""
    lists = ", ".join(f"?::{_TYPES[name]}[]" for name in into.columns)
    return into.of(f"SELECT * FROM unnest({lists})")


def _columns(rows: Iterable[Sequence[Any]], into: Insertion) -> list[list[Any]]:
    """Return what `_at_once` takes: of rows of the same key only the last, or the server would refuse them."""
    last_of_key = {row[0]: row for row in rows}
    return [list(column) for column in zip(*last_of_key.values(), strict=True)] or [[] for _ in into.columns]


def name_of(address: str) -> str:
    """Return an address as it may be shown.

    Raises:
        UsageError: it holds a secret, which belongs into no command line.
    """
    parts = urlsplit(address)
    if parts.password is not None or any(name in parse_qs(parts.query) for name in _SECRETS):
        raise UsageError(
            "--caching_path: a password in an address ends in histories and logs. Leave it out, and put it into the "
            "environment variable PGPASSWORD or into ~/.pgpass."
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def _told(error: "psycopg.Error") -> str:
    return " ".join(str(error).split()) or type(error).__name__
