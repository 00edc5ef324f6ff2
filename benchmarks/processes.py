"""Timing whole processes, start-up included, in turn, so that a busy moment of the machine hits all alike."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Usage:
    """What a process cost: wall and processor seconds (children included), peak resident memory in MiB."""

    wall: float
    processor: float
    memory: float

    def cells(self) -> tuple[str, str, str]:
        """Return the three as they stand in a table."""
        return f"{self.wall:.2f}", f"{self.processor:.2f}", f"{self.memory:.0f}"


@dataclass(frozen=True)
class Command:
    """A command, the environment variables that it needs, and what puts everything back before each run."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    prepare: Callable[[], object] = lambda: None
    exit_code: int = 0


def ours(*arguments: str, **rest: object) -> Command:
    """Return a command line of autoeval, run by this Python."""
    environment = rest.pop("environment", {})
    assert isinstance(environment, Mapping)
    path = {"PYTHONPATH": str(ROOT)}
    return Command((sys.executable, "-m", "autoeval", *arguments), {**path, **environment}, **rest)  # type: ignore[arg-type]


def measure_once(command: Command) -> Usage:
    """Run a command to its end.

    Raises:
        RuntimeError: it did not end as it should; the message has what it printed.
    """
    command.prepare()
    began = time.perf_counter()
    with subprocess.Popen(
        command.arguments,
        env={**os.environ, **command.environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stderr is not None
        complaint = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != command.exit_code:
        said = complaint.decode(errors="replace")[-2000:]
        raise RuntimeError(f"exit {process.returncode} from {' '.join(command.arguments)}:\n{said}")
    return Usage(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def in_turn(commands: Mapping[str, Command], repeats: int) -> dict[str, Usage]:
    """Measure commands in turn (A B A B …) and return the medians."""
    found: dict[str, list[Usage]] = {name: [] for name in commands}
    for _ in range(repeats):
        for name, command in commands.items():
            found[name].append(measure_once(command))
    return {name: median(usages) for name, usages in found.items()}


def median(usages: Sequence[Usage]) -> Usage:
    """Return the medians of what several processes cost."""
    return Usage(
        statistics.median(usage.wall for usage in usages),
        statistics.median(usage.processor for usage in usages),
        statistics.median(usage.memory for usage in usages),
    )
