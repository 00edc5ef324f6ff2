"""The runs of a folder: where each lies, and what is known of it."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeAlias

from autoeval.annotators.builtin import INTERVAL
from autoeval.runs.annotation_table import NAMES, PAID_NAME
from autoeval.runs.checkpoints import Checkpoint, checkpoint_of
from autoeval.runs.run_json import RUN_NAME
from autoeval.runs.saving import BOARD_NAME

RUN_FILES = (PAID_NAME, *NAMES)
"""What the annotations of a run are called; where the first is there, its last run was of a sample."""
_FACTS_FILES = (BOARD_NAME, RUN_NAME)


Ends: TypeAlias = tuple[float | None, float | None]


@dataclass(frozen=True)
class RunFacts:
    """A run in one line of a list.

    Attributes:
        id: names the run in addresses, for as long as it lies where it does.
        folder: where it lies, below the folder that is shown.
        made: when its annotations were written, in seconds since 1970.
        win_rate: in percent, as the errors and the ends of the interval; None where nothing was judged.
        score: in place of the win rate, where outputs were judged by themselves: the mean on the judge's scale (shares
            in percent), as the error and the ends of the interval.
        title: what the number is called.
        ends: the lowest and the highest that it can be, None for no end.
        eval_set: a hash of its instructions; empty where it is not known.
        eval_set_name: what people call them.
        interval_name: what the interval is called.
        series: the model and the step, where its name is that of a checkpoint.
        problem: why the run cannot be read; None where it can.
        is_read: whether the numbers are known yet.
    """

    id: str
    folder: str
    made: float
    model: str
    reference: str = ""
    judge: str = ""
    fingerprint: str = ""
    eval_set: str = ""
    eval_set_name: str = ""
    win_rate: float | None = None
    score: float | None = None
    title: str = "win rate"
    ends: Ends = (0.0, 100.0)
    standard_error: float | None = None
    low: float | None = None
    high: float | None = None
    length_controlled: float | None = None
    lc_standard_error: float | None = None
    n: int = 0
    n_missing: int = 0
    avg_length: int | None = None
    flip_rate: float | None = None
    interval_name: str = INTERVAL
    cautions: tuple[str, ...] = ()
    series: Checkpoint | None = None
    problem: str | None = None
    is_read: bool = True

    @property
    def value(self) -> float | None:
        """The win rate or the score."""
        return self.score if self.win_rate is None else self.win_rate

    @property
    def is_in_percent(self) -> bool:
        """Whether its numbers are rates."""
        return self.ends == (0.0, 100.0)

    @property
    def setting(self) -> tuple[str, str, str]:
        """What two runs share whose numbers compare."""
        return self.eval_set or self.eval_set_name, self.judge, self.reference


@dataclass(frozen=True)
class Place:
    """Where a run lies: its annotations, and a stamp that changes when one of its files does."""

    id: str
    path: Path
    folder: str
    stamp: str
    made_ns: int


def places(root: Path) -> Iterator[Place]:
    """Find the runs below a folder, by name; folders whose name begins with a dot are left out."""
    for parent, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        name = next((name for name in RUN_FILES if name in files), None)
        if name is not None:
            yield place(Path(parent) / name, root)


def place(path: Path, root: Path) -> Place:
    """Describe where a run lies whose annotations are at `path`."""
    folder = path.parent.relative_to(root).as_posix()
    stamps = [stamp_of(file) for file in (path, *(path.with_name(name) for name in _FACTS_FILES))]
    digest = blake2b(folder.encode("utf-8", "surrogateescape"), digest_size=5).hexdigest()
    return Place(digest, path, folder, ";".join(f"{size}@{time}" for size, time in stamps), stamps[0][1])


def unread(where: Place) -> RunFacts:
    """Return what is known of a run before it is read: where it lies."""
    model = where.path.parent.name
    return RunFacts(
        where.id, where.folder, where.made_ns / 1e9, model, series=checkpoint_of(model), is_read=False
    )


def as_json(facts: RunFacts) -> dict[str, Any]:
    """Return facts as JSON holds them."""
    return asdict(facts)


def from_json(values: Mapping[str, Any]) -> RunFacts:
    """Return facts as they were given to `as_json`."""
    series = values.get("series")
    return RunFacts(
        **{
            **values,
            "cautions": tuple(values.get("cautions", ())),
            "ends": tuple(values["ends"]),
            "series": Checkpoint(**series) if series else None,
        }
    )


def stamp_of(path: Path) -> tuple[int, int]:
    """Return the size of a file and when it was written; zeros where there is none."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns
