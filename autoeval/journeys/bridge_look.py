"""A first look: some of a bridge's pairs go first, so that what cannot stand is refused before all is paid for.

How the judges rank the anchors, and how far a model lies outside their range, can only be known from the new judge's
verdicts. A hundred of them a model are enough to see what is hopeless.
"""

from collections.abc import Sequence

from autoeval.analysis.linking import (
    FARTHEST,
    LEAST_RANK_CORRELATION,
    Anchor,
    Link,
    Rate,
    chance_of_agreement,
    nearest_to,
    rank_correlation,
)
from autoeval.annotators.plan import Plan
from autoeval.runs.paying.sample import SomePairs

FIRST = 100
"""How many pairs of each model go first."""
_HOPELESS = 0.01


def first_plans(plans: Sequence[Plan], is_batch: bool) -> list[Plan]:
    """Return plans for the pairs that go first, spread over all; none where looking would save little.

    A batch job is not split, since each part would take a day, and neither is a prompt that asks about several pairs.
    """
    n_pairs = min((len(plan.cases) for plan in plans), default=0)
    several = any(judge.is_grouped for plan in plans for judge in plan.annotator.judges)
    if is_batch or several or n_pairs < 2 * FIRST:
        return []
    return [
        Plan(plan.annotator, SomePairs(plan.cases, _spread(len(plan.cases))), plan.seed) for plan in plans
    ]


def _spread(n_pairs: int) -> list[int]:
    return [n_pairs * number // FIRST for number in range(FIRST)]


def hopeless_anchors(anchors: Sequence[Anchor], n_pairs: int) -> str | None:
    """Say why a bridge over these anchors would be refused whatever the other pairs say; None where it may stand.

    Args:
        anchors: with their win rates on the pairs that went first.
        n_pairs: of each anchor there are in all.
    """
    if chance_of_agreement(anchors, n_pairs) >= _HOPELESS:
        return None
    return (
        f"on the first {FIRST} pairs the two judges rank the {len(anchors)} anchors so differently (Spearman "
        f"{rank_correlation(anchors):.2f}) that all {n_pairs} would not bring them to {LEAST_RANK_CORRELATION}"
    )


def hopeless_model(link: Link, first: Rate, n_pairs: int) -> str | None:
    """Say why a model would not be placed whatever the other pairs say; None where it may be."""
    share = link.beyond(nearest_to(link, first, n_pairs))
    if share <= FARTHEST:
        return None
    return (
        f"by the new judge it wins {first.win_rate:.1f}% of the first {FIRST} pairs, which lies too far outside the "
        f"anchors' range for all {n_pairs} to bring it within {100 * FARTHEST:.0f}% of it: take anchors nearer to it"
    )
