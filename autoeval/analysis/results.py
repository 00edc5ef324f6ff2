"""The shape of a statistic that is not a percentage, and the bootstrap that says how sure it is."""

from dataclasses import dataclass

import numpy as np

from autoeval.metrics.estimates import Estimate
from autoeval.metrics.observations import Floats

RESAMPLES = 2000
_CELLS_AT_ONCE = 4_000_000


@dataclass(frozen=True, slots=True)
class Statistic:
    """A number and how far to trust it, in its own unit (a probability, a coefficient).

    Attributes:
        value: the estimate; NaN where it is not defined.
        standard_error: NaN where it is not defined.
        low: lower end of the 95% interval.
        high: upper end of it.
        n: how many rows, pairs or generators it stands on.
    """

    value: float
    standard_error: float
    low: float
    high: float
    n: int


def as_probability(percent: Estimate) -> Statistic:
    """Turn a percentage into a probability between 0 and 1."""
    return Statistic(
        percent.value / 100, percent.standard_error / 100, percent.low / 100, percent.high / 100, percent.n
    )


def resampled_totals(by_cluster: Floats, seed: int) -> Floats:
    """Add up the rows of G clusters drawn with replacement, RESAMPLES times; (G, k) to (RESAMPLES, k)."""
    n = len(by_cluster)
    rng = np.random.default_rng(seed)
    at_once = max(1, _CELLS_AT_ONCE // n)
    totals = []
    for start in range(0, RESAMPLES, at_once):
        repeats = min(at_once, RESAMPLES - start)
        drawn = rng.integers(n, size=(repeats, n)) + n * np.arange(repeats)[:, None]
        times = np.bincount(drawn.ravel(), minlength=repeats * n).reshape(repeats, n)
        totals.append(times.astype(np.float64) @ by_cluster)
    return np.concatenate(totals)


def from_resamples(value: float, resampled: Floats, n: int) -> Statistic:
    """Give a statistic with the standard deviation and the 2.5 and 97.5% quantiles of its resamples.

    Resamples in which the statistic is not defined (NaN) are left out; where fewer than two are left, its
    standard error and interval are NaN.
    """
    defined = resampled[~np.isnan(resampled)]
    if np.isnan(value) or len(defined) < 2:
        return Statistic(value, float("nan"), float("nan"), float("nan"), n)
    low, high = np.quantile(defined, [0.025, 0.975])
    return Statistic(value, float(defined.std(ddof=1)), float(low), float(high), n)
