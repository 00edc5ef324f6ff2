"""The runs of a folder and what each came to, read anew only where a file has changed."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Any

from autoeval.annotators.builtin import interval_name
from autoeval.annotators.config import common_provider
from autoeval.data.annotations import of_one_model, read_annotations
from autoeval.data.eval_sets import eval_set_name
from autoeval.data.loading import read_rows
from autoeval.data.spool import instruction_key
from autoeval.errors import UsageError
from autoeval.leaderboards.table import Board, read_board
from autoeval.leaderboards.tally import Tally
from autoeval.runs.annotation_table import NAMES
from autoeval.runs.checkpoints import Checkpoint, checkpoint_of
from autoeval.runs.paying import ROWS_NAME

RUN_FILES = (*NAMES, ROWS_NAME)
"""What the annotations of a run are called; the last has only the pairs that were paid for."""
_FACTS_FILES = ("leaderboard.csv", "run.json")
_OF_A_PART = "this is the plain mean of the pairs that were paid for; run.json has the estimate for all"
_SLACK = 60_000_000_000  # nanoseconds by which copying may turn round the order in which files were written


@dataclass(frozen=True)
class RunFacts:
    """A run in one line of a list.

    Attributes:
        id: names the run in addresses, for as long as it lies where it does.
        folder: where it lies, below the folder that is shown.
        made: when its annotations were written, in seconds since 1970.
        win_rate: in percent, as the errors and the ends of the interval; None where nothing was judged.
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
    standard_error: float | None = None
    low: float | None = None
    high: float | None = None
    length_controlled: float | None = None
    lc_standard_error: float | None = None
    n: int = 0
    n_missing: int = 0
    avg_length: int | None = None
    flip_rate: float | None = None
    interval_name: str = "95% interval"
    cautions: tuple[str, ...] = ()
    series: Checkpoint | None = None
    problem: str | None = None
    is_read: bool = True

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
    stamps = [_stamp(file) for file in (path, *(path.with_name(name) for name in _FACTS_FILES))]
    digest = blake2b(folder.encode("utf-8", "surrogateescape"), digest_size=5).hexdigest()
    return Place(digest, path, folder, ";".join(f"{size}@{time}" for size, time in stamps), stamps[0][1])


def facts_of(where: Place) -> RunFacts:
    """Read what a run came to, from the files beside its annotations where they say it."""
    return facts_from_summary(where) or facts_from_annotations(where)


def facts_from_summary(where: Place) -> RunFacts | None:
    """Read what a run came to from the files beside its annotations; None where they do not say, or are older."""
    board_path, facts_path = (where.path.with_name(name) for name in _FACTS_FILES)
    if _stamp(board_path)[1] + _SLACK < where.made_ns or not facts_path.is_file():
        return None
    try:
        told = run_json(facts_path)
        row = _row_of(read_board(board_path), told)
    except UsageError:
        return None
    if row is None or row.get("win_rate") is None:
        return None
    numbers: dict[str, Any] = {
        name: row.get(name)
        for name in ("win_rate", "standard_error", "low", "high", "flip_rate", "avg_length")
    }
    return replace(
        _named(where, told),
        **numbers,
        eval_set=str(row.get("eval_set") or ""),
        length_controlled=_number(row.get("length_controlled_winrate")),
        lc_standard_error=_number(row.get("lc_standard_error")),
        n=int(_number(row.get("n_total")) or 0),
        n_missing=int(_number(row.get("n_missing")) or 0),
    )


def facts_from_annotations(where: Place) -> RunFacts:
    """Count a run's annotations; what is wrong with them becomes the facts' `problem`."""
    facts_path = where.path.with_name("run.json")
    try:
        told = run_json(facts_path) if facts_path.is_file() else {}
        tally, facts = counted(where, _named(where, told))
    except UsageError as error:
        return replace(unread(where), problem=str(error), is_read=True)
    except OSError as error:
        return replace(unread(where), problem=f"{where.path} cannot be read: {error.strerror}.", is_read=True)
    rate = tally.win_rate() if tally.n_judged else None
    is_part = where.path.name == ROWS_NAME
    return replace(
        facts,
        cautions=(*facts.cautions, *([_OF_A_PART] if is_part else [])),
        win_rate=None if rate is None else rate.win_rate,
        standard_error=None if rate is None else _number(rate.standard_error),
        low=None if rate is None else rate.low,
        high=None if rate is None else rate.high,
        n=tally.n_judged,
        n_missing=tally.n_missing,
        avg_length=tally.avg_length,
        flip_rate=tally.flip_rate,
    )


def counted(where: Place, facts: RunFacts) -> tuple[Tally, RunFacts]:
    """Count the annotations of a run as they pass by, and take from them what run.json does not say."""
    tally, keys = Tally(), set()
    first = None
    for annotation in tally.counted(read_annotations(of_one_model(read_rows(where.path, "run")))):
        first = first or annotation
        keys.add(instruction_key(annotation.case.conversation))
    if first is None:
        return tally, facts
    digest = sha256(b"".join(sorted(keys))).hexdigest()[:16]
    judge = facts.judge or first.annotator or "unknown judge"
    model = first.case.generator_2 or facts.model
    return tally, replace(
        facts,
        model=model,
        series=checkpoint_of(model),
        reference=facts.reference or first.case.generator_1 or "reference",
        judge=judge,
        eval_set=digest,
        eval_set_name=facts.eval_set_name or f"{eval_set_name(digest)} ({len(keys)} pairs)",
    )


def unread(where: Place) -> RunFacts:
    """Return what is known of a run before it is read: where it lies."""
    model = where.path.parent.name
    return RunFacts(
        where.id, where.folder, where.made_ns / 1e9, model, series=checkpoint_of(model), is_read=False
    )


def run_json(path: Path) -> Mapping[str, Any]:
    """Read run.json.

    Raises:
        UsageError: it cannot be read, or holds no object.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path} cannot be read ({error}).") from None
    if not isinstance(told, Mapping):
        raise UsageError(f"{path} should hold an object.")
    return told


def part(told: Any, name: str) -> Mapping[str, Any]:
    """Return an object within run.json; an empty one where there is none."""
    inner = told.get(name) if isinstance(told, Mapping) else None
    return inner if isinstance(inner, Mapping) else {}


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
            "series": Checkpoint(**series) if series else None,
        }
    )


def _named(where: Place, told: Mapping[str, Any]) -> RunFacts:
    """Return what run.json says of who was judged by whom."""
    setting, annotator = part(told, "setting"), part(told, "annotator")
    judge = _text(annotator.get("name")) or _text(setting.get("judge"))
    judges = annotator.get("judges")
    providers = [_text(part({"": one}, "").get("provider")) or None for one in judges] if judges else []
    cautions = told.get("cautions")
    model = _text(setting.get("model")) or where.path.parent.name
    return replace(
        unread(where),
        model=model,
        series=checkpoint_of(model),
        reference=_text(setting.get("reference")),
        judge=judge,
        fingerprint=_text(annotator.get("fingerprint")) or _text(setting.get("fingerprint")),
        eval_set_name=_text(setting.get("eval_set")),
        interval_name=interval_name(judge, common_provider(providers)),
        cautions=tuple(map(str, cautions)) if isinstance(cautions, list) else (),
        is_read=True,
    )


def _row_of(board: Board, told: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the row of a run on its own board: the model's, judged as often as run.json says."""
    model, counts = part(told, "setting").get("model"), part(told, "counts")
    row = board.rows.get(str(model)) or (next(iter(board.rows.values())) if len(board.rows) == 1 else None)
    return row if row and row.get("n_total") == counts.get("judged") else None


def _stamp(path: Path) -> tuple[int, int]:
    """Return the size of a file and when it was written; zeros where there is none."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and value == value else None
