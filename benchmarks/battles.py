"""A million battles of 300 models: ranked with intervals, beside a plain numpy loop over the same likelihood."""

import csv
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from autoeval.metrics.battle_ratings import MEAN, POINTS, rate
from autoeval.metrics.observations import Floats
from autoeval.metrics.strengths import Contests, Places, fit, pooled, sums, unsolvable
from benchmarks.processes import measure_once, ours
from benchmarks.results import Section

N_BATTLES, N_MODELS = 1_000_000, 300
_TOLERANCE = 1e-8
_LIMIT_MIB = 1024
_TURNS = 5
Result = TypeVar("Result")
Data = tuple[Places, Places, Floats]


def measure() -> Section:
    """Measure the fit alone, both ways by turns, and the whole command on a file."""
    data = simulated()
    names = [str(i) for i in range(N_MODELS)]
    works: dict[str, Callable[[], Floats]] = {
        "numpy loop over all battles: strengths": lambda: numpy_loop(data),
        "ours: strengths": lambda: fit(checked(Contests.of(N_MODELS, *data), names)),
        "ours: strengths, intervals, ranks": lambda: rate(names, Contests.of(N_MODELS, *data)).ratings,
    }
    seconds = dict.fromkeys(works, float("inf"))
    found: dict[str, Floats] = {}
    for _ in range(_TURNS):
        for name, work in works.items():
            taken, found[name] = _timed(work)
            seconds[name] = min(seconds[name], taken)
    loop, alone, whole = seconds.values()
    theirs, ours_alone, ratings = found.values()
    apart = max(float(np.abs(logs - theirs).max()) for logs in (ours_alone, (ratings - MEAN) / POINTS))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "battles.csv"
        _write(path, data)
        run = measure_once(ours("rank", str(path), "--leaderboard_path", str(Path(folder) / "board.csv")))
    rows = [
        *((name, f"{taken:.2f}", "") for name, taken in seconds.items()),
        ("`alpaca_eval rank` on a CSV file, from start to end", f"{run.wall:.1f}", f"{run.memory:.0f}"),
    ]
    reached = [
        (f"strengths no slower than the loop's; their logs differ by at most {apart:.0e}", alone <= loop),
        ("with intervals and ranks no slower than the loop without", whole <= loop),
        ("under 1 GiB", run.memory < _LIMIT_MIB),
    ]
    title = f"{N_BATTLES:,} battles of {N_MODELS} models (the best of {_TURNS} turns)"
    return Section(title, ("", "seconds", "memory, MiB"), rows, (), reached)


def checked(contests: Contests, names: list[str]) -> Contests:
    """Return contests as they are fitted, where strengths are finite."""
    assert unsolvable(contests.win_matrix, names) is None
    return pooled(contests)


def simulated() -> Data:
    """Let models of known strengths meet at random; one of five battles is a tie."""
    rng = np.random.default_rng(0)
    strengths = rng.normal(0, 1, N_MODELS)
    first = rng.integers(N_MODELS, size=N_BATTLES)
    second = (first + 1 + rng.integers(N_MODELS - 1, size=N_BATTLES)) % N_MODELS
    wins = (rng.random(N_BATTLES) < 1 / (1 + np.exp(strengths[second] - strengths[first]))).astype(float)
    wins[rng.random(N_BATTLES) < 0.2] = 0.5
    return first, second, wins


def numpy_loop(data: Data) -> Floats:
    """Maximise the likelihood by Hunter's (2004) iteration over all battles; returns log strengths of mean 0."""
    first, second, wins = data
    won = sums(first, wins, N_MODELS) + sums(second, 1 - wins, N_MODELS)
    strengths = np.ones(N_MODELS)
    while True:
        shares = 1 / (strengths[first] + strengths[second])
        moved = won / (sums(first, shares, N_MODELS) + sums(second, shares, N_MODELS))
        moved /= np.exp(np.log(moved).mean())
        if np.abs(np.log(moved / strengths)).max() < _TOLERANCE:
            return np.asarray(np.log(moved))
        strengths = moved


def _timed(work: Callable[[], Result]) -> tuple[float, Result]:
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def _write(path: Path, data: Data) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["model_a", "model_b", "winner"])
        names = {1.0: "model_a", 0.0: "model_b", 0.5: "tie"}
        writer.writerows(
            (f"m{a}", f"m{b}", names[w])
            for a, b, w in zip(*(column.tolist() for column in data), strict=True)
        )
