"""Conducts the soak: lanes that play rounds, and a director who troubles the server and looks after the files."""

import random
import signal
import sqlite3
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count, cycle
from pathlib import Path
from typing import Any

from autoeval.leaderboards.table import read_board
from benchmarks.results import Section
from benchmarks.soak.figures import Figures, section
from benchmarks.soak.resident import resident
from benchmarks.soak.rounds import (
    N_PAIRS,
    BrokenPromiseError,
    Counts,
    Disturbance,
    Judging,
    Round,
)
from benchmarks.soak.runners import ENVIRONMENT, CommandLine, Runner
from benchmarks.soak.server import Control, faulty_server

MINUTES = 30.0
NORMAL_RATE, LOW_RATE = 150.0, 30.0
"""Requests a second that the server takes: enough for all lanes, and little enough for one core."""
_PAUSE = (6.0, 14.0)
_OUTAGE = (2.0, 8.0)
"""Seconds between troubles, and of an outage: the shortest and the longest."""
_FEW_SIGNALS = 5
"""A process can end by itself in the moment in which it is interrupted, but not so many."""
_WEIGHTS = {Disturbance.NONE: 2, Disturbance.KILLED: 4, Disturbance.INTERRUPTED: 2, Disturbance.TWO: 2}
"""How often each happens to rounds on the command line."""


@dataclass
class Stage:
    """What all rounds share: the server, one cache, and a board for each judge."""

    server: Control
    folder: Path
    seed: int
    patience: float
    counts: Counts = field(default_factory=Counts)
    finished: list[tuple[Path, str]] = field(default_factory=list)
    ending: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.cache = self.folder / "replies.sqlite"
        self.judges = (
            Judging("gpt4_ranking", f"{self.server.address}/v1", self.folder / "openai.csv"),
            Judging("claude", self.server.address, self.folder / "anthropic.csv"),
        )

    def draw(self, name: str) -> random.Random:
        """Return the draws of one thread."""
        return random.Random(f"{self.seed} {name}")


def measure(minutes: float = MINUTES, seed: int = 0, patience: float = 1.0) -> Section:
    """Soak.

    Args:
        minutes: how long; the rounds that have begun by then are finished.
        seed: of every draw, the server's included; what meets what depends on the machine's speed too.
        patience: how many times as long everything may take, for a slow machine.

    Raises:
        BrokenPromiseError: a promise did not hold.
    """
    # What a parent ignores its children ignore, and a shell's background jobs ignore interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as name,
        faulty_server(seed) as server,
        resident(ENVIRONMENT) as process,
    ):
        stage = Stage(server, Path(name), seed, patience)
        with ThreadPoolExecutor() as threads:
            lanes = [
                threads.submit(_play_rounds, stage, "one", CommandLine(), _WEIGHTS),
                threads.submit(_play_rounds, stage, "two", CommandLine(), _WEIGHTS),
                threads.submit(_play_rounds, stage, "three", CommandLine(), _WEIGHTS),
                threads.submit(_play_rounds, stage, "resident", process, {Disturbance.NONE: 1}),
            ]
            try:
                _direct(stage, began + 60 * minutes)
            finally:
                stage.ending.set()
        for lane in lanes:
            lane.result()
        _check_files(stage)
        _check_nothing_is_missing(stage)
        figures = Figures(
            seconds=time.monotonic() - began,
            patience=patience,
            rounds=stage.counts.values,
            server=server.counts(),
            n_outages=server.n_outages,
            held=process.held,
            n_cached=_n_cached(stage),
            cache_bytes=stage.cache.stat().st_size,
        )
    if growth := figures.growth():
        raise BrokenPromiseError(growth)
    return section(figures)


def _play_rounds(stage: Stage, lane: str, runner: Runner, weights: dict[Disturbance, int]) -> None:
    """Play one round after the other, with either judge in turn."""
    draw = stage.draw(lane)
    try:
        for number, judging in zip(count(), cycle(stage.judges), strict=False):
            if stage.ending.is_set():
                return
            tag = f"{lane}-{number}"
            (disturbance,) = draw.choices(list(weights), list(weights.values()))
            folder = stage.folder / tag
            Round(tag, judging, stage.server, folder, stage.cache, stage.counts, stage.patience).play(
                disturbance, runner, draw
            )
            stage.finished.append((judging.board, tag))
    finally:
        stage.ending.set()  # a broken promise ends everything


def _direct(stage: Stage, until: float) -> None:
    """Trouble the server, and look at the files after each trouble."""
    draw = stage.draw("director")
    for trouble in cycle(("none", "low rate", "outage")):
        if time.monotonic() > until or stage.ending.is_set():
            return
        stage.server.limit(LOW_RATE if trouble == "low rate" else NORMAL_RATE)
        if trouble == "outage":
            stage.server.be_gone(draw.uniform(*_OUTAGE))
        else:
            stage.counts.add({trouble: 1})
        stage.ending.wait(draw.uniform(*_PAUSE))
        _check_files(stage)


def _check_files(stage: Stage) -> None:
    """Check that the cache is whole and the boards can be read."""
    found = _query(stage.cache, "PRAGMA integrity_check") if stage.cache.exists() else ["ok"]
    if found != ["ok"]:
        raise BrokenPromiseError(f"the cache is damaged: {found}")
    for judging in stage.judges:
        if judging.board.exists():
            read_board(judging.board)
    stage.counts.add({"look at the files": 1})


def _check_nothing_is_missing(stage: Stage) -> None:
    """Check that the boards have all models and the cache all replies, each once."""
    for judging in stage.judges:
        tags = {tag for board, tag in stage.finished if board == judging.board}
        names = set(read_board(judging.board).rows) if tags else set()
        if names != tags:
            raise BrokenPromiseError(
                f"{judging.board.name} lacks {tags - names} and has {names - tags} besides"
            )
    if stage.counts.values["SIGINT sent"] > _FEW_SIGNALS and not stage.counts.values["SIGINT"]:
        raise BrokenPromiseError("no process was stopped by an interrupt")
    n_cached, n_known = _n_cached(stage), stage.counts.values["stored"]
    if not n_known <= n_cached <= stage.counts.values["round"] * N_PAIRS:
        raise BrokenPromiseError(f"the cache has {n_cached} replies where {n_known} were read")


def _n_cached(stage: Stage) -> int:
    (n_cached,) = _query(stage.cache, "SELECT count(*) FROM replies")
    return int(n_cached)


def _query(path: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=60)) as connection:
        return [value for (value,) in connection.execute(query)]
