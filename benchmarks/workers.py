"""What a pair costs, what ten million take on many workers by that, and whether shards and Ray keep to the model here.

A run's time is what one process does alone (start-up, planning, reading) and what workers share (asking). Asking goes
as fast as a worker's processor or its requests in flight allow, whichever is less.
"""

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import autoeval
from benchmarks import material
from benchmarks.evaluating import evaluate
from benchmarks.processes import measure_once
from benchmarks.results import Section
from benchmarks.server import judge_server
from tests.servers.postgresql import PostgresqlTestServer

FEW, MANY = 1_000, 9_000
TEN_MILLION = 10_000_000
WORKERS = (1, 10, 100)
IN_FLIGHT, LATENCY = 64, 1.0
"""Of the judge that ten million pairs are reckoned with."""
CHECKED_PAIRS, CHECKED_IN_FLIGHT, CHECKED_LATENCY = 800, 4, 0.2
CHECKED_WORKERS = (1, 2, 4)
LARGEST_ERROR = 0.25


@dataclass(frozen=True)
class Cost:
    """What a pair costs: processor seconds, and bytes that stay."""

    asking: float
    reading: float
    in_database: float
    on_ray: float
    cache: float
    annotations: float
    database: float
    memory: float

    def hours(self, n_pairs: int, n_workers: int) -> float:
        """Return how long pairs take: asked by so many workers, then read by one process."""
        a_second = min(IN_FLIGHT / LATENCY, 1 / self.asking)
        return (n_pairs / (n_workers * a_second) + n_pairs * self.reading) / 3_600


def measure() -> Section:
    """Measure the costs, reckon, and check on this machine."""
    cost = _costs()
    rows = [
        ("asking, processor", f"{1e3 * cost.asking:.2f} ms"),
        ("reading, processor", f"{1e3 * cost.reading:.2f} ms"),
        ("PostgreSQL's own processor, a reply in", f"{1e3 * cost.in_database:.2f} ms"),
        ("Ray: the run's own processor, a reply that comes back", f"{1e3 * cost.on_ray:.2f} ms"),
        ("a process's memory, 9,000 pairs", f"{cost.memory:.0f} MiB"),
        ("cache, SQLite", f"{cost.cache:.0f} bytes"),
        ("cache, PostgreSQL with its index", f"{cost.database:.0f} bytes"),
        ("annotations.json", f"{cost.annotations:.0f} bytes"),
    ]
    for n_workers in WORKERS:
        rows.append(
            (f"ten million pairs, {n_workers} workers", f"{cost.hours(TEN_MILLION, n_workers):.1f} hours")
        )
    reached = []
    found = _checked()
    fixed = _fixed_seconds(found)
    for way, seconds in found.items():
        for n_workers, measured in zip(CHECKED_WORKERS, seconds, strict=True):
            expected = fixed[way] + _asking_seconds(n_workers)
            error = measured / expected - 1
            rows.append(
                (
                    f"{CHECKED_PAIRS} pairs, {n_workers} {way}",
                    f"{measured:.1f} s, by the model {expected:.1f} s",
                )
            )
            reached.append(
                (f"{n_workers} {way}: within 25% of the model ({error:+.0%})", abs(error) <= LARGEST_ERROR)
            )
    linear = cost.asking if 1 / cost.asking < IN_FLIGHT / LATENCY else LATENCY / IN_FLIGHT
    return Section(
        "what a pair costs, and many workers",
        ("", "a pair"),
        rows,
        reached=reached,
        notes=[
            f"Ten million: a judge that answers in {LATENCY:g} s, {IN_FLIGHT} in flight a worker, asked in shards and "
            "then read by one process.",
            f"With {linear / cost.reading:.0f} workers reading takes as long as asking; with "
            f"{linear / cost.in_database:.0f} one core of PostgreSQL is busy with replies, with "
            f"{linear / cost.on_ray:.0f} the process that a Ray run is started in.",
            f"Checked with {CHECKED_IN_FLIGHT} in flight a worker and replies after {CHECKED_LATENCY:g} s, so that two "
            "cores are enough for all. What one worker takes beyond its asking is taken for fixed.",
        ],
    )


def _costs() -> Cost:
    with tempfile.TemporaryDirectory() as name, judge_server() as url:
        folder = Path(name)
        asked, read, caches, annotations = [], [], [], []
        for n_pairs in (FEW, MANY):
            pairs = material.write_pairs(folder, n_pairs)
            asked.append(measure_once(evaluate(folder, *pairs, url, "--no_report")))
            read.append(measure_once(evaluate(folder, *pairs, url, "--no_report", is_cached=True)))
            caches.append(sum(path.stat().st_size for path in folder.glob("replies.sqlite*")))
            annotations.append(sum(path.stat().st_size for path in folder.rglob("annotations.json")))
        on_ray = [_on_ray(folder, material.write_pairs(folder, n_pairs), url) for n_pairs in (FEW, MANY)]
        in_database, database = _database(folder, url)
    more = MANY - FEW
    reading = (read[1].processor - read[0].processor) / more
    return Cost(
        asking=(asked[1].processor - asked[0].processor) / more - reading,
        reading=reading,
        in_database=in_database,
        on_ray=(on_ray[1] - on_ray[0]) / more - reading,
        cache=(caches[1] - caches[0]) / more,
        annotations=(annotations[1] - annotations[0]) / more,
        database=database,
        memory=asked[1].memory,
    )


def _on_ray(folder: Path, pairs: tuple[Path, Path], url: str) -> float:
    """Return this process's own processor seconds of a run whose asking is done by Ray's workers."""
    before = time.process_time()
    autoeval.evaluate(
        *pairs,
        annotators_config="gpt4_ranking",
        judge_base_url=url,
        precomputed_leaderboard=None,
        output_path=folder / "ray",
        caching_path=folder / f"ray_{pairs[0].stem}.sqlite",
        no_report=True,
        engine="ray",
    )
    return time.process_time() - before


def _database(folder: Path, url: str) -> tuple[float, float]:
    """Return PostgreSQL's processor seconds and bytes a reply."""
    import psycopg

    used, stored = [], []
    with PostgresqlTestServer() as server:
        for n_pairs in (FEW, MANY):
            pairs = material.write_pairs(folder, n_pairs)
            before = server.processor_seconds()
            with psycopg.connect(server.address, autocommit=True) as connection:
                connection.execute("DROP SCHEMA IF EXISTS autoeval CASCADE")
            measure_once(evaluate(folder, *pairs, url, "--no_report", caching_path=server.address))
            with psycopg.connect(server.address) as connection:
                ((size,),) = connection.execute(
                    "SELECT pg_total_relation_size('autoeval.replies')"
                ).fetchall()
            used.append(server.processor_seconds() - before)
            stored.append(size)
    return (used[1] - used[0]) / (MANY - FEW), (stored[1] - stored[0]) / (MANY - FEW)


def _checked() -> dict[str, list[float]]:
    """Measure shards, each a process, and Ray's workers: the seconds with each number of them."""
    found: dict[str, list[float]] = {"shards": [], "workers of Ray": []}
    for n_workers in CHECKED_WORKERS:
        with tempfile.TemporaryDirectory() as name, judge_server(delay=CHECKED_LATENCY) as url:
            folder = Path(name)
            pairs = material.write_pairs(folder, CHECKED_PAIRS)
            found["shards"].append(_shards(folder, pairs, url, n_workers))
            found["workers of Ray"].append(_ray_workers(folder, pairs, url, n_workers))
    return found


def _shards(folder: Path, pairs: tuple[Path, Path], url: str, n_workers: int) -> float:
    flags = ("--no_report", f"--max_concurrency={CHECKED_IN_FLIGHT}")
    commands = [
        evaluate(
            folder, *pairs, url, *flags, f"--shard={number}/{n_workers}", caching_path=f"{folder}/caches/"
        )
        for number in range(1, n_workers + 1)
    ]
    began = time.perf_counter()
    with ThreadPoolExecutor(n_workers) as threads:
        list(threads.map(measure_once, commands))
    return time.perf_counter() - began


def _ray_workers(folder: Path, pairs: tuple[Path, Path], url: str, n_workers: int) -> float:
    import logging

    import ray

    ray.shutdown()
    ray.init(num_cpus=n_workers, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    began = time.perf_counter()
    autoeval.evaluate(
        *pairs,
        annotators_config="gpt4_ranking",
        judge_base_url=url,
        precomputed_leaderboard=None,
        output_path=None,
        caching_path=folder / "ray.sqlite",
        max_concurrency=CHECKED_IN_FLIGHT,
        engine="ray",
    )
    seconds = time.perf_counter() - began
    ray.shutdown()
    return seconds


def _asking_seconds(n_workers: int) -> float:
    return CHECKED_PAIRS * CHECKED_LATENCY / (n_workers * CHECKED_IN_FLIGHT)


def _fixed_seconds(found: dict[str, list[float]]) -> dict[str, float]:
    """Return what each way takes beyond asking, as one worker shows it."""
    return {way: max(0.0, seconds[0] - _asking_seconds(1)) for way, seconds in found.items()}
