"""The tables of a cache's SQLite file, their versions, and how a file is known to be ours."""

import json
import sqlite3
from contextlib import closing
from functools import cache

APPLICATION_ID = 0x61757465  # "aute": tells our files from other SQLite files

MIGRATIONS = (
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
    """
    CREATE TABLE claimants (
        id TEXT PRIMARY KEY,      -- of one run
        process TEXT NOT NULL,    -- host:process
        until REAL NOT NULL       -- the lease's end, in seconds since the epoch, renewed while the run goes on
    );
    CREATE TABLE claims (key BLOB PRIMARY KEY, claimant TEXT NOT NULL) WITHOUT ROWID
    """,
)
"""What makes each version of the file out of the one before; the first one out of nothing."""

VERSION = len(MIGRATIONS)
MARKS = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION}"
SCHEMA = ";".join((*MIGRATIONS, MARKS))


def version_of(connection: sqlite3.Connection) -> int:
    """Return the version of a file that is ours, 0 for an empty one.

    Raises:
        sqlite3.DatabaseError: it is another program's, holds other tables, or is of a version that we do not know.
    """
    (application, version, found), *_ = connection.execute(_IDENTITY)
    tables = json.loads(found)
    if application not in (0, APPLICATION_ID) or (application == 0 and tables):
        raise sqlite3.DatabaseError("it is an SQLite file of another program")
    if application == 0:
        return 0
    if version > VERSION:
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
        connection.executescript(";".join(MIGRATIONS[:version]))
        ((_, _, tables),) = connection.execute(_IDENTITY)
    made: dict[str, list[str]] = json.loads(tables)
    return made
