"""What judgments on some of the pairs come to."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autoeval.metrics.columns import Cell
from autoeval.metrics.estimates import Estimate
from autoeval.runs.paying.sample import Drawn, SomePairs

if TYPE_CHECKING:
    from autoeval.metrics.sampled import SampledWinRate

_FEWEST_OF_A_SUBSET = 25


@dataclass(frozen=True)
class Paid:
    """A sample of pairs that are to be paid for.

    Attributes:
        pairs: the pairs of the sample.
        drawn: the order of all pairs that they are the beginning of.
        n: how many are paid for.
        subsets: of all pairs.
        avg_length: of the model's outputs on all pairs, in characters.
        interval_name: what the intervals of its judge are called.
        guessing_cost: what the cheap judge's guesses cost, in US dollars.
    """

    pairs: SomePairs
    drawn: Drawn
    n: int
    subsets: tuple[str, ...]
    avg_length: int
    interval_name: str
    guessing_cost: float = 0.0

    @property
    def method(self) -> str:
        """How the pairs were drawn."""
        return self.drawn.method

    @property
    def first(self) -> SomePairs:
        """The pairs that are asked about first: all."""
        return self.pairs

    def store(self, folder: Path) -> None:
        """Keep how the pairs were drawn.

        Raises:
            AutoevalError: it cannot be written.
        """
        self.drawn.store(self.n, folder)

    @property
    def expected_half_width(self) -> float:
        """How far the interval of the win rate on these instructions will probably reach to each side, in points."""
        from autoeval.metrics.sampled import expected_half_width

        return expected_half_width(self.drawn.predicted, self.drawn.sample.chances(self.n))

    def line(self) -> str:
        """Say before asking what is going to be paid for."""
        why = f" ({self.drawn.reason})" if self.drawn.reason else ""
        return (
            f"{self.n} of {len(self.drawn.predicted)} pairs, {self.method}{why}; expect the win rate on these "
            f"{len(self.drawn.predicted)} instructions within about ±{self.expected_half_width:.1f} points"
        )

    def result(self, preferences: Sequence[float], cost: float = math.nan) -> "PaidResult | None":
        """Estimate the win rate from the preferences of the sample, NaN where one is missing; None from too few.

        Args:
            preferences: of the sample's pairs.
            cost: of the replies behind them in US dollars, NaN where a price is unknown.
        """
        import numpy as np

        from autoeval.metrics.sampled import FEWEST, sampled_win_rate

        shares = np.full(len(self.drawn.predicted), np.nan)
        shares[list(self.pairs.chosen)] = np.asarray(preferences, dtype=np.float64) - 1
        judged, chances = ~np.isnan(shares), self.drawn.sample.chances(self.n)
        if np.count_nonzero(judged) < FEWEST:
            return None
        by_subset = {}
        for name in sorted(set(self.subsets)) if len(set(self.subsets)) > 1 else ():
            part = np.array([subset == name for subset in self.subsets])
            if np.count_nonzero(judged & part) >= _FEWEST_OF_A_SUBSET:
                by_subset[name] = sampled_win_rate(shares[part], self.drawn.predicted[part], chances[part])
        found = sampled_win_rate(shares, self.drawn.predicted, chances)
        everything = cost / self.n * len(shares)
        return PaidResult(
            found,
            by_subset,
            self.method,
            self.drawn.reason,
            self.avg_length,
            cost=cost + self.guessing_cost,
            cost_of_all=everything,
            interval_name=self.interval_name,
        )


@dataclass(frozen=True)
class PaidResult:
    """What the judgments that were paid for say; `by_subset` has the subsets with enough of them.

    `cost` is that of all replies behind it in US dollars, `cost_of_all` about what judging all pairs would cost; NaN
    where a price is unknown.
    """

    found: "SampledWinRate"
    by_subset: "Mapping[str, SampledWinRate]"
    method: str
    reason: str
    avg_length: int
    interval_name: str
    cost: float = math.nan
    cost_of_all: float = math.nan

    @property
    def n_pairs(self) -> int:
        """How many pairs there are."""
        return self.found.n_pairs

    @property
    def estimate(self) -> Estimate:
        """The win rate that judging all pairs would give."""
        return self.found.on_these

    @property
    def lines(self) -> list[str]:
        """Say it: both populations by name, and what the prediction saved."""
        found = self.found
        saved = round(found.n_effective) - found.n_paid
        worth = f"as sure as {found.n_effective:.0f} pairs drawn at random"
        lines = [
            f"win rate on these {found.n_pairs} instructions: {self._said(found.on_these)}",
            f"win rate on instructions like these: {self._said(found.on_like_these)}",
            f"{found.n_paid} judgments, {self.method}: {worth}"
            + (f" ({saved} judgments saved)" if saved > 0 else "")
            + f", R² of the prediction {found.r_squared:.2f}"
            + (f"; {self.reason}" if self.reason else ""),
        ]
        if self.cost_of_all > self.cost:
            lines.append(
                f"the judgments cost ${self.cost:.4g}; all of them would cost about ${self.cost_of_all:.4g}"
            )
        return lines + [
            f"  {name or '(none)'}: {self._said(part.on_these)}, {part.n_paid} of {part.n_pairs} pairs"
            for name, part in self.by_subset.items()
        ]

    @property
    def in_short(self) -> str:
        """Say both populations in one line."""
        found = self.found
        return (
            f"{self._said(found.on_these)} on these {found.n_pairs} instructions, "
            f"{self._said(found.on_like_these)} on instructions like these, from {found.n_paid} judgments"
        )

    def cells(self) -> dict[str, Cell]:
        """The cells of the leaderboard row that differ from those of a full run; what a sample cannot tell is empty."""
        these = self.found.on_these
        return {
            "win_rate": these.value,
            "standard_error": these.standard_error,
            "low": these.low,
            "high": these.high,
            "n_wins": None,
            "n_wins_base": None,
            "n_draws": None,
            "discrete_win_rate": None,
            "flip_rate": None,
            "avg_length": self.avg_length,
            "n_paid": self.found.n_paid,
            "method": self.method,
        }

    def facts(self) -> dict[str, Any]:
        """What run.json says of it."""
        return {"method": self.method, "reason": self.reason, **asdict(self.found)}

    def _said(self, estimate: Estimate) -> str:
        return f"{estimate.value:.1f}% ({self.interval_name} {estimate.low:.1f}–{estimate.high:.1f})"
