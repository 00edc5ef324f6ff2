"""This version beside an earlier one: `python -m benchmarks.beside COMMIT` measures whole commands in turn.

The exit code is 0 where no figure is worse by more than `MOST`. The earlier version is checked out into a temporary
folder and run by this Python, or by `--python` where its dependencies are others.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks import material
from benchmarks.evaluating import evaluate, make_leaderboard
from benchmarks.processes import ROOT, Command, Usage, in_turn, measure_once, ours
from benchmarks.server import judge_server

RUNS, RUNS_OF_LARGE = 10, 3
MOST = 0.05
N_MODELS, N_LARGE = 50, 20_000
SLOW_REPLY = 0.3

Commands = dict[str, Command]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commit", help="the earlier version, as git knows it")
    parser.add_argument("--python", default=sys.executable, help="a Python that has its dependencies")
    parser.add_argument("--runs", type=int, default=RUNS, help=f"of each command (default {RUNS})")
    asked = parser.parse_args()
    worst = 0.0
    with checked_out(asked.commit) as tree, tempfile.TemporaryDirectory() as name:
        for make, runs, delay in (
            (quick, asked.runs, 0),
            (board, asked.runs, 0),
            (large, RUNS_OF_LARGE, 0),
            (slow, RUNS_OF_LARGE, SLOW_REPLY),
        ):
            with judge_server(delay=delay) as url:
                now, same = make(Path(name) / "now", url), make(Path(name) / "then", url)
                then = {what: of(command, tree, asked.python) for what, command in same.items()}
                worst = max(worst, compare(now, then, runs))
    print(f"{'reached' if worst <= MOST else 'not reached'}: the worst is {worst:+.0%}")
    return int(worst > MOST)


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """Give a folder that holds a commit of this repository."""
    with tempfile.TemporaryDirectory() as name:
        tree = Path(name) / "before"
        packed = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
        tree.mkdir()
        subprocess.run(["tar", "-x", "-C", str(tree)], input=packed, check=True)
        yield tree


def of(command: Command, tree: Path, python: str) -> Command:
    """Return a command of this version as the other one's."""
    # Safe, or `-m` looks for the package where this stands first.
    elsewhere = {"PYTHONPATH": str(tree), "PYTHONSAFEPATH": "1"}
    environment = {**command.environment, **elsewhere}
    return replace(command, arguments=(python, *command.arguments[1:]), environment=environment)


def compare(now: Commands, then: Commands, runs: int) -> float:
    """Measure commands of two versions in turn, print each, and return by how much the worst figure is worse."""
    for command in (*now.values(), *then.values()):
        measure_once(command)
    both = {f"{which} {name}": one[name] for name in now for which, one in (("now", now), ("then", then))}
    found = in_turn(both, runs)
    return max(worse(name, found[f"now {name}"], found[f"then {name}"]) for name in now)


def worse(name: str, now: Usage, then: Usage) -> float:
    """Print two figures of a command and return by how much the worst of the three measures is worse."""
    changes = {
        "wall": now.wall / then.wall - 1,
        "processor": now.processor / then.processor - 1,
        "memory": now.memory / then.memory - 1,
    }
    said = ", ".join(f"{measure} {change:+.0%}" for measure, change in changes.items())
    figures = " against ".join(
        f"{one.wall:.2f} s, {one.processor:.2f} s of processor, {one.memory:.0f} MiB" for one in (now, then)
    )
    print(f"{name}: {figures}: {said}", flush=True)
    return max(changes.values())


def quick(folder: Path, url: str) -> Commands:
    """Return help, and the 805 pairs: asked, and read from the cache, without a report and with it."""
    pairs = material.write_pairs(folder)
    fresh, cached = folder / "fresh", folder / "cached"
    for place in (fresh, cached):
        place.mkdir(exist_ok=True)
    return {
        "--help": ours("--help"),
        "evaluate --help": ours("evaluate", "--help"),
        "805 pairs, no report": evaluate(fresh, *pairs, url, "--no_report"),
        "805 pairs, report": evaluate(fresh, *pairs, url),
        "805 cached pairs, no report": evaluate(cached, *pairs, url, "--no_report", is_cached=True),
        "805 cached pairs, report": evaluate(cached, *pairs, url, is_cached=True),
    }


def board(folder: Path, url: str) -> Commands:
    """Return a board of many models whose replies are cached."""
    folder.mkdir(exist_ok=True)
    return {f"a cached board of {N_MODELS} models": make_leaderboard(folder, url, N_MODELS)}


def large(folder: Path, url: str) -> Commands:
    """Return the asking of many pairs."""
    pairs = material.write_pairs(folder, N_LARGE)
    place = folder / "large"
    place.mkdir(exist_ok=True)
    return {f"{N_LARGE:,} pairs": evaluate(place, *pairs, url)}


def slow(folder: Path, url: str) -> Commands:
    """Return the 805 pairs at a server that takes its time."""
    pairs = material.write_pairs(folder)
    place = folder / "slow"
    place.mkdir(exist_ok=True)
    flags = ("--max_concurrency", "32", "--no_report")
    return {f"805 pairs, replies take {SLOW_REPLY} s": evaluate(place, *pairs, url, *flags)}


if __name__ == "__main__":
    raise SystemExit(main())
