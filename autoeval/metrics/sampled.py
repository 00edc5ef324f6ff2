"""A win rate from judgments on some of its pairs, with a prediction for all of them.

The prediction takes variance out and never decides: a wrong one makes the interval wider, not the estimate
biased, because what it gets wrong is measured on the pairs that were paid for (a difference estimator, Särndal,
Swensson and Wretman, "Model assisted survey sampling", 1992; with a fitted prediction, prediction-powered
inference).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from autoeval.metrics.estimates import Estimate
from autoeval.metrics.logistic import sigmoid
from autoeval.metrics.observations import Floats
from autoeval.metrics.student import student_quantile

FEWEST = 5
_GUARD = np.array([0.0, 0.0, 1.0, 1.0])
_SHIFT_PRECISION, _SLOPE_PRECISION = 0.1, 4.0
_FLATTEST, _STEEPEST = 0.2, 2.5
_ROUNDS = 25
_CLIP = 1e-6


@dataclass(frozen=True, slots=True)
class SampledWinRate:
    """What a sample says of two populations, in percent.

    Attributes:
        on_these: the win rate that judging all N pairs would give.
        on_like_these: the win rate over instructions like them, of which the N are a random sample.
        n_pairs: N.
        n_paid: how many judgments it is made of.
        n_effective: how many pairs drawn evenly, without a prediction, would say as much about `on_these`.
        r_squared: share of the preferences' variance that the recalibrated prediction explains, on the sample.
    """

    on_these: Estimate
    on_like_these: Estimate
    n_pairs: int
    n_paid: int
    n_effective: float
    r_squared: float


def sampled_win_rate(
    shares: Floats, predicted: Floats, chances: Floats, level: float = 0.95
) -> SampledWinRate:
    """Estimate a win rate from a sample with known chances.

    The prediction f is recalibrated on what was paid: g = σ(a + b · logit f). With e = y − g on the k judged pairs
    and w = 1/π, the estimate is θ = mean_N(g) + Σ w e / Σ w. A guard of two losses and two wins, each of weight
    N/n, gives the interval width where all residuals are equal; it tapers off with 1 − n/N (its variance with
    the square), as nothing is left to guard against where all is known. Student's t with k − 3 degrees of freedom.

    Args:
        shares: preference − 1 of each of N pairs, NaN where it was not paid for or could not be judged.
        predicted: predictions of them, in (0, 1), shape (N,).
        chances: of each pair to be in the sample, in (0, 1]; they add up to n. Shape (N,).
        level: coverage that the intervals aim at.

    Returns:
        Both estimates. Their values are not the middles of their intervals, which the guard pulls to 50.

    Raises:
        ValueError: fewer than five pairs were judged.
    """
    pairs = np.flatnonzero(~np.isnan(shares))
    k, n, count = len(pairs), float(chances.sum()), len(shares)
    if k < FEWEST:
        raise ValueError(f"{k} judgments are too few for an interval")
    y, w = shares[pairs], 1 / chances[pairs]
    factors = (1 - chances[pairs]) * w**2
    total, taper = float(w.sum()), 1 - n / count
    g = recalibrated(predicted, y, w * n / count, pairs)
    g_mean, e = float(g.mean()), y - g[pairs]
    m = float(w @ e) / total

    guard, weight = _GUARD - g_mean, count / n
    guarded_total = total + 4 * weight
    m4 = (float(w @ e) + weight * float(guard.sum())) / guarded_total
    squares = float(factors @ (e - m4) ** 2) + taper**2 * weight**2 * float(((guard - m4) ** 2).sum())
    variance = (k + 4) / (k + 1) * squares / guarded_total**2

    mean = float(w @ y) / total
    s2 = float(w @ (y - mean) ** 2) / total * k / (k - 1)
    t = student_quantile(k - 3, level)
    plain = float(factors @ (e - m) ** 2) / total**2 * k / (k - 3)
    unexplained = float(w @ (e - m) ** 2) / total * k / (k - 1)
    return SampledWinRate(
        on_these=_estimate(g_mean + m, g_mean + m + taper * (m4 - m), variance, t, k),
        on_like_these=_estimate(g_mean + m, g_mean + m4, variance + s2 / count, t, k),
        n_pairs=count,
        n_paid=k,
        n_effective=1 / (plain / s2 + 1 / count) if s2 > 0 else float(k),
        r_squared=max(0.0, 1 - unexplained / s2) if s2 > 0 else 0.0,
    )


def expected_half_width(predicted: Floats, chances: Floats, level: float = 0.95) -> float:
    """How far the interval of `on_these` will reach to each side, in points, if the prediction is calibrated.

    Args:
        predicted: predictions of the preferences − 1, shape (N,).
        chances: of each pair to be in the sample, shape (N,).
        level: coverage that the interval aims at.
    """
    n, count = float(chances.sum()), len(predicted)
    taper, weight = 1 - n / count, count / n
    squares = float((1 - chances) / chances @ (predicted * (1 - predicted))) + taper**2 * weight**2
    variance = (n + 4) / (n + 1) * squares / (count + 4 * weight) ** 2
    return 100 * student_quantile(max(round(n) - 3, 1), level) * float(np.sqrt(variance))


def recalibrated(predicted: Floats, y: Floats, weights: Floats, pairs: npt.NDArray[np.intp]) -> Floats:
    """Return g = σ(a + b · logit f) for all pairs, fitted to the paid ones.

    Log loss with Gaussian priors: a around 0 with precision .1, b around 1 with precision 4, kept in [.2, 2.5].

    Args:
        predicted: f of all N pairs.
        y: preference − 1 of the paid ones.
        weights: of the paid ones, about their number in sum.
        pairs: which ones they are.
    """
    clipped = np.clip(predicted, _CLIP, 1 - _CLIP)
    logit = np.log(clipped / (1 - clipped))
    z = logit[pairs]
    a, b = 0.0, 1.0
    for _ in range(_ROUNDS):
        p = sigmoid(a + b * z)
        error, curvature = weights * (p - y), weights * p * (1 - p)
        slope_a = float(error.sum()) + _SHIFT_PRECISION * a
        slope_b = float(error @ z) + _SLOPE_PRECISION * (b - 1)
        aa = float(curvature.sum()) + _SHIFT_PRECISION
        ab = float(curvature @ z)
        bb = float(curvature @ z**2) + _SLOPE_PRECISION
        determinant = aa * bb - ab**2
        step_a = (bb * slope_a - ab * slope_b) / determinant
        step_b = (aa * slope_b - ab * slope_a) / determinant
        if (b == _FLATTEST and step_b > 0) or (b == _STEEPEST and step_b < 0):
            step_a, step_b = slope_a / aa, 0.0
        limit = max(abs(step_a), abs(step_b), 1.0)  # at most 1 a round, so that it cannot overshoot
        moved = min(max(b - step_b / limit, _FLATTEST), _STEEPEST)
        is_settled = max(abs(step_a), abs(moved - b)) < 1e-8
        a, b = a - step_a / limit, moved
        if is_settled:
            break
    return sigmoid(a + b * logit)


def _estimate(value: float, center: float, variance: float, t: float, k: int) -> Estimate:
    error = float(np.sqrt(variance))
    low, high = max(center - t * error, 0.0), min(center + t * error, 1.0)
    return Estimate(100 * value, 100 * error, 100 * min(low, value), 100 * max(high, value), k)
