"""Scale: a cache of a million replies, 200,000 pairs, and 50 models on one board."""

import os
import tempfile
from pathlib import Path

from autoeval.completions.cache import Cache
from autoeval.types import Completion
from benchmarks import material
from benchmarks.evaluating import evaluate, make_leaderboard
from benchmarks.processes import in_turn, measure_once
from benchmarks.profiles import Stages, shares
from benchmarks.results import Section
from benchmarks.server import judge_server

REPEATS = 7
MANY_REPLIES = 1_000_000
SOME_PAIRS, MANY_PAIRS = 20_000, 200_000
N_MODELS = 50
_AT_ONCE = 50_000

STAGES: Stages = {
    "imports": ("cli/commands.py", "get_command"),
    "loading and pairing outputs": ("data/pairing.py", "load_pairs_by_generator"),
    "planning who is asked what": ("annotators/plan.py", "__iter__"),
    "cache keys": ("completions/keys.py", "request_key"),
    "fetching replies": ("completions/cache.py", "get_many"),
    "parsing them": ("annotators/read.py", "_judgment"),
    "counting": ("leaderboards/tally.py", "_count"),
}

Row = tuple[str, ...]
Reached = tuple[str, bool]


def measure() -> Section:
    """Measure what grows and what does not."""
    rows: list[Row] = []
    reached: list[Reached] = []
    notes: list[str] = []
    for part in (_large_cache, _many_pairs):
        with tempfile.TemporaryDirectory() as name, judge_server() as url:
            part(Path(name), url, rows, reached)
    with tempfile.TemporaryDirectory() as name, judge_server() as url:
        notes.append(_many_models(Path(name), url, rows, reached))
    header = ("", "seconds", "processor seconds", "memory, MiB")
    return Section("scale", header, rows, notes, reached)


def _large_cache(folder: Path, url: str, rows: list[Row], reached: list[Reached]) -> None:
    outputs, reference = material.write_pairs(folder)
    small, large = folder / "small", folder / "large"
    commands = {}
    for where, n_more in ((small, 0), (large, MANY_REPLIES)):
        where.mkdir()
        commands[f"805 cached pairs, {n_more:,} other replies in the cache"] = evaluate(
            where, outputs, reference, url, "--no_report", is_cached=True
        )
        _fill(where / "replies.sqlite", n_more)
    for command in commands.values():
        measure_once(command)
    found = in_turn(commands, REPEATS)
    without, with_many = found.values()
    rows += [(name, *usage.cells()) for name, usage in found.items()]
    reached.append(
        (
            f"a million replies change a cached run by less than 10%: {with_many.wall / without.wall - 1:+.1%}",
            with_many.wall < 1.1 * without.wall,
        )
    )


def _fill(path: Path, n_replies: int) -> None:
    reply = Completion("a > b", "stop", model="gpt-4.1", input_tokens=700, output_tokens=4, seconds=0.5)
    with Cache(path) as cache:
        for start in range(0, n_replies, _AT_ONCE):
            cache.put_many((os.urandom(32), reply) for _ in range(start, min(start + _AT_ONCE, n_replies)))


def _many_pairs(folder: Path, url: str, rows: list[Row], reached: list[Reached]) -> None:
    used = []
    for n_pairs in (SOME_PAIRS, MANY_PAIRS):
        outputs, reference = material.write_pairs(folder, n_pairs)
        usage = measure_once(evaluate(folder, outputs, reference, url))
        rows.append((f"{n_pairs:,} pairs", *usage.cells()))
        used.append(usage.memory)
    ratio = used[1] / used[0]
    reached.append((f"ten times the pairs in at most 1.5 times the memory: {ratio:.2f} times", ratio <= 1.5))


def _many_models(folder: Path, url: str, rows: list[Row], reached: list[Reached]) -> str:
    """Measure it, and return where the time goes."""
    command = make_leaderboard(folder, url, N_MODELS)
    first = measure_once(command)
    name = f"`make_leaderboard`, {N_MODELS} models x 805"
    cached = in_turn({name: command}, REPEATS)[name]
    rows += [(f"{name}, asked", *first.cells()), (f"{name}, cached", *cached.cells())]
    reached.append(
        (f"{N_MODELS} cached models on a board in at most 2 s: {cached.wall:.2f} s", cached.wall <= 2)
    )
    return f"Where the time of the cached board goes, by Python's profiler: {shares(command, STAGES)}."
