"""LLMBar: pairs of which one follows the instruction, and evaluators' recorded replies in both orders."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autoeval.data.labelled.base import Format, Labelled, LabelledPair, Preference, RecordedJudge, Verdicts
from autoeval.data.labelled.reading import Recording, label_of, named_entries, shown_verdict, turned, unique
from autoeval.data.loading import Row, describe, expand, is_missing, read_rows
from autoeval.data.records import read_field, read_text
from autoeval.errors import UsageError

_LABELS: Mapping[str, Preference] = {"1": 1.0, "2": 2.0}
_WINNERS: Mapping[str, Preference] = {**_LABELS, "null": None, "none": None}
_ORDERS = ("swap = False", "swap = True")
_SUFFIXES = (".gz", ".json", ".jsonl", ".result")


def read(source: Any) -> Labelled:
    """Read `dataset.json`; the folder that a file lies in names its subset."""
    pairs = [
        LabelledPair(
            key=_key(row),
            instruction=read_text(row, "input"),
            output_1=read_text(row, "output_1"),
            output_2=read_text(row, "output_2"),
            label=label_of(row, "label", _LABELS),
            subset=_subset(entry),
            where=row.where,
        )
        for entry in expand(source, "--dataset")
        for row in read_rows(entry, "--dataset")
    ]
    return Labelled("llmbar", unique(pairs))


def recorded(source: Any, labelled: Labelled) -> list[RecordedJudge]:
    """Read `<evaluator>.result.json`; files of one name in several folders are one evaluator's."""
    found = Recording(labelled)
    for name, entry in named_entries(source, _evaluator):
        judge = found.judge(name)
        for row in read_rows(entry, "--recorded"):
            judge.verdicts[found.pair(row, _key(row)).key] = _verdicts(row, judge)
    return found.judges


def _key(row: Row) -> str:
    return "\0".join(read_text(row, name) for name in ("input", "output_1", "output_2"))


def _subset(entry: Any) -> str | None:
    return entry.parent.name or None if isinstance(entry, Path) else None


def _evaluator(path: Path) -> str:
    name = path.name
    while (suffix := Path(name).suffix) in _SUFFIXES:
        name = name.removesuffix(suffix)
    return name


def _verdicts(row: Row, judge: RecordedJudge) -> Verdicts:
    """Return what the last round of a row's results came to; earlier rounds led to it."""
    results = read_field(row, "results")
    last = results[-1] if isinstance(results, list | tuple) and results else None
    if not isinstance(last, Mapping) or not all(isinstance(last.get(order), Mapping) for order in _ORDERS):
        raise UsageError(
            f"{row.where}: `results` is {describe(results)}; it should be a list of objects with "
            f"{' and '.join(_ORDERS)}."
        )
    return Verdicts.in_orders(*(_verdict(row, order, last[order], judge) for order in _ORDERS))


def _verdict(row: Row, order: str, game: Mapping[str, Any], judge: RecordedJudge) -> Preference:
    """Read a raw reply as if it had just been given; where it is not clear, or absent, take the recorded winner."""
    completion = game.get("completion")
    said = completion[0] if isinstance(completion, list | tuple) and completion else completion
    if isinstance(said, str):
        shown = shown_verdict(said)
        if shown is not None:
            return turned(shown, is_switched=order == _ORDERS[1])
    if is_missing(game.get("winner")):
        return None
    one = Row(f"{row.where}, {order}", game)
    winner = str(one.fields["winner"]).strip().lower()
    if winner not in _WINNERS:
        raise UsageError(f"{one.where}: `winner` is {describe(game['winner'])}; it should be 1, 2 or null.")
    judge.n_by_winner += _WINNERS[winner] is not None
    return _WINNERS[winner]


LLMBAR = Format(read, recorded)
