"""What a finished run came to, from the files beside its annotations or from the annotations themselves."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from autoeval.annotators.builtin import interval_name
from autoeval.annotators.judges import common_provider
from autoeval.data.annotations import is_of_one_output
from autoeval.data.eval_sets import eval_set_name
from autoeval.data.loading import Row, read_rows
from autoeval.data.spool import instruction_key
from autoeval.errors import UsageError
from autoeval.leaderboards.boards import read_any
from autoeval.leaderboards.tally import Tally
from autoeval.runs.annotation_table import PAID_NAME
from autoeval.runs.catalog import Ends, Place, RunFacts, stamp_of, unread
from autoeval.runs.checkpoints import checkpoint_of
from autoeval.runs.measured import WIN_RATE, Measured, measured
from autoeval.runs.quantities import SHARES
from autoeval.runs.run_json import judges_of, part, scale_of, told_beside
from autoeval.runs.saving import BOARD_NAME
from autoeval.types import Scale

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
        scale = next((scale_of(judge) for judge in judges_of(told)), None)
        row = _row_of(read_any(board_path).rows, told)
    except (UsageError, OSError, ValueError):
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
        title="win rate" if row.get("score") is None else "score",
        ends=(0.0, 100.0) if row.get("score") is None else ends_of(scale or Scale()),
        eval_set=str(row.get("eval_set") or ""),
        length_controlled=_number(row.get("length_controlled_winrate")),
        lc_standard_error=_number(row.get("lc_standard_error")),
        n=int(_number(row.get("n_total")) or 0),
        n_missing=int(_number(row.get("n_missing")) or 0),
    )


def facts_from_annotations(where: Place) -> RunFacts:
    """Count a run's annotations; what is wrong with them becomes the facts' `problem`."""
    try:
        found, facts = counted(where, _named(where, told_beside(where.path)))
    except UsageError as error:
        return replace(unread(where), problem=str(error), is_read=True)
    except OSError as error:
        return replace(unread(where), problem=f"{where.path} cannot be read: {error.strerror}.", is_read=True)
    is_part = where.path.name == PAID_NAME
    return replace(facts, cautions=(*facts.cautions, *([_OF_A_PART] if is_part else [])), **_numbers(found))


def counted(where: Place, facts: RunFacts) -> tuple[Measured, RunFacts]:
    """Measure the annotations of a run, and take from them what run.json does not say.

    Raises:
        UsageError: they cannot be read.
    """
    seen = Seen()
    found = measured(where.path, seen.through(read_rows(where.path, "run")))
    return found, seen.named(facts)


def _numbers(found: Measured) -> dict[str, Any]:
    """Return the facts that are numbers."""
    one, counts = found.headline.estimate(), found.counts
    is_judged = one.n > 0
    return {
        "win_rate" if found.name == WIN_RATE else "score": _number(one.value),
        "title": found.title,
        "ends": ends_of(found.headline.scale),
        "standard_error": _number(one.standard_error),
        "low": _number(one.low) if is_judged else None,
        "high": _number(one.high) if is_judged else None,
        "n": one.n,
        "n_missing": found.headline.n_missing,
        "avg_length": counts.avg_length,
        "flip_rate": counts.flip_rate if isinstance(counts, Tally) else None,
    }


def ends_of(scale: Scale) -> Ends:
    """Return the lowest and the highest that a number on a scale can be, as it is given; None for no end."""
    return (0.0, 100.0) if scale == SHARES else (scale.low, scale.high)


@dataclass
class Seen:
    """What the rows of a run say of it, noted as they pass by."""

    first: Row | None = None
    keys: set[bytes] = field(default_factory=set)

    def through(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Note each row and pass it on."""
        for row in rows:
            self.first = self.first or row
            self.keys.add(instruction_key(conversation_of(row.fields)))
            yield row

    def named(self, facts: RunFacts) -> RunFacts:
        """Add what run.json does not say."""
        digest = sha256(b"".join(sorted(self.keys))).hexdigest()[:16]
        assert self.first is not None  # a file without rows is refused
        first = self.first.fields
        model = _text(first.get("generator_2")) or _text(first.get("generator")) or facts.model
        reference = "" if is_of_one_output(self.first) else _text(first.get("generator_1")) or "reference"
        return replace(
            facts,
            model=model,
            series=checkpoint_of(model),
            reference=facts.reference or reference,
            judge=facts.judge or _text(first.get("annotator")) or "unknown judge",
            eval_set=digest,
            eval_set_name=facts.eval_set_name or f"{eval_set_name(digest)} ({len(self.keys)} instructions)",
        )


def conversation_of(fields: Mapping[str, Any]) -> str:
    """Return all that the user said, which tells the instructions of an eval set apart."""
    turns = fields.get("user_turns")
    several = isinstance(turns, list) and len(turns) > 1
    return "\n\n".join(map(str, turns)) if several and turns else str(fields.get("instruction") or "")


def _named(where: Place, told: Mapping[str, Any]) -> RunFacts:
    """Return what run.json says of who was judged by whom."""
    setting, annotator = part(told, "setting"), part(told, "annotator")
    judge = _text(annotator.get("name")) or _text(setting.get("judge"))
    providers = [_text(one.get("provider")) or None for one in judges_of(told)]
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


def _row_of(rows: Mapping[str, Mapping[str, Any]], told: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the row of a run on its own board: the model's, judged as often as run.json says."""
    model, counts = part(told, "setting").get("model"), part(told, "counts")
    row = rows.get(str(model)) or (next(iter(rows.values())) if len(rows) == 1 else None)
    return row if row and row.get("n_total") == counts.get("judged") else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and value == value else None
