"""The report's page: charts and tables drawn here, pairs packed for its script."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autoeval.pages import charts
from autoeval.pages.charts import Interval
from autoeval.pages.document import PAIR_BROWSER, fragment, packed, render
from autoeval.report.facts import Facts, LengthGroup

_HERE = Path(__file__).parent
_TEMPLATE, _FACTS = _HERE / "report.html.jinja", _HERE / "facts.html.jinja"
SCRIPTS = (*PAIR_BROWSER, _HERE / "report.js")
_STEPS = 5


def report_page(facts: Facts, entries: Sequence[dict[str, Any]], digest: str) -> str:
    """Make the page of a run.

    Args:
        facts: the run in numbers.
        entries: its pairs, from `pairs.entries`.
        digest: written into the page, so that a later run knows whether the page is still true.
    """
    pairs = {"model": facts.model, "reference": facts.reference, "pairs": entries}
    return render(
        _TEMPLATE,
        SCRIPTS,
        digest=digest,
        **_drawn(facts),
        is_rendered=False,
        takes_scores=False,
        has_people=any("people" in entry for entry in entries),
        n_shown=len(entries),
        data=packed(pairs),
    )


def facts_fragment(facts: Facts) -> str:
    """Make the part of a page that says what a run came to, without its pairs."""
    return fragment(_FACTS, **_drawn(facts))


def _drawn(facts: Facts) -> dict[str, Any]:
    """Draw the charts of a run."""
    return {
        "facts": facts,
        "n_pairs": len(facts.preferences),
        "overall": charts.intervals(
            f"Win rate {facts.rate.win_rate:.1f}%, {facts.interval_name} {facts.low:.1f} to {facts.high:.1f}%",
            [Interval("", facts.rate.win_rate, facts.low, facts.high)],
            width=640,
        ),
        "subsets": charts.intervals(
            f"Win rate by subset ({facts.interval_name})",
            [Interval(name, rate.win_rate, rate.low, rate.high) for name, rate in facts.by_subset.items()],
        )
        if facts.by_subset
        else None,
        "preferences": _preference_chart(facts) if _is_graded(facts) else None,
        "lengths": _length_chart(facts.length.groups),
    }


def _is_graded(facts: Facts) -> bool:
    """Whether preferences are more than wins, losses and ties."""
    return len(np.unique(facts.preferences[~np.isnan(facts.preferences)])) > 3


def _preference_chart(facts: Facts) -> Any:
    shares = 100 * (facts.preferences[~np.isnan(facts.preferences)] - 1)
    counts, edges = np.histogram(shares, bins=_STEPS, range=(0, 100))
    bars = {f"{edges[i]:.0f}–{edges[i + 1]:.0f}": float(count) for i, count in enumerate(counts)}
    return charts.columns(
        "How many pairs got which preference",
        bars,
        "0 = reference preferred, 100 = model preferred",
        "pairs",
    )


def _length_chart(groups: Sequence[LengthGroup]) -> Any:
    rows = [
        Interval(
            f"{(group.shortest + group.longest) / 2:+,.0f}",
            group.rate.win_rate,
            group.rate.low,
            group.rate.high,
        )
        for group in groups
    ]
    title = "Win rate in five groups of pairs by length difference"
    return charts.interval_columns(title, rows, "characters more than the reference", "win rate, %")
