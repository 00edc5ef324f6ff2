"""The pairs of a run as its report holds them: which of them, and what is said of each."""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from autoeval.types import Pair

MOST_PAIRS = 2000
Prompts = Callable[[Pair], Sequence[Sequence[tuple[str, str]]]]
"""Gives the conversations that a pair was judged with: messages as (role, text)."""
Votes = Callable[[Pair], float | None]
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
    rows: Iterable[Mapping[str, Any]], wanted: set[int] | None, prompts: Prompts, votes: Votes
) -> Iterator[dict[str, Any]]:
    """Turn rows of annotations.json into what the page's script reads; empty fields are left out."""
    for i, row in enumerate(rows):
        if wanted is None or i in wanted:
            pair = pair_of(row, i)
            entry = {
                "id": i + 1,
                "subset": pair.dataset,
                "instruction": pair.instruction,
                "reference": pair.output_1,
                "model": pair.output_2,
                "preference": row["preference"],
                "failure": row.get("failure"),
                "judgments": [_judgment(judgment) for judgment in judgments_of(row)],
                "prompts": prompts(pair),
                "people": votes(pair),
                "flipped": is_flipped(row) or None,
            }
            yield {name: value for name, value in entry.items() if value not in (None, [], ())}


def pair_of(row: Mapping[str, Any], index: int) -> Pair:
    """Return the pair of a row of annotations.json."""
    return Pair(
        index=index,
        instruction=row["instruction"],
        output_1=row["output_1"],
        output_2=row["output_2"],
        generator_1=row["generator_1"],
        generator_2=row["generator_2"],
        dataset=row.get("dataset"),
        sample=row.get("sample", 0),
    )


def judgments_of(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return a row's judgments; a row with a single one is that judgment itself."""
    return row.get("judgments") or [row]


def is_flipped(row: Mapping[str, Any]) -> bool:
    """Whether one judge preferred one output in one order and the other one in the other order."""
    seen: dict[tuple[Any, Any], float] = {}
    for judgment in judgments_of(row):
        if judgment["preference"] is not None:
            seen[judgment["annotator"], judgment["is_switched_outputs"]] = judgment["preference"] - 1.5
    return any(
        switched is False and verdict * seen.get((annotator, True), 0.0) < 0
        for (annotator, switched), verdict in seen.items()
    )


def _judgment(row: Mapping[str, Any]) -> dict[str, Any]:
    said = {
        "by": row["annotator"],
        "preference": row["preference"],
        "explanation": row.get("explanation"),
        "reply": _text_of(row.get("raw_completion")),
        "first": {True: "model", False: "reference", None: None}[row.get("is_switched_outputs")],
        "failure": row.get("failure"),
    }
    return {name: value for name, value in said.items() if value not in (None, "")}


def _text_of(raw_completion: Any) -> str | None:
    """Return the text of a reply that may be an OpenAI-shaped choice."""
    if isinstance(raw_completion, Mapping):
        message = raw_completion.get("message")
        text = message.get("content") if isinstance(message, Mapping) else raw_completion.get("text")
        return None if text is None else str(text)
    return (
        raw_completion if isinstance(raw_completion, str) or raw_completion is None else str(raw_completion)
    )
