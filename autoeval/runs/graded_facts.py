"""A run of scores as its pages say it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from autoeval.leaderboards.aspects import Aspects
from autoeval.runs.counted_facts import ends_of
from autoeval.runs.quantities import Quantity

if TYPE_CHECKING:
    from autoeval.report.graded import GradedFacts, Part


def graded_facts(
    model: str,
    quantities: Mapping[str, Quantity],
    categories: Mapping[str, Quantity],
    failures: Counter[str],
    cautions: Sequence[str],
    judge_description: str,
    settings: Mapping[str, str],
    interval_name: str,
    aspects: Aspects | None = None,
) -> "GradedFacts":
    """Put together what a page says of a run of scores.

    Args:
        model: who was evaluated.
        quantities: what was measured, the headline first.
        categories: the headline by category.
        failures: why scores are missing.
        cautions: what a reader must know first.
        judge_description: of the judge.
        settings: names and values as they are shown; those without a value are left out.
        interval_name: what the intervals are called.
        aspects: what was said of them, where a judge rates some.
    """
    from autoeval.report.graded import AspectFacts, GradedFacts

    correlations = aspects.correlations() if aspects else {}

    (name, headline), *parts = quantities.items()
    return GradedFacts(
        model=model,
        title=name.replace("_", " "),
        score=_part(headline),
        ends=ends_of(headline.scale),
        parts={part: _part(one) for part, one in parts},
        categories={category: _part(one) for category, one in categories.items()},
        failures=dict(failures.most_common()),
        cautions=cautions,
        judge_description=judge_description,
        settings={setting: value for setting, value in settings.items() if value},
        interval_name=interval_name,
        aspects=[
            AspectFacts(one, aspects.n_inapplicable(one), others) for one, others in correlations.items()
        ]
        if aspects
        else (),
    )


def _part(quantity: Quantity) -> "Part":
    from autoeval.report.graded import Part

    return Part(quantity.estimate(), quantity.n_missing)
