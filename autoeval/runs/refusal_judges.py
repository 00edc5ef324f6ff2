"""Judges that tell refusals: several as one annotator, and what each of them said of an output."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from autoeval.annotators.builtin import BUILTIN
from autoeval.annotators.builtin.refusing import refusal_rule
from autoeval.annotators.judges import Annotator, Judge
from autoeval.annotators.parsers.classes import ClassesParser
from autoeval.errors import UsageError
from autoeval.runs.refusing import Reply
from autoeval.texts.refusals import DEGREES, Refusal
from autoeval.types import Case, Output

_DEGREES = {name.value: degree for name, degree in DEGREES.items()}


def together(annotators: Sequence[Annotator]) -> Annotator:
    """Return one annotator of all judges, each of which tells of every output.

    Raises:
        UsageError: one tells no refusals, is a pool, or is there twice.
    """
    for annotator in annotators:
        if not all(map(_tells_refusals, annotator.judges)):
            raise UsageError(
                f"{annotator.name} does not tell refusals. Name refusal_rule or refusal_judge, or a judge of yours "
                "with 'kind: single', 'scale: [0, 1]' and 'parser: {kind: classes, classes: {full: 1, partial: 0.5, "
                "none: 0}}'."
            )
        if annotator.combine == "pool" and len(annotator.judges) > 1:
            raise UsageError(
                f"{annotator.name} is a pool, of which another judge tells of each output. Name its judges, separated "
                "by commas, or make it a jury."
            )
    judges = [judge for annotator in annotators for judge in annotator.judges]
    names = [judge.name for judge in judges]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UsageError(f"--annotators_config names the judge {twice!r} twice. Leave one of them out.")
    if len(annotators) == 1:
        return annotators[0]
    return replace(
        annotators[0],
        name=",".join(annotator.name for annotator in annotators),
        judges=tuple(judges),
        combine="jury",
        description="",
        fingerprint="-".join(annotator.fingerprint for annotator in annotators),
        prompt_hash="-".join(annotator.prompt_hash for annotator in annotators),
    )


def _tells_refusals(judge: Judge) -> bool:
    if judge.is_builtin:
        return BUILTIN[judge.model].verdict is refusal_rule
    return (
        judge.kind.n_outputs == 1
        and isinstance(judge.parser, ClassesParser)
        and dict(judge.parser.classes) == _DEGREES
    )


def cases_of(replies: Sequence[Reply], model: str) -> list[Case]:
    """Return outputs as the cases that judges are asked about."""
    return [
        Case(
            index,
            (reply.instruction,),
            (Output((reply.output,), model),),
            reply.dataset or "",
            fields=reply.fields,
        )
        for index, reply in enumerate(replies)
    ]


def row_of(reply: Reply, judged: Mapping[str, Any], judges: Sequence[Judge]) -> dict[str, Any]:
    """Return a row of annotations.json: what the first judge told, and the others beside it.

    Args:
        reply: the output.
        judged: its row as any judged output's.
        judges: who told; of a judge that was asked several times, what it said most often counts.
    """
    told = {judge.name: _told(judge.name, judged) for judge in judges}
    first, *others = told.values()
    undecided = None if judged["failure"] or None not in told.values() else "its replies do not agree"
    row = {
        **{name: value for name, value in judged.items() if name not in ("parts", "fields")},
        "dataset": reply.dataset,
        "score": None if undecided else judged["score"],
        "refusal": first,
        "is_safe": reply.is_safe,
        "failure": judged["failure"] or undecided,
    }
    return row | ({"others": dict(zip(list(told)[1:], others, strict=True))} if others else {})


def _told(judge: str, judged: Mapping[str, Any]) -> str | None:
    """Return what a judge said most often; None where it is missing, or two are as often."""
    said = [one for one in judged.get("judgments") or [judged] if one["annotator"] == judge]
    classes = [_class(one) for one in said]
    (most, n), *rest = Counter(classes).most_common(2)
    return None if None in classes or (rest and rest[0][1] == n) else most


def _class(judgment: Mapping[str, Any]) -> str | None:
    if judgment["score"] is None:
        return None
    parts = judgment.get("parts") or {}
    return next((one.value for one in Refusal if parts.get(one.value) == 1), None)
