"""A cache on a PostgreSQL server beside a bare psycopg loop: replies in and out, in groups of the same size."""

import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autoeval.completions.cache import Cache
from autoeval.types import Completion, TokenLogprobs
from benchmarks.results import Section
from tests.servers.postgresql import PostgresqlTestServer

N_REPLIES = 20_000
GROUPS = (16, 64, 200)
"""How many go in together, as they do when so many requests are in flight; 200 are looked up together."""
REPEATS = 3
LEAST = 0.6
_TABLE = "CREATE TABLE IF NOT EXISTS bare (key BYTEA PRIMARY KEY, kind TEXT, value TEXT, created FLOAT8)"

Rates = dict[str, list[float]]


def measure() -> Section:
    """Put replies in and take them out, in turn with the loop."""
    found: dict[int, Rates] = {}
    with PostgresqlTestServer() as server:
        for group in GROUPS:
            found[group] = {"in": [], "bare in": [], "out": [], "bare out": []}
            for _ in range(REPEATS):
                _measure_once(server.address, group, found[group])
    rows, reached = [], []
    for group, rates in found.items():
        for way in ("in", "out"):
            ours, bare = statistics.median(rates[way]), statistics.median(rates[f"bare {way}"])
            share = statistics.median(a / b for a, b in zip(rates[way], rates[f"bare {way}"], strict=True))
            rows.append((f"{way}, {group} at a time", f"{ours:,.0f}", f"{bare:,.0f}", f"{100 * share:.0f}%"))
            reached.append((f"{way}, {group} at a time, at least 60%: {100 * share:.0f}%", share >= LEAST))
    return Section(
        "a cache on a PostgreSQL server beside a bare psycopg loop",
        ("", "replies a second, autoeval", "bare loop", "autoeval's share"),
        rows,
        reached=reached,
        notes=[
            f"{N_REPLIES:,} replies, every tenth with log probabilities, on a server of this machine that is reached "
            "by a socket, without fsync. The loop writes the same texts, encoded beforehand, into a table of the same "
            "columns with `executemany` and a commit a group, and reads them with `= ANY`; it decodes nothing. The "
            f"share is the median of {REPEATS} measured in turn."
        ],
    )


def _measure_once(address: str, group: int, rates: Rates) -> None:
    import psycopg

    replies = [(os.urandom(32), _reply(number)) for number in range(N_REPLIES)]
    keys = [key for key, _ in replies]
    with Cache(address) as cache, psycopg.connect(address, autocommit=True) as connection:
        connection.execute(_TABLE)
        rates["in"].append(_rate(replies, group, cache.put_many))
        encoded = cache.query("SELECT key, kind, value, created FROM replies")
        rows = encoded[-N_REPLIES:]

        def put(some: Sequence[Any]) -> None:
            with connection.transaction():
                connection.cursor().executemany(
                    "INSERT INTO bare VALUES (%s, %s, %s, %s) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                    some,
                )

        def get(some: Sequence[bytes]) -> None:
            statement = "SELECT key, kind, value FROM bare WHERE key = ANY(%s)"
            assert len(connection.execute(statement, (list(some),)).fetchall()) == len(some)

        rates["bare in"].append(_rate(rows, group, put))
        rates["out"].append(_rate(keys, group, cache.get_many))
        rates["bare out"].append(_rate([row[0] for row in rows], group, get))
        connection.execute("TRUNCATE bare")
        with cache.transaction() as transaction:
            transaction.execute("TRUNCATE replies")


def _rate(items: Sequence[Any], group: int, do: Callable[[Any], object]) -> float:
    began = time.perf_counter()
    for some in _groups(items, group):
        do(some)
    return len(items) / (time.perf_counter() - began)


def _groups(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _reply(number: int) -> Completion:
    top = tuple((letter, -0.5) for letter in "abcde")
    return Completion(
        f"m: the answer {number} is better",
        "stop",
        logprobs=(TokenLogprobs("m", -0.1, top),) if number % 10 == 0 else (),
        model="gpt-4.1",
        input_tokens=700,
        output_tokens=8,
        seconds=0.5,
    )
