"""JudgeBench: pairs of answers of which one is right, and judges' recorded decisions in both orders."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from autoeval.data.labelled.base import Format, Labelled, LabelledPair, Preference, RecordedJudge, Verdicts
from autoeval.data.labelled.reading import Recording, label_of, shown_verdict, turned, unique
from autoeval.data.loading import Row, describe, expand, is_missing, read_rows
from autoeval.data.records import read_field, read_key, read_text
from autoeval.errors import UsageError

_LABELS: Mapping[str, Preference] = {"a>b": 1.0, "b>a": 2.0}
_DECISIONS: Mapping[str, Preference] = {**_LABELS, "a=b": 1.5, "b=a": 1.5}
_SECTIONS = {
    "mmlu-pro": "Knowledge",
    "livebench-reasoning": "Reasoning",
    "livebench-math": "Math",
    "livecodebench": "Coding",
}


def read(source: Any) -> Labelled:
    """Read the pairs; a row's `source` begins with the name of its section."""
    pairs = unique(
        LabelledPair(
            key=read_key(row, "pair_id"),
            instruction=read_text(row, "question"),
            output_1=read_text(row, "response_A"),
            output_2=read_text(row, "response_B"),
            label=label_of(row, "label", _LABELS),
            subset=_section(row),
            where=row.where,
        )
        for row in read_rows(source, "--dataset")
    )
    return Labelled("judgebench", pairs)


def recorded(source: Any, labelled: Labelled) -> list[RecordedJudge]:
    """Read the outputs of judges, a file a judge or several in one; a row has one judgment or both orders'."""
    found = Recording(labelled)
    for entry in expand(source, "--recorded"):
        for row in read_rows(entry, "--recorded"):
            judge = found.judge(_judge(row, entry))
            pair = found.pair(row, read_key(row, "pair_id"))
            judge.verdicts[pair.key] = Verdicts.in_orders(*_each(row, judge))
    return found.judges


def _section(row: Row) -> str:
    name = read_text(row, "source")
    return next((section for prefix, section in _SECTIONS.items() if name.startswith(prefix)), name)


def _judge(row: Row, entry: Any) -> str:
    """Return the judge's name: how it was asked, and its model."""
    how = row.fields.get("judge_name")
    for judgment in _judgments(row):
        told = judgment.get("judgment") if isinstance(judgment, Mapping) else None
        model = told.get("judge_model") if isinstance(told, Mapping) else None
        if isinstance(model, str):
            return f"{model} ({how})" if isinstance(how, str) and how else model
    parts = (
        dict(part.partition("=")[::2] for part in entry.stem.split(",")) if isinstance(entry, Path) else {}
    )
    model = parts.get("judge_model", "").removesuffix(".jsonl")
    return (f"{model} ({how})" if how else model) if model else str(how or "recorded")


def _judgments(row: Row) -> list[Any]:
    judgments = read_field(row, "judgments")
    if not isinstance(judgments, list | tuple) or len(judgments) not in (1, 2):
        raise UsageError(
            f"{row.where}: `judgments` is {describe(judgments)}; it should be a list of one or two."
        )
    return list(judgments)


def _each(row: Row, judge: RecordedJudge) -> Iterator[Preference]:
    for place, judgment in enumerate(_judgments(row)):
        where = f"{row.where}, judgment {place + 1}"
        if is_missing(judgment):
            yield None
            continue
        if not isinstance(judgment, Mapping):
            raise UsageError(f"{where} is {describe(judgment)}; it should be an object with a `decision`.")
        yield turned(_shown(where, judgment, judge), is_switched=place == 1)


def _shown(where: str, judgment: Mapping[str, Any], judge: RecordedJudge) -> Preference:
    """Read a judgment: the raw reply where it is clear, else the decision beside it."""
    told = judgment.get("judgment")
    reply = told.get("response") if isinstance(told, Mapping) else told
    if isinstance(reply, str) and reply and (shown := shown_verdict(reply)) is not None:
        return shown
    decision = judgment.get("decision")
    if is_missing(decision):
        return None
    text = str(decision).strip().lower()
    if text not in _DECISIONS:
        raise UsageError(f"{where}: `decision` is {describe(decision)}; it should be A>B, B>A, A=B or null.")
    judge.n_by_winner += 1
    return _DECISIONS[text]


JUDGEBENCH = Format(read, recorded, is_accuracy_combined=True)
