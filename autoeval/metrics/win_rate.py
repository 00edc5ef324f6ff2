"""How often one model's output is preferred to another's."""

from dataclasses import dataclass

import numpy as np

from autoeval.metrics.intervals import interval
from autoeval.metrics.observations import Clusters, Preferences, clean_preferences


@dataclass(frozen=True, slots=True)
class WinRate:
    """A model's win rate against its reference; rates and errors in percent.

    Attributes:
        win_rate: 100 · mean(preference − 1) over what was judged; NaN where nothing was.
        standard_error: 100 · s/√n with the n−1 variance; clustered by instruction where clusters were
            given; NaN for fewer than two observations.
        n_wins: preferences above 1.5.
        n_wins_base: preferences below 1.5.
        n_draws: preferences of exactly 1.5.
        n_total: how many were judged.
        n_missing: how many were not; they are in none of the other numbers.
        discrete_win_rate: the same rate with each preference rounded to a win, a loss or a draw.
        low: lower end of the 95% interval (Student t after two losses and two wins are added).
        high: upper end of that interval.
    """

    win_rate: float
    standard_error: float
    n_wins: int
    n_wins_base: int
    n_draws: int
    n_total: int
    n_missing: int
    discrete_win_rate: float
    low: float
    high: float

    @property
    def value(self) -> float:
        """The win rate, under the name that every estimate has."""
        return self.win_rate

    @property
    def n(self) -> int:
        """How many rows were judged, under the name that every estimate has."""
        return self.n_total


def win_rate(preferences: Preferences, clusters: Clusters | None = None) -> WinRate:
    """Compute a win rate, its standard error and the counts behind it.

    Args:
        preferences: one number in [1, 2] a pair: 1 = the reference is better, 2 = the model is, 1.5 = draw
            (0 is an old spelling of it), NaN or None = missing; shape (n,).
        clusters: the instruction of each row, where one instruction has several rows; the standard error
            and the interval then take instructions as the independent observations (CR1).

    Returns:
        The win rate. Nothing judged: NaN with an interval of 0 to 100.

    Raises:
        ValueError: a preference lies outside [1, 2].
    """
    cleaned = clean_preferences(preferences)
    judged = cleaned[~np.isnan(cleaned)]
    estimate = interval(cleaned, clusters=clusters)
    wins, losses = int((judged > 1.5).sum()), int((judged < 1.5).sum())
    draws = len(judged) - wins - losses
    return WinRate(
        win_rate=estimate.value,
        standard_error=estimate.standard_error,
        n_wins=wins,
        n_wins_base=losses,
        n_draws=draws,
        n_total=len(judged),
        n_missing=len(cleaned) - len(judged),
        discrete_win_rate=100 * (wins + draws / 2) / len(judged) if len(judged) else float("nan"),
        low=estimate.low,
        high=estimate.high,
    )
