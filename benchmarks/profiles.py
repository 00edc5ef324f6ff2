"""Where the time of a command goes, stage by stage."""

import pstats
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from benchmarks.processes import Command, measure_once

Stages = Mapping[str, tuple[str, str]]
"""What a stage is called, and the file and the function that do it, with everything that they call."""


def shares(command: Command, stages: Stages) -> str:
    """Run a command of autoeval under Python's profiler; say which share of its time each stage takes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "profile"
        python, *rest = command.arguments
        measure_once(replace(command, arguments=(python, "-m", "cProfile", "-o", str(path), *rest)))
        # What pstats keeps of a function: two counts of calls, its own seconds, and those with all that it calls.
        statistics: Mapping[tuple[str, int, str], tuple[int, int, float, float, object]] = vars(
            pstats.Stats(str(path))
        )["stats"]
    seconds = {
        name: sum(
            entry[3]
            for (file, _, called), entry in statistics.items()
            if file.endswith(f"autoeval/{where}") and called == function
        )
        for name, (where, function) in stages.items()
    }
    whole = max(entry[3] for entry in statistics.values())
    return ", ".join(f"{name} {100 * value / whole:.0f}%" for name, value in seconds.items())
