"""Reviews that a judge was asked for: what it said a model's outputs and a reference's are worth, side by side."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from autoeval.annotators.judges import Annotator
from autoeval.errors import UsageError
from autoeval.leaderboards.percentages import Scored

Row = Mapping[str, Any]


def refuse_without_scores(annotator: Annotator) -> None:
    """Refuse a judge that says which output is better, and not how good each is.

    Raises:
        UsageError: it is one.
    """
    if any(judge.comparison is None for judge in annotator.judges):
        raise UsageError(
            f"{annotator.name} says which output is better, and not how good each is. Name a judge that scores: "
            "percent_of_review (both in one reply), or one of single outputs, such as rubric."
        )


def reviewed(rows: Iterable[Row], model: str, reference: str) -> Scored:
    """Collect what annotations say of each output, a review an order, judge and sample.

    A question counts where all of its reviews have two scores: one order alone would say what its place is worth too.

    Args:
        rows: annotations of pairs, the reference's output first, as `data.annotation_rows` writes them.
        model: whose the second outputs are.
        reference: whose the first ones are.
    """
    scored = Scored(model, reference)
    for row in rows:
        reviews = list(_reviews(row))
        if row["preference"] is None:
            scored.missing[row["instruction"]] += max(len(reviews), 1)
        else:
            scored.scores.setdefault(row["instruction"], []).extend(reviews)
    return scored


def _reviews(row: Row) -> Iterator[tuple[float, float]]:
    """Walk through a row's reviews, as (model, reference); turns of a conversation are reviews of their own."""
    found: dict[tuple[Any, ...], dict[int, list[float]]] = {}
    for one in row["judgments"]:
        asked = (one["annotator"], one.get("part"), one.get("is_switched_outputs"))
        found.setdefault(asked, {1: [], 2: []})[one["output"]].append(one["score"])
    for scores in found.values():
        yield from zip(scores[2], scores[1], strict=True)
