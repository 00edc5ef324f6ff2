"""What a database must do for a cache, whichever it is: the SQL above it is the same for all.

Statements have `?` where values go, and use what SQLite and PostgreSQL both know.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from autoeval.errors import AutoevalError


@dataclass(frozen=True, slots=True)
class Insertion:
    """What inserts rows into a table; `on_conflict` says what becomes of one whose key, the first column, is there."""

    table: str
    columns: tuple[str, ...]
    on_conflict: str

    def of(self, values: str) -> str:
        """Return the statement that inserts these values, in the words of SQL."""
        return f"INSERT INTO {self.table} ({', '.join(self.columns)}) {values} ON CONFLICT (key) {self.on_conflict}"

    @property
    def of_one_row(self) -> str:
        """Return the statement that inserts one row."""
        return self.of(f"VALUES ({', '.join('?' * len(self.columns))})")


ReplyRow = tuple[bytes, str, str, float]
"""A reply: its key, its kind, its value as JSON, and when it was stored."""

_COLUMNS = ("key", "kind", "value", "created")
PUT = Insertion(
    "replies",
    _COLUMNS,
    "DO UPDATE SET kind = excluded.kind, value = excluded.value, created = excluded.created",
)
"""Keeps a reply, whatever was there before."""
KEEP = Insertion("replies", _COLUMNS, "DO NOTHING")
"""Keeps a reply where there is none."""


class CacheError(AutoevalError):
    """The cache cannot be read or written any more; asking on would pay for replies that get lost."""


class ConnectionLostError(CacheError):
    """The server has gone in the middle of something, which took no effect or may be done a second time."""


class Cursor(Protocol):
    """What came of a statement; `rowcount` is how many rows it changed."""

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return the rows that it found."""


class Transaction(Protocol):
    """Statements that take effect together."""

    def execute(self, statement: str, parameters: Sequence[Any] = ..., /) -> Cursor:
        """Carry out one statement."""

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]], /) -> Cursor:
        """Carry out one statement for each row."""


class Source(Protocol):
    """Where replies can be read.

    `name` says which it is, without any secret. `is_remote`: each statement takes a while, so that many replies
    should go together and an event loop should not wait. `keys_at_once` is how many keys one statement takes.
    """

    name: str
    is_remote: bool
    keys_at_once: int

    def query(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query; CacheError where it cannot be read."""

    def is_any(self, column: str, values: Sequence[Any]) -> tuple[str, Sequence[Any]]:
        """Return the condition that a column has one of these values, with its parameters."""

    def close(self) -> None:
        """Close the connection."""


class Database(Source, Protocol):
    """Where replies are kept."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Do several things in one step, or none of them; CacheError where it cannot be done."""

    def put(self, rows: Sequence[ReplyRow]) -> None:
        """Keep replies, whose claims end with it, in one step; CacheError where it cannot be done."""

    def insert(self, into: Insertion, rows: Sequence[Sequence[Any]], transaction: Transaction) -> Cursor:
        """Insert many rows as part of a transaction."""

    def now(self) -> float:
        """Return the time on the clock that all who use the database share, in seconds since the epoch."""


def select(database: Source, statement: str, column: str, keys: Sequence[bytes]) -> Iterator[tuple[Any, ...]]:
    """Walk through the rows of a query whose column has one of many keys."""
    for start in range(0, len(keys), database.keys_at_once):
        condition, parameters = database.is_any(column, keys[start : start + database.keys_at_once])
        yield from database.query(f"{statement} WHERE {condition}", parameters)


def delete(database: Source, transaction: Transaction, table: str, keys: Sequence[bytes]) -> None:
    """Delete the rows of a table that have one of many keys."""
    for start in range(0, len(keys), database.keys_at_once):
        condition, parameters = database.is_any("key", keys[start : start + database.keys_at_once])
        transaction.execute(f"DELETE FROM {table} WHERE {condition}", parameters)


def put(database: Database, transaction: Transaction, rows: Sequence[ReplyRow]) -> None:
    """Keep replies as part of a transaction; nobody has to ask them any more."""
    database.insert(PUT, rows, transaction)
    delete(database, transaction, "claims", [key for key, *_ in rows])
