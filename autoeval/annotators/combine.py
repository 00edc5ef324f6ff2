"""Folding the verdicts on a pair into the final word on it: both orders, juries, repeated samples."""

from collections.abc import Sequence
from itertools import combinations

from autoeval.annotators.plan import PlannedPair
from autoeval.types import Annotation, Judgment


def combine(planned: PlannedPair, annotator: str, judgments: Sequence[Judgment]) -> Annotation:
    """Average the judgments on a pair; one of them missing makes the pair missing, never a guess."""
    pair = planned.pair
    if planned.known is not None:
        verdict = planned.known
        known = Judgment(
            annotator, verdict.preference, explanation=verdict.explanation, price=0.0, seconds=0.0
        )
        return Annotation(pair, annotator, planned.known.preference, judgments=(known,))
    missing = next((judgment for judgment in judgments if judgment.preference is None), None)
    if missing is not None:
        return Annotation(pair, annotator, None, missing.failure, tuple(judgments))
    preferences = [judgment.preference for judgment in judgments if judgment.preference is not None]
    return Annotation(pair, annotator, sum(preferences) / len(preferences), judgments=tuple(judgments))


def is_flipped(annotation: Annotation) -> bool | None:
    """Return whether a judge prefers one output in one order and the other one in the other order.

    None where no judge gave verdicts in both orders. A tie in either order is no flip.
    """
    flips = [
        (one.preference - 1.5) * (other.preference - 1.5) < 0
        for one, other in combinations(annotation.judgments, 2)
        if one.annotator == other.annotator
        and {one.is_switched, other.is_switched} == {True, False}
        and one.preference is not None
        and other.preference is not None
    ]
    return any(flips) if flips else None
