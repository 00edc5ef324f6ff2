"""A labelled set of one's own: a table with the right answer, and any judge's verdicts on it."""

from collections.abc import Mapping
from typing import Any

from autoeval.data.annotations import read_preference
from autoeval.data.labelled.base import Format, Labelled, LabelledPair, Preference, RecordedJudge, Verdicts
from autoeval.data.labelled.reading import (
    Recording,
    choice_of,
    label_of,
    named_entries,
    shown_verdict,
    turned,
    unique,
)
from autoeval.data.loading import Row, describe, is_missing, read_rows
from autoeval.data.records import read_instruction, read_label, read_text
from autoeval.errors import UsageError

_LABELS: Mapping[str, Preference] = {
    **dict.fromkeys(("1", "output_1", "a", "model_a", "first", "1.0"), 1.0),
    **dict.fromkeys(("2", "output_2", "b", "model_b", "second", "2.0"), 2.0),
    **dict.fromkeys(("tie", "1.5", "0"), 1.5),
}


def read(source: Any) -> Labelled:
    """Read rows of `instruction`, `output_1`, `output_2`, `label` (1, 2 or tie) and perhaps `subset`."""
    pairs = [
        LabelledPair(
            key=_key(row),
            instruction=read_instruction(row),
            output_1=read_text(row, "output_1"),
            output_2=read_text(row, "output_2"),
            label=label_of(row, "label", _LABELS),
            subset=read_label(row, "subset") or read_label(row, "dataset"),
            where=row.where,
        )
        for row in read_rows(source, "--dataset")
    ]
    return Labelled("csv", unique(pairs))


def recorded(source: Any, labelled: Labelled) -> list[RecordedJudge]:
    """Read verdicts: rows of the pair with `preference` (as annotations.json has it), `winner`, or `raw_completion`.

    A raw reply is about the outputs as shown; `is_switched_outputs` says whether output_2 stood first. Two rows of a
    pair are its two orders, as are two `judgments` of one row.
    """
    found = Recording(labelled)
    for default, entry in named_entries(source, lambda path: path.name.split(".")[0]):
        for row in read_rows(entry, "--recorded"):
            judge = found.judge(read_label(row, "annotator") or read_label(row, "judge") or default)
            key = found.pair(row, _key(row)).key
            for one in _orders(row):
                judge.verdicts[key] = _joined(judge.verdicts.get(key), _verdict(one), _is_switched(one), row)
    return found.judges


def _key(row: Row) -> str:
    return "\0".join((read_instruction(row), read_text(row, "output_1"), read_text(row, "output_2")))


def _orders(row: Row) -> list[Row]:
    several: Any = row.fields.get("judgments")
    several = several.tolist() if hasattr(several, "tolist") else several
    if isinstance(several, list | tuple) and len(several) == 2:
        return [Row(f"{row.where}, judgment {number}", fields) for number, fields in enumerate(several, 1)]
    return [row]


def _verdict(row: Row) -> Preference:
    if "preference" in row.fields:
        return read_preference(row)
    if "winner" in row.fields:
        return None if is_missing(row.fields["winner"]) else choice_of(row, "winner", _LABELS)
    return turned(shown_verdict(read_text(row, "raw_completion")), _is_switched(row) is True)


def _is_switched(row: Row) -> bool | None:
    value = row.fields.get("is_switched_outputs")
    if is_missing(value) or value == "":
        return None
    if str(value).lower() not in ("true", "false", "0", "1", "0.0", "1.0"):
        raise UsageError(
            f"{row.where}: `is_switched_outputs` is {describe(value)}; it should be true or false."
        )
    return str(value).lower() in ("true", "1", "1.0")


def _joined(before: Verdicts | None, verdict: Preference, is_switched: bool | None, row: Row) -> Verdicts:
    """Put a verdict beside the one in the other order."""
    given = before.given if before else ()
    if len(given) > 1:
        raise UsageError(
            f"{row.where}: the pair has more than two verdicts of this judge. Keep one an order."
        )
    return Verdicts((*given, (is_switched, verdict)))


CSV = Format(read, recorded)
