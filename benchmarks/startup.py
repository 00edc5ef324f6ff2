"""Start-up: help, and a run whose replies are all in the cache, beside alpaca-eval 0.6.6."""

import tempfile
from pathlib import Path

from benchmarks import material, peer
from benchmarks.evaluating import evaluate
from benchmarks.processes import in_turn, measure_once, ours
from benchmarks.results import Section
from benchmarks.server import judge_server

REPEATS = 7
LONGEST_HELP = 0.25
LONGEST_CACHED = 0.7
MOST_MEMORY = 150


def measure() -> Section:
    """Time help and cached runs."""
    with tempfile.TemporaryDirectory() as name, judge_server() as url:
        folder = Path(name)
        outputs, reference = material.write_pairs(folder)
        cached = evaluate(folder, outputs, reference, url, is_cached=True)
        bare = evaluate(folder, outputs, reference, url, "--no_report", is_cached=True)
        theirs = peer.evaluate(folder, outputs, reference, url, in_flight=32, is_cached=True)
        for command in (cached, bare, theirs):
            measure_once(command)
        found = in_turn(
            {
                "`--help`": ours("--help"),
                "`evaluate --help`": ours("evaluate", "--help"),
                "`--help`, alpaca-eval": peer.command("--help"),
                "805 cached pairs, report unchanged": cached,
                "805 cached pairs, no report": bare,
                "805 cached pairs, alpaca-eval": theirs,
            },
            REPEATS,
        )
    runs = [found["805 cached pairs, report unchanged"], found["805 cached pairs, no report"]]
    return Section(
        "help, and a run that is only read",
        ("", "seconds", "processor seconds", "memory, MiB"),
        [(name, *usage.cells()) for name, usage in found.items()],
        reached=[
            (f"help in {LONGEST_HELP} s", found["`--help`"].wall <= LONGEST_HELP),
            (f"cached runs in {LONGEST_CACHED} s", all(usage.wall <= LONGEST_CACHED for usage in runs)),
            (f"cached runs in {MOST_MEMORY} MiB", all(usage.memory <= MOST_MEMORY for usage in runs)),
        ],
    )
