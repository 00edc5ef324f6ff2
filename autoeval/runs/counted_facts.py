"""What a finished run came to, from the files beside its annotations or from the annotations themselves."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from statistics import stdev
from typing import Any

from autoeval.annotators.builtin import interval_name
from autoeval.annotators.config import common_provider
from autoeval.data.annotations import of_one_model, read_annotations
from autoeval.data.eval_sets import eval_set_name
from autoeval.data.loading import Row, read_rows
from autoeval.data.spool import instruction_key
from autoeval.data.spreadsheet import from_cell
from autoeval.errors import UsageError
from autoeval.leaderboards.table import read_board
from autoeval.leaderboards.tally import Tally
from autoeval.metrics.student import student_quantile
from autoeval.runs.catalog import Place, RunFacts, stamp_of, unread
from autoeval.runs.checkpoints import checkpoint_of
from autoeval.runs.paying.sample import ROWS_NAME
from autoeval.runs.run_json import part, told_beside
from autoeval.runs.saving import BOARD_NAME

_OF_A_PART = "this is the plain mean of the pairs that were paid for; run.json has the estimate for all"
_SLACK = 60_000_000_000  # nanoseconds by which copying may turn round the order in which files were written


def facts_of(where: Place) -> RunFacts:
    """Read what a run came to, from the files beside its annotations where they say it."""
    return facts_from_summary(where) or facts_from_annotations(where)


def facts_from_summary(where: Place) -> RunFacts | None:
    """Read what a run came to from the files beside its annotations; None where they do not say, or are older."""
    board_path = where.path.with_name(BOARD_NAME)
    if stamp_of(board_path)[1] + _SLACK < where.made_ns:
        return None
    try:
        told = told_beside(where.path)
        row = _row_of(_rows_of(board_path), told)
    except (UsageError, OSError, ValueError, csv.Error):
        return None
    if not told or row is None or (row.get("win_rate") is None and row.get("score") is None):
        return None
    numbers: dict[str, Any] = {
        name: row.get(name)
        for name in ("win_rate", "standard_error", "low", "high", "flip_rate", "avg_length")
    }
    return replace(
        _named(where, told),
        **numbers,
        score=_number(row.get("score")),
        eval_set=str(row.get("eval_set") or ""),
        length_controlled=_number(row.get("length_controlled_winrate")),
        lc_standard_error=_number(row.get("lc_standard_error")),
        n=int(_number(row.get("n_total")) or 0),
        n_missing=int(_number(row.get("n_missing")) or 0),
    )


def facts_from_annotations(where: Place) -> RunFacts:
    """Count a run's annotations; what is wrong with them becomes the facts' `problem`."""
    try:
        told = told_beside(where.path)
        if is_graded(first_fields(where.path)):
            return _graded(where, _named(where, told))
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
    tally, seen = Tally(), Seen()
    for _ in tally.counted(read_annotations(seen.through(of_one_model(read_rows(where.path, "run"))))):
        pass
    return tally, seen.named(facts)


@dataclass
class Seen:
    """What the rows of a run say of it, noted as they pass by."""

    first: Mapping[str, Any] = field(default_factory=dict)
    keys: set[bytes] = field(default_factory=set)

    def through(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Note each row and pass it on."""
        for row in rows:
            self.first = self.first or row.fields
            self.keys.add(instruction_key(conversation_of(row.fields)))
            yield row

    def named(self, facts: RunFacts) -> RunFacts:
        """Add what run.json does not say."""
        digest = sha256(b"".join(sorted(self.keys))).hexdigest()[:16]
        model = _text(self.first.get("generator_2")) or _text(self.first.get("generator")) or facts.model
        reference = "" if is_graded(self.first) else _text(self.first.get("generator_1")) or "reference"
        return replace(
            facts,
            model=model,
            series=checkpoint_of(model),
            reference=facts.reference or reference,
            judge=facts.judge or _text(self.first.get("annotator")) or "unknown judge",
            eval_set=digest,
            eval_set_name=facts.eval_set_name or f"{eval_set_name(digest)} ({len(self.keys)} instructions)",
        )


def is_graded(fields: Mapping[str, Any]) -> bool:
    """Whether a row is of an output that was judged by itself, not of a pair."""
    return "score" in fields and "preference" not in fields


def conversation_of(fields: Mapping[str, Any]) -> str:
    """Return all that the user said, which tells the instructions of an eval set apart."""
    turns = fields.get("user_turns")
    several = isinstance(turns, list) and len(turns) > 1
    return "\n\n".join(map(str, turns)) if several and turns else str(fields.get("instruction") or "")


def first_fields(path: Path) -> Mapping[str, Any]:
    """Return the fields of the first row of a run.

    Raises:
        UsageError: there is none, or it cannot be read.
    """
    return next(iter(read_rows(path, "run"))).fields


def _graded(where: Place, facts: RunFacts) -> RunFacts:
    """Average the scores of a run whose outputs were judged by themselves; instructions are the observations."""
    seen, scores, lengths = Seen(), dict[bytes, list[float]](), list[int]()
    n_missing = 0
    for row in seen.through(of_one_model(read_rows(where.path, "run"), compares=False)):
        lengths.append(len(str(row.fields.get("output") or "")))
        score = _number(row.fields.get("score"))
        if score is None:
            n_missing += 1
        else:
            scores.setdefault(instruction_key(conversation_of(row.fields)), []).append(score)
    means = [sum(values) / len(values) for values in scores.values()]
    error = stdev(means) / len(means) ** 0.5 if len(means) > 1 else None
    half = None if error is None else error * student_quantile(len(means) - 1, 0.95)
    mean = sum(means) / len(means) if means else None
    return replace(
        seen.named(facts),
        score=mean,
        standard_error=error,
        low=None if mean is None or half is None else mean - half,
        high=None if mean is None or half is None else mean + half,
        n=len(lengths) - n_missing,
        n_missing=n_missing,
        avg_length=sum(lengths) // len(lengths) if lengths else None,
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


def _rows_of(board: Path) -> Mapping[str, Mapping[str, Any]]:
    """Read the rows of a board by model, whatever it is a board of."""
    with board.open(encoding="utf-8-sig", newline="") as file:
        header = next(csv.reader(file), [])
    if "win_rate" in header:
        return read_board(board).rows
    with board.open(encoding="utf-8-sig", newline="") as file:
        lines = csv.DictReader(file)
        return {
            from_cell(line.pop(header[0])): {name: _cell(text) for name, text in line.items()}
            for line in lines
        }


def _cell(text: str) -> str | float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return from_cell(text)


def _row_of(rows: Mapping[str, Mapping[str, Any]], told: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the row of a run on its own board: the model's, judged as often as run.json says."""
    model, counts = part(told, "setting").get("model"), part(told, "counts")
    row = rows.get(str(model)) or (next(iter(rows.values())) if len(rows) == 1 else None)
    return row if row and row.get("n_total") == counts.get("judged") else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and value == value else None
