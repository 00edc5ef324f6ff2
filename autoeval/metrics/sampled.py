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
_PRIOR_UPSETS = 3.0
_LEAST_UNIT, _LEAST_SPREAD = 1e-6, 0.05
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
    and w = 1/π, the estimate is θ = mean_N(g) + m with m = Σ w e / Σ w. If y is 1 with chance g and 0 otherwise, its
    variance is Σ_N (1 − π)/π · g(1 − g) / N². That is multiplied by a scale: what was observed over what was to be
    expected, Σ (1 − π)w²(e − m)² / Σ (1 − π)w² g(1 − g). A scale from a few upsets is as uncertain as they are, and
    small where they happen to be missing; so beside the Σ g(1 − g) upsets that were to be expected among the judged
    pairs, three count that come as expected. Of a graded judge an upset is smaller: as (y − g)² is g(1 − g) − y(1 − y)
    on average, it is 1 − Σ w y(1 − y) / (Σ w · mean_N g(1 − g)) of one. Where wins are rare, the error is skewed and
    its size depends on the truth. So the variance is taken for that of a share, V = C · θ(1 − θ), and the interval
    holds each θ₀ that (θ − θ₀)² ≤ t² C θ₀(1 − θ₀) is true of (Wilson's, 1927), with Student's t of k − 3 degrees of
    freedom. For instructions like these C is larger by that of N pairs drawn at random.

    Args:
        shares: preference − 1 of each of N pairs, NaN where it was not paid for or could not be judged.
        predicted: predictions of them, in (0, 1), shape (N,).
        chances: of each pair to be in the sample, in (0, 1]; they add up to n. Shape (N,).
        level: coverage that the intervals aim at.

    Returns:
        Both estimates. Their values are not the middles of their intervals, which reach farther towards 50.

    Raises:
        ValueError: fewer than five pairs were judged.
    """
    pairs = np.flatnonzero(~np.isnan(shares))
    k, count = len(pairs), len(shares)
    if k < FEWEST:
        raise ValueError(f"{k} judgments are too few for an interval")
    chances = np.minimum(chances * (k / float(chances.sum())), 1.0)  # some could not be judged
    y, w = shares[pairs], 1 / chances[pairs]
    total = float(w.sum())
    g = recalibrated(predicted, y, w * k / count, pairs)
    g_mean, e = float(g.mean()), y - g[pairs]
    m = float(w @ e) / total
    value = min(max(g_mean + m, 0.0), 1.0)
    unit = max(g_mean * (1 - g_mean), _LEAST_UNIT)

    variances = g * (1 - g)
    graded = float(w @ (y * (1 - y))) / total
    upset = max(1 - graded / max(float(variances.mean()), _LEAST_UNIT), _LEAST_SPREAD)
    factors = (1 - chances[pairs]) * w**2
    observed = float(factors @ (e - m) ** 2) * k / (k - 3)
    expected = float(factors @ variances[pairs])
    upsets = float(variances[pairs].sum())
    scale = (
        (upsets * observed / expected + _PRIOR_UPSETS * upset) / (upsets + _PRIOR_UPSETS) if expected else 1.0
    )
    variance = scale * _error_variance(variances, chances)

    mean = float(w @ y) / total
    s2 = float(w @ (y - mean) ** 2) / total * k / (k - 1)
    spread = (s2 * k + _PRIOR_UPSETS * upset) / (mean * (1 - mean) * k + _PRIOR_UPSETS)
    unexplained = float(w @ (e - m) ** 2) / total * k / (k - 1)
    t = student_quantile(k - 3, level)
    of_these, of_sampling = variance / unit, spread / count
    return SampledWinRate(
        on_these=_estimate(value, of_these, variance, t, k),
        on_like_these=_estimate(value, of_these + of_sampling, variance + s2 / count, t, k),
        n_pairs=count,
        n_paid=k,
        n_effective=1 / (variance / s2 + 1 / count) if s2 > 0 else float(k),
        r_squared=max(0.0, 1 - unexplained / s2) if s2 > 0 else 0.0,
    )


def _error_variance(variances: Floats, chances: Floats) -> float:
    """The variance of a mean of N pairs of which each is judged with its own chance."""
    return float((1 - chances) / chances @ variances) / len(variances) ** 2


def expected_half_width(predicted: Floats, chances: Floats, level: float = 0.95) -> float:
    """How far the interval of `on_these` will reach to each side, in points, if the prediction is calibrated.

    Args:
        predicted: predictions of the preferences − 1, shape (N,).
        chances: of each pair to be in the sample, shape (N,).
        level: coverage that the interval aims at.
    """
    mean = float(predicted.mean())
    unit = max(mean * (1 - mean), _LEAST_UNIT)
    t = student_quantile(max(round(float(chances.sum())) - 3, 1), level)
    low, high = _wilson(mean, _error_variance(predicted * (1 - predicted), chances) / unit, t)
    return 100 * (high - low) / 2


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


def _estimate(value: float, per_unit: float, variance: float, t: float, k: int) -> Estimate:
    low, high = _wilson(value, per_unit, t)
    error = 100 * float(np.sqrt(variance))
    return Estimate(100 * value, error, 100 * min(low, value), 100 * max(high, value), k)


def _wilson(value: float, per_unit: float, t: float) -> tuple[float, float]:
    """Both ends θ of (value − θ)² = t² · per_unit · θ(1 − θ)."""
    q = t**2 * per_unit
    half = float(np.sqrt(q * value * (1 - value) + q**2 / 4))
    return max((value + q / 2 - half) / (1 + q), 0.0), min((value + q / 2 + half) / (1 + q), 1.0)
