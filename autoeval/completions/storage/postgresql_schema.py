"""The tables of a shared cache on a PostgreSQL server, in a schema of their own, and their versions."""

SCHEMA = "autoeval"

MIGRATIONS = (
    """
    CREATE TABLE replies (
        key BYTEA PRIMARY KEY,
        kind TEXT NOT NULL,                   -- as in an SQLite file
        value TEXT NOT NULL,
        created DOUBLE PRECISION NOT NULL
    );
    CREATE TABLE batch_jobs (
        note TEXT PRIMARY KEY, id TEXT, endpoint TEXT NOT NULL, model TEXT NOT NULL, n_requests BIGINT NOT NULL,
        created DOUBLE PRECISION NOT NULL, state TEXT NOT NULL, submitter TEXT NOT NULL
    );
    CREATE TABLE batch_requests (key BYTEA PRIMARY KEY, job TEXT NOT NULL);
    CREATE TABLE batch_failures (
        key BYTEA PRIMARY KEY, attempts BIGINT NOT NULL, kind TEXT NOT NULL, message TEXT NOT NULL
    );
    CREATE TABLE claimants (id TEXT PRIMARY KEY, process TEXT NOT NULL, until DOUBLE PRECISION NOT NULL);
    CREATE TABLE claims (key BYTEA PRIMARY KEY, claimant TEXT NOT NULL);
    CREATE INDEX claims_of ON claims (claimant);
    CREATE TABLE grants (claimant TEXT PRIMARY KEY, dollars DOUBLE PRECISION NOT NULL);
    CREATE TABLE paces (
        name TEXT PRIMARY KEY,                -- of a model at an endpoint
        next DOUBLE PRECISION NOT NULL        -- when the next request may be sent, in seconds since the epoch
    )
    """,
)
"""What makes each version out of the one before; the first one out of nothing."""

VERSION = len(MIGRATIONS)
