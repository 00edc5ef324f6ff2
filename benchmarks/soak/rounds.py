"""A round: a new model's outputs are judged, with disturbances, until all is done; then the promises are checked."""

import json
import random
import shutil
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from autoeval.leaderboards.table import read_board
from benchmarks.soak.books import AT_ONCE, outcome, payments
from benchmarks.soak.runners import Runner, start, wait
from benchmarks.soak.server import Control, outputs

N_PAIRS = 200
IN_FLIGHT = 8
REQUEST_SECONDS = 6.0
RUN_SECONDS = 180.0
STOP_SECONDS = 20.0
MOST_RUNS = 10
MOST_KILLS = 3
LEAST_COVERAGE = 0.99
STARTED_SECONDS = 1.0
"""By then Python has come to autoeval's own code, which knows what to do with an interrupt."""
_ENDS = {signal.SIGKILL: (-signal.SIGKILL,), signal.SIGINT: (130, -signal.SIGINT)}
"""Exit codes of a process that a signal stopped. While Python ends, interrupts kill it; shells call that 130 too."""
INSTRUCTIONS = tuple(f"Explain matter {number} to a beginner." for number in range(N_PAIRS))


class BrokenPromiseError(Exception):
    """Something that autoeval promises did not hold; the message says what."""


class Disturbance(StrEnum):
    """What happens to the runs of a round."""

    NONE = "left alone"
    KILLED = "killed (SIGKILL), up to three times"
    INTERRUPTED = "interrupted (SIGINT)"
    TWO = "asked by two processes at once"


@dataclass
class Counts:
    """Counters that several threads add to."""

    values: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, more: Mapping[str, int]) -> None:
        """Add to the counters."""
        with self._lock:
            self.values.update(more)


@dataclass(frozen=True)
class Judging:
    """A judge of the soak: its config, its address and the board that its models stand on."""

    config: str
    address: str
    board: Path


@dataclass
class Round:
    """One model against one judge. `n_may_be_lost` is the most replies that kills and outages can have cost.

    On a slow machine everything may take `patience` times as long.
    """

    tag: str
    judging: Judging
    server: Control
    folder: Path
    cache: Path
    counts: Counts
    patience: float = 1.0
    n_may_be_lost: int = 0
    n_reasks: int = 0
    has_two: bool = False

    def play(self, disturbance: Disturbance, runner: Runner, draw: random.Random) -> None:
        """Judge the model until nothing but replies without a verdict is missing.

        Raises:
            BrokenPromiseError: a promise did not hold.
        """
        self.folder.mkdir()
        self._write_outputs()
        code: int | None = None
        match disturbance:
            case Disturbance.KILLED:
                for _ in range(draw.randint(1, MOST_KILLS)):
                    self._stop(signal.SIGKILL, draw.uniform(0.1, 6))
            case Disturbance.INTERRUPTED:
                self._stop(signal.SIGINT, draw.uniform(STARTED_SECONDS, 6))
            case Disturbance.TWO:
                code = self._run_two()
        n_runs = 0
        while code != 0:
            n_runs += 1
            if n_runs > MOST_RUNS:
                self._break(f"it is not judged after {n_runs} runs")
            code = self._run(runner)
        self._check_payments()
        self.counts.add({f"round {disturbance}": 1, "round": 1})
        self.server.forget(self.tag)
        shutil.rmtree(self.folder)

    def _write_outputs(self) -> None:
        sides = zip(*(outputs(self.tag, instruction) for instruction in INSTRUCTIONS), strict=True)
        for name, side in zip(("reference", self.tag), sides, strict=True):
            rows = [
                {"instruction": instruction, "output": output, "generator": name}
                for instruction, output in zip(INSTRUCTIONS, side, strict=True)
            ]
            (self.folder / f"{name}.json").write_text(json.dumps(rows))

    def _parameters(self, results: str = "results") -> dict[str, Any]:
        return {
            "model_outputs": str(self.folder / f"{self.tag}.json"),
            "reference_outputs": str(self.folder / "reference.json"),
            "annotators_config": self.judging.config,
            "judge_base_url": self.judging.address,
            "output_path": str(self.folder / results),
            "precomputed_leaderboard": str(self.judging.board),
            "is_overwrite_leaderboard": True,
            "caching_path": str(self.cache),
            "max_concurrency": IN_FLIGHT,
            "request_timeout": REQUEST_SECONDS * self.patience,
            "min_coverage": LEAST_COVERAGE,
        }

    def _stop(self, by: signal.Signals, after: float) -> None:
        """Run the command and stop it in the middle."""
        with self._outages_counted():
            process = start(self._parameters())
            try:
                code: int | None = process.wait(after)
            except subprocess.TimeoutExpired:
                process.send_signal(by)
                if (code := wait(process, STOP_SECONDS * self.patience)) is None:
                    self._break(f"{by.name} did not stop it within {STOP_SECONDS * self.patience:g} s")
                self.counts.add({f"{by.name} sent": 1})
        if code in (0, 3):  # it was done before
            self._check_run(code, "results")
            return
        if code not in _ENDS[by]:
            self._break(f"stopped by {by.name} it ended with {code}")
        self.n_may_be_lost += IN_FLIGHT
        self.counts.add({by.name: 1})

    def _run_two(self) -> int:
        """Run the command twice at once; 0 if both judged everything."""
        self.has_two = True
        names = ("results", "results_of_another")
        with self._outages_counted(len(names)):
            processes = [start(self._parameters(name)) for name in names]
            codes = [wait(process, RUN_SECONDS * self.patience) for process in processes]
        for name, code in zip(names, codes, strict=True):
            self._check_run(code, name)
        return max(code or 0 for code in codes)

    def _run(self, runner: Runner) -> int:
        """Run to the end, asking again where a reply held no verdict if there is any."""
        parameters = self._parameters()
        if any((row["failure"] or "").startswith("unparsed") for row in self._rows("results")):
            parameters["is_reask_unparsed"] = True
            self.n_reasks += 1
        with self._outages_counted():
            code = runner.evaluate(parameters, RUN_SECONDS * self.patience)
        self._check_run(code, "results")
        assert code is not None
        return code

    def _rows(self, results: str) -> Sequence[Mapping[str, Any]]:
        found = list((self.folder / results).rglob("annotations.json"))
        rows: list[dict[str, Any]] = json.loads(found[0].read_text()) if found else []
        return rows

    def _check_run(self, code: int | None, results: str) -> None:
        """Check that each pair is judged as the server said, or counted by its reason."""
        if code is None:
            self._break(f"it hung for {RUN_SECONDS * self.patience:g} s")
        found = outcome(self._rows(results), self.server.books(self.tag), INSTRUCTIONS, self.has_two)
        if found.wrong:
            self._break("; ".join(found.wrong))
        if found.n_lost > self.n_may_be_lost:
            self._break(f"{found.n_lost} replies are lost, at most {self.n_may_be_lost} were in flight")
        promised = 0 if found.n_judged >= LEAST_COVERAGE * N_PAIRS else 3
        if code != promised:
            self._break(f"it ended with {code} where {promised} was promised; {found.failures}")
        if found.n_judged:
            self._check_board(found.n_judged)
        self.counts.add({"run": 1} | {f"failure {reason}": n for reason, n in found.failures.items()})

    def _check_board(self, n_judged: int) -> None:
        row = read_board(self.judging.board).rows.get(self.tag)
        counted = row and (row["n_total"], row["n_missing"])
        if not self.has_two and counted != (n_judged, N_PAIRS - n_judged):
            self._break(f"{n_judged} of {N_PAIRS} are judged, the board has {counted}")

    def _check_payments(self) -> None:
        paid = payments(self.server.books(self.tag), self.n_reasks, self.has_two, AT_ONCE * self.patience)
        if paid.n_twice > self.n_may_be_lost:
            self._break(
                f"{paid.n_twice} replies are paid twice, at most {self.n_may_be_lost} were in flight when it was "
                "killed or the server gone"
            )
        rows = self._rows("results")
        self.counts.add(
            {
                "judged": sum(row["preference"] is not None for row in rows),
                "stored": sum(
                    row["preference"] is not None or row["failure"].startswith("unparsed") for row in rows
                ),
                "may be lost": self.n_may_be_lost,
                "paid twice": paid.n_twice,
                "paid at once": paid.n_at_once,
                "asked again": paid.n_again,
            }
        )

    @contextmanager
    def _outages_counted(self, n_processes: int = 1) -> Iterator[None]:
        """Count what was in flight whenever the server went."""
        before = self.server.n_outages
        yield
        self.n_may_be_lost += (self.server.n_outages - before) * n_processes * IN_FLIGHT

    def _break(self, what: str) -> None:
        logs = "\n".join(path.read_text(errors="replace")[-2000:] for path in self.folder.glob("*.log"))
        raise BrokenPromiseError(f"{self.tag} ({self.judging.config}): {what}\n{logs}")
