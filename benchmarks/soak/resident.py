"""A Python process that evaluates again and again, to see what it gathers: `python -m benchmarks.soak.resident`.

It takes the parameters of `autoeval.evaluate` as a line of JSON, and answers with the exit code and what it holds.
"""

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Held:
    """What the process holds after a round: resident memory in MiB, open file descriptors, threads."""

    memory: float
    descriptors: int
    threads: int


@dataclass
class Resident:
    """The process, as seen from outside; `held` has a sample for each round."""

    held: list[Held]
    _process: "subprocess.Popen[str]"

    def evaluate(self, parameters: Mapping[str, Any], limit: float) -> int | None:
        """Evaluate, and return what the command line would have exited with; None: not done within `limit` seconds."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(parameters) + "\n")
        self._process.stdin.flush()
        if not select.select([self._process.stdout], [], [], limit)[0]:
            return None
        told = json.loads(self._process.stdout.readline())
        self.held.append(Held(**told["held"]))
        return int(told["exit_code"])


@contextmanager
def resident(environment: Mapping[str, str]) -> Iterator[Resident]:
    """Run such a process."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.soak.resident"],
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Resident([], process)
        finally:
            process.kill()


def _now_held() -> Held:
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    n_descriptors = len(list(Path("/proc/self/fd").iterdir()))
    return Held(int(status["VmRSS"].split()[0]) / 1024, n_descriptors, int(status["Threads"]))


def _serve() -> None:
    import autoeval
    from autoeval.errors import NothingJudgedError

    for line in sys.stdin:
        try:
            exit_code = autoeval.evaluate(**json.loads(line)).exit_code
        except NothingJudgedError as nothing:  # an outage from the first request to the last
            exit_code = nothing.exit_code
        print(json.dumps({"exit_code": exit_code, "held": asdict(_now_held())}), flush=True)


if __name__ == "__main__":
    _serve()
