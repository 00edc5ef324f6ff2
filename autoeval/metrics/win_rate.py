"""How often one model's output is preferred to another's."""

import numpy as np
import numpy.typing as npt

from autoeval.metrics.estimates import WinRate
from autoeval.metrics.intervals import interval
from autoeval.metrics.observations import Clusters, Preferences, clean_preferences


def win_rate(
    preferences: Preferences, clusters: Clusters | None = None, weights: npt.ArrayLike | None = None
) -> WinRate:
    """Compute a win rate, its standard error and the counts behind it.

    Args:
        preferences: one number in [1, 2] a pair: 1 = the reference is better, 2 = the model is, 1.5 = draw
            (0 is an old spelling of it), NaN or None = missing; shape (n,).
        clusters: the instruction of each row, where one instruction has several rows; the standard error
            and the interval then take instructions as the independent observations (CR1).
        weights: how many times each row counts in the win rate and its interval; shape (n,). Wins are rows.

    Returns:
        The win rate. Nothing judged: NaN with an interval of 0 to 100.

    Raises:
        ValueError: a preference lies outside [1, 2].
    """
    cleaned = clean_preferences(preferences)
    judged = cleaned[~np.isnan(cleaned)]
    estimate = interval(cleaned, clusters=clusters, weights=weights)
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
