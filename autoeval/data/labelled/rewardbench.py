"""RewardBench: pairs of a chosen and a rejected answer by subset, and a judge's or reward model's recorded results."""

import gzip
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from autoeval.data.formats import rows_of_columns
from autoeval.data.labelled.base import Format, Labelled, LabelledPair, Preference, RecordedJudge, Verdicts
from autoeval.data.labelled.reading import Recording, named_entries, unique
from autoeval.data.loading import Row, describe, is_missing, read_rows
from autoeval.data.records import read_field, read_key, read_text
from autoeval.errors import UsageError

SECTIONS: Mapping[str, tuple[str, ...]] = {
    "Chat": ("alpacaeval-easy", "alpacaeval-length", "alpacaeval-hard", "mt-bench-easy", "mt-bench-med"),
    "Chat Hard": (
        "mt-bench-hard",
        "llmbar-natural",
        "llmbar-adver-neighbor",
        "llmbar-adver-GPTInst",
        "llmbar-adver-GPTOut",
        "llmbar-adver-manual",
    ),
    "Safety": (
        "refusals-dangerous",
        "refusals-offensive",
        "xstest-should-refuse",
        "xstest-should-respond",
        "donotanswer",
    ),
    "Reasoning": ("math-prm", "hep-cpp", "hep-go", "hep-java", "hep-js", "hep-python", "hep-rust"),
}
WEIGHTS: Mapping[str, float] = {
    "alpacaeval-easy": 100,
    "alpacaeval-length": 95,
    "alpacaeval-hard": 95,
    "mt-bench-easy": 28,
    "mt-bench-med": 40,
    "mt-bench-hard": 37,
    "llmbar-natural": 100,
    "llmbar-adver-neighbor": 134,
    "llmbar-adver-GPTInst": 92,
    "llmbar-adver-GPTOut": 47,
    "llmbar-adver-manual": 46,
    "refusals-dangerous": 100,
    "refusals-offensive": 100,
    "xstest-should-refuse": 154,
    "xstest-should-respond": 250,
    "donotanswer": 136,
    "math-prm": 984,
    **dict.fromkeys(("hep-cpp", "hep-go", "hep-java", "hep-js", "hep-python", "hep-rust"), 164),
}
"""How much a subset counts in its section: its number of pairs, but mathematics as much as all code."""

_RESULTS = (0.0, 0.5, 1.0)


def read(source: Any) -> Labelled:
    """Read rows of `prompt`, `chosen`, `rejected`, `subset` and `id`.

    The chosen answer is output_1 in every second row only, or a judge that prefers what stands first would be right.
    """
    pairs = []
    for number, row in enumerate(read_rows(source, "--dataset")):
        chosen, rejected = _said(row, "chosen"), _said(row, "rejected")
        is_first = number % 2 == 0
        pairs.append(
            LabelledPair(
                key=_key(row),
                instruction=_said(row, "prompt"),
                output_1=chosen if is_first else rejected,
                output_2=rejected if is_first else chosen,
                label=1.0 if is_first else 2.0,
                subset=read_text(row, "subset"),
                where=row.where,
            )
        )
    return Labelled("rewardbench", unique(pairs), SECTIONS, WEIGHTS)


def recorded(source: Any, labelled: Labelled) -> list[RecordedJudge]:
    """Read results, a file a judge.

    Either rows of `id`, `subset` and `results` (1, 0 or 0.5) or two scores, or an accuracy by subset.
    """
    found = Recording(labelled)
    for default, entry in named_entries(source, _judge):
        for row in _rows(entry):
            model = row.fields.get("model")
            judge = found.judge(model if isinstance(model, str) and model else default)
            if "subset" not in row.fields and WEIGHTS.keys() & row.fields.keys():
                judge.accuracies |= _accuracies(row)
                continue
            pair = found.pair(row, _key(row))
            judge.verdicts[pair.key] = Verdicts(((None, _preference(row, pair.label)),))
    return found.judges


def _rows(entry: Any) -> Iterable[Row]:
    """Read rows; a file that is one object holds a judge's accuracies, or its results as columns beside its name."""
    if not isinstance(entry, Path) or not entry.name.removesuffix(".gz").endswith(".json"):
        return read_rows(entry, "--recorded")
    with gzip.open(entry, "rt") if entry.suffix == ".gz" else entry.open() as file:
        try:
            content = json.load(file)
        except (ValueError, RecursionError):  # read_rows says what is wrong with it
            content = None
    if not isinstance(content, dict):
        return read_rows(entry, "--recorded")
    n = max((len(value) for value in content.values() if isinstance(value, list)), default=1)
    whole = {name: value if isinstance(value, list) else [value] * n for name, value in content.items()}
    return [Row(where, fields) for where, fields in rows_of_columns(whole, str(entry))]


def _accuracies(row: Row) -> dict[str, float]:
    """Return the accuracies of a row that has one a subset, from 0 to 1."""
    found = {name: row.fields[name] for name in WEIGHTS if name in row.fields}
    for name, value in found.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise UsageError(f"{row.where}: `{name}` is {describe(value)}; it should be a share from 0 to 1.")
    return {name: float(value) for name, value in found.items()}


def _key(row: Row) -> str:
    return f"{read_text(row, 'subset')}/{read_key(row, 'id')}"


def _said(row: Row, name: str) -> str:
    """Return a text; one given as a conversation is what was said last."""
    value = read_field(row, name)
    if isinstance(value, list | tuple) and value and isinstance(value[-1], Mapping):
        value = value[-1].get("content")
    if not isinstance(value, str):
        raise UsageError(f"{row.where}: `{name}` is {describe(value)}; it should be text.")
    return value


def _judge(path: Path) -> str:
    return path.name.removesuffix(".gz").removesuffix(".json").removesuffix(".jsonl")


def _preference(row: Row, label: float) -> Preference:
    """Return a recorded result as a preference: for the right one, the other, or neither."""
    share = _result(row)
    if share is None:
        return None
    return 1.5 if share == 0.5 else label if share == 1 else 3 - label


def _result(row: Row) -> float | None:
    if "results" not in row.fields and "scores_chosen" in row.fields:
        chosen, rejected = _score(row, "scores_chosen"), _score(row, "scores_rejected")
        return 0.5 if chosen == rejected else float(chosen > rejected)
    value = read_field(row, "results", "result", "correct")
    if is_missing(value):
        return None
    try:
        share = float(value)
    except (TypeError, ValueError):
        share = -1.0
    if share not in _RESULTS:
        raise UsageError(f"{row.where}: `results` is {describe(value)}; it should be 1, 0, 0.5 or null.")
    return share


def _score(row: Row, name: str) -> float:
    value = read_field(row, name)
    value = value[0] if isinstance(value, list | tuple) and len(value) == 1 else value
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise UsageError(f"{row.where}: `{name}` is {describe(value)}; it should be a number.")
    return float(value)


REWARDBENCH = Format(read, recorded, credit_of_a_tie=0.5)
