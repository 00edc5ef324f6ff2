"""The pairs or outputs of a run as pages show them: which of them, and what is said of each."""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import count, zip_longest
from typing import Any

from autoeval.annotators.combine import is_flipped
from autoeval.types import Annotation, Case, Judgment

MOST_PAIRS = 2000
Prompts = Callable[[Case], Sequence[Sequence[tuple[str, str]]]]
"""Gives the conversations that a pair was judged with: messages as (role, text)."""
Votes = Callable[[Case], float | None]
"""Gives people's mean preference on a pair, None where nobody voted."""


def chosen(
    missing: Sequence[bool], flipped: Sequence[bool], seed: int, most: int = MOST_PAIRS
) -> set[int] | None:
    """Choose the pairs of a report.

    Args:
        missing: whether each pair has no verdict.
        flipped: whether each pair's verdict changed with the order.
        seed: of the sample.
        most: pairs that are shown without sampling, and the size of a sample.

    Returns:
        The places of every failure and flip with a random sample of the others; None for all pairs.
    """
    if len(missing) <= most:
        return None
    always = {i for i, wanted in enumerate(zip(missing, flipped, strict=True)) if any(wanted)}
    others = [i for i in range(len(missing)) if i not in always]
    n = min(max(most - len(always), 0), len(others))
    return always | set(random.Random(seed).sample(others, n))


def entries(
    annotations: Iterable[Annotation], places: Iterable[int] | None, prompts: Prompts, votes: Votes
) -> Iterator[dict[str, Any]]:
    """Turn annotations into what the page's script reads; empty fields are left out.

    Args:
        annotations: those that are shown.
        places: where they stand in the run, from 0; None where they are all.
        prompts: gives what was asked.
        votes: gives what people say.
    """
    for place, annotation in zip(count() if places is None else places, annotations, strict=False):
        case = annotation.case
        entry = {
            "id": place + 1,
            "subset": case.dataset,
            "instruction": case.conversation,
            "reference": case.output_1,
            "model": case.output_2,
            "preference": annotation.value,
            "failure": annotation.failure,
            "judgments": [_judgment(judgment) for judgment in annotation.judgments],
            "prompts": prompts(case),
            "people": votes(case),
            "flipped": is_flipped(annotation) or None,
            "turns": _turns(case),
        }
        yield _said(entry)


def scored_entries(annotations: Iterable[Annotation]) -> Iterator[dict[str, Any]]:
    """Turn annotations of single outputs into what a page's script reads; empty fields are left out."""
    for number, annotation in enumerate(annotations, 1):
        case = annotation.case
        right: Any = case.fields.get("reference") or ()
        entry = {
            "id": number,
            "subset": case.dataset,
            "score": annotation.value,
            "parts": dict(annotation.parts),
            "turns": _turns(case),
            "right": [right] if isinstance(right, str) else [str(one or "") for one in right],
            "failure": annotation.failure,
            "judgments": [_scoring(judgment) for judgment in annotation.judgments],
        }
        yield {"instruction": case.conversation, "model": case.output, **_said(entry)}


def _said(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if value not in (None, [], (), {})}


def _turns(case: Case) -> list[tuple[str, ...]] | None:
    """Return each turn of a conversation: what the user said, and each output's answer."""
    if len(case.turns) < 2:
        return None
    answers = zip_longest(*(output.turns for output in case.outputs), fillvalue="")
    return [(user, *answered) for user, answered in zip(case.turns, answers, strict=False)]


def _scoring(judgment: Judgment) -> dict[str, Any]:
    return _said(
        {
            "by": judgment.annotator,
            "part": judgment.part or None,
            "score": judgment.value,
            "explanation": judgment.explanation or None,
            "reply": text_of(judgment.raw_completion) or None,
            "failure": judgment.failure,
        }
    )


def _judgment(judgment: Judgment) -> dict[str, Any]:
    if judgment.output:
        return _score(judgment)
    said = {
        "by": judgment.annotator,
        "preference": judgment.value,
        "explanation": judgment.explanation,
        "reply": text_of(judgment.raw_completion),
        "first": {True: "model", False: "reference", None: None}[judgment.is_switched],
        "failure": judgment.failure,
    }
    return {name: value for name, value in said.items() if value not in (None, "")}


def _score(judgment: Judgment) -> dict[str, Any]:
    """Return what a judge said of one output of a pair by itself."""
    whose = "the output of the model" if judgment.output == 2 else "the output of the reference"
    what = f", {judgment.part.replace('_', ' ')}" if judgment.part else ""
    if judgment.is_switched is not None:
        what += f", shown {'first' if judgment.is_switched == (judgment.output == 2) else 'second'}"
    score = "no score" if judgment.value is None else f"{judgment.value:g}"
    said = {
        "by": f"{judgment.annotator} on {whose}{what}: {score if judgment.applies else 'does not apply'}",
        "explanation": judgment.explanation,
        "reply": text_of(judgment.raw_completion),
        "failure": judgment.failure,
    }
    return {name: value for name, value in said.items() if value not in (None, "")}


def text_of(raw_completion: Any) -> str | None:
    """Return the text of a reply that may be an OpenAI-shaped choice."""
    if isinstance(raw_completion, Mapping):
        message = raw_completion.get("message")
        text = message.get("content") if isinstance(message, Mapping) else raw_completion.get("text")
        return None if text is None else str(text)
    return (
        raw_completion if isinstance(raw_completion, str) or raw_completion is None else str(raw_completion)
    )
