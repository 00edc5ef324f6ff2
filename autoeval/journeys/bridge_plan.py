"""What a bridge would ask, said before anything is spent: which width for how many anchors and pairs, at what price."""

from collections.abc import Sequence
from dataclasses import dataclass

from autoeval.analysis.linking import expected_width
from autoeval.annotators.plan import Plan
from autoeval.completions.cache import Cache
from autoeval.runs.estimate import DryRun, estimate

SAME_FAMILY = 0.17
ANOTHER_MAKER = 0.40
"""Residuals of links in logits at 805 pairs: the larger one of two variants of GPT-4-turbo, and Claude against GPT-4
(`python -m benchmarks.bridge`)."""
_SIZES = ((5, 8, 12), (100, 200, 400))


@dataclass(frozen=True)
class Offer:
    """What a number of anchors and of pairs buys.

    Widths are those of 95% prediction intervals, in points, where the judges are of one family and where they come
    from different makers; `cost` is in US dollars for asking all anchors anew, None where the price is unknown.
    """

    n_anchors: int
    n_pairs: int
    same_family: float
    another_maker: float
    cost: float | None


def offers(plans: Sequence[Plan], n_available: int, n_board: int) -> list[Offer]:
    """Say how many anchors and pairs give which width at which price; the first offer is the one that was planned."""
    n_pairs = len(plans[0].cases)
    with Cache(None) as empty:
        whole = [estimate(plan, empty).cost for plan in plans]
    known = [cost for cost in whole if cost is not None]
    a_pair = sum(known) / (n_pairs * len(plans)) if len(known) == len(plans) else None
    numbers = sorted({k for k in _SIZES[0] if k <= n_available} | {len(plans)})
    pairs = sorted({n for n in _SIZES[1] if n < n_pairs} | {n_pairs})
    found = [
        Offer(
            k,
            n,
            expected_width(k, n, SAME_FAMILY, n_board),
            expected_width(k, n, ANOTHER_MAKER, n_board),
            None if a_pair is None else a_pair * k * n,
        )
        for k in numbers
        for n in pairs
    ]
    return sorted(found, key=lambda offer: (offer.n_anchors, offer.n_pairs) != (len(plans), n_pairs))


@dataclass(frozen=True)
class BridgePlan:
    """What a bridge would ask: what anchors and pairs buy, the planned offer first, and the plan in numbers."""

    judge: str
    board: str
    anchors: Sequence[str]
    offers: Sequence[Offer]
    dry_run: DryRun


def plan_lines(plan: BridgePlan) -> list[str]:
    """Say what anchors and pairs buy, and what is planned."""
    lines = [
        f"bridge from {plan.judge} to the scale of {plan.board} over {len(plan.anchors)} anchors: "
        f"{', '.join(plan.anchors)}",
        "anchors  pairs each  95% interval, one family  another maker  price of the anchors",
    ]
    for number, offer in enumerate(plan.offers):
        price = "unknown" if offer.cost is None else f"${offer.cost:.2f}"
        lines.append(
            f"{offer.n_anchors:7}  {offer.n_pairs:10}  {offer.same_family:17.1f} points  "
            f"{offer.another_maker:6.1f} points  {price}{'  <- this run' if number == 0 else ''}"
        )
    run = plan.dry_run
    price = "unknown (give --judge_price)" if run.cost is None else f"about ${run.cost:.4f}"
    lines.append(
        f"to ask: {run.n_new} new requests of {run.n_requests} for {run.n_pairs} pairs; cost {price}"
    )
    return lines
