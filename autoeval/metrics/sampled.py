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
_PRIOR_UPSETS = 0.06
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
    variance is Σ_N o v / N² with the odds o = (1 − π)/π and v = g(1 − g). That is multiplied by a scale: what was
    observed over what was to be expected, Σ c(e − m)² / Σ c v with c = (1 − π)w². A scale from a few upsets is as
    uncertain as they are, and small where they happen to be missing. Those that count are u = (Σ c v)² / Σ c²v. Of a
    graded judge an upset is smaller: as (y − g)² is v − y(1 − y) on average, it is
    φ = 1 − Σ w y(1 − y) / (Σ w · mean_N v) of one, and says more of the scale. So beside u/φ² upsets .06 of one count
    that come as expected.

    Where wins or losses are rare, the error is skewed and its size depends on the truth, so the interval is not
    θ ± t√V: it holds each θ₀ that (θ − θ₀)² ≤ t² V(θ₀) is true of, as Wilson's does (1927). What is not known lies in
    the pairs that could be left out, and one upset more among them adds its odds, Σ o²v / Σ o v on average, times 1/N
    to V. So towards 50 V grows by (1 − 2θ) times that and the size of an upset among such pairs,
    Σ c(e − m)² / Σ c[(e − m)² + y(1 − y)], 1 of a judge that says win or loss however few upsets were seen; away from
    50 it shrinks as it would if all upsets were rarer alike, by the scale. Then it is moved by
    −√φ · (t² − 1)/6 of the ratio of the sampling error's third moment to its second (Cornish and Fisher 1938; for a
    plain sample both together are the center of Cai's second-order interval, 2005). t is Student's of k − 3 degrees of
    freedom. What was paid for is known, so neither the estimate nor the interval of `on_these` goes beyond what the
    others can make of it, all lost or all won. For instructions like these the variance is larger by that of N pairs
    drawn at random.

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
    known = float(y.sum()) / count, (float(y.sum()) + count - k) / count
    value = min(max(g_mean + m, known[0]), known[1])
    variances = g * (1 - g)
    mean_variance = max(float(variances.mean()), _LEAST_UNIT)
    graded = float(w @ (y * (1 - y))) / total
    upset = max(1 - graded / mean_variance, _LEAST_SPREAD)
    factors = (1 - chances[pairs]) * w**2
    graded_among = float(factors @ (y * (1 - y)))
    squared, expected = float(factors @ (e - m) ** 2), float(factors @ variances[pairs])
    one_upset = float(factors**2 @ variances[pairs]) / expected if expected else 1.0
    counted = expected / one_upset / upset**2
    ratio = squared * k / (k - 3) / expected if expected else 1.0
    scale = (counted * ratio + _PRIOR_UPSETS * upset) / (counted + _PRIOR_UPSETS)
    prior = _PRIOR_UPSETS * one_upset
    size = (squared + prior * upset) / (squared + graded_among + prior)
    t = student_quantile(k - 3, level)
    of_model = _Moments.of(g, chances)
    variance = scale * of_model.second
    slope, skew = (1 - 2 * value) * of_model.growth, upset**0.5 * of_model.skew
    these = _Error(variance, slope * size, slope * scale, skew)

    mean = float(w @ y) / total
    s2 = float(w @ (y - mean) ** 2) / total * k / (k - 1)
    spread = (s2 * k + _PRIOR_UPSETS * upset) / (mean * (1 - mean) * k + _PRIOR_UPSETS) / count
    widened = (1 - 2 * value) * spread
    like_these = _Error(
        variance + spread * value * (1 - value), these.inwards + widened, these.outwards + widened, skew
    )
    unexplained = float(w @ (e - m) ** 2) / total * k / (k - 1)
    return SampledWinRate(
        on_these=_estimate(value, _within(these.interval(value, g_mean, t), known), variance, k),
        on_like_these=_estimate(value, like_these.interval(value, g_mean, t), variance + s2 / count, k),
        n_pairs=count,
        n_paid=k,
        n_effective=1 / (variance / s2 + 1 / count) if s2 > 0 else float(k),
        r_squared=max(0.0, 1 - unexplained / s2) if s2 > 0 else 0.0,
    )


@dataclass(frozen=True, slots=True)
class _Error:
    """The error of an estimate θ.

    Attributes:
        variance: V.
        inwards: dV/dθ₀ from θ towards .5.
        outwards: dV/dθ₀ from θ away from .5.
        skew: its third moment over its second.
    """

    variance: float
    inwards: float
    outwards: float
    skew: float

    def interval(self, value: float, mean: float, t: float) -> tuple[float, float]:
        """Both ends: θ₀ of (θ − θ₀)² = t² [V + V'(θ₀ − θ) − V/(ḡ(1 − ḡ)) · (θ₀ − θ)²], moved by the skew.

        Args:
            value: the estimate θ.
            mean: of the predictions, ḡ.
            t: how many standard errors it reaches.
        """
        narrowed = 1 + t**2 * self.variance / max(mean * (1 - mean), _LEAST_UNIT)
        moved = -self.skew * (t**2 - 1) / 6
        growths = (self.outwards, self.inwards) if value < 0.5 else (self.inwards, self.outwards)
        towards = t**2 * np.array(growths) / 2
        half = np.sqrt(towards**2 + narrowed * t**2 * self.variance)
        low, high = (value + moved + (towards + np.array([-1, 1]) * half) / narrowed).tolist()
        return max(min(low, value), 0.0), min(max(high, value), 1.0)


@dataclass(frozen=True, slots=True)
class _Moments:
    """The error of a mean of N pairs, each won with chance g and judged with chance π, by both.

    With I = 1 where a pair is judged it is the mean of (I/π − 1)(y − g).

    Attributes:
        second: its variance, of which each pair brings (1 − π)/π · g(1 − g) / N².
        growth: by how much that grows with the mean where losses are rare and more of the pairs in question are won.
        skew: its third moment, of which each pair brings (1 − π)(1 − 2π)/π² · g(1 − g)(1 − 2g) / N³, over its second.
    """

    second: float
    growth: float
    skew: float

    @classmethod
    def of(cls, g: Floats, chances: Floats) -> "_Moments":
        """Sum them up over pairs, shape (N,)."""
        count, odds = len(g), (1 - chances) / chances
        parts = odds * g * (1 - g)
        total = float(parts.sum())
        if total <= 0:
            return cls(0.0, 0.0, 0.0)
        third = float((1 - 2 * chances) / chances * (1 - 2 * g) @ parts)
        return cls(total / count**2, float(odds @ parts) / total / count, third / total / count)


def _within(ends: tuple[float, float], known: tuple[float, float]) -> tuple[float, float]:
    """Cut an interval to what is possible."""
    return max(ends[0], known[0]), min(ends[1], known[1])


def expected_half_width(predicted: Floats, chances: Floats, level: float = 0.95) -> float:
    """How far the interval of `on_these` will reach to each side, in points, if the prediction is calibrated.

    Args:
        predicted: predictions of the preferences − 1, shape (N,).
        chances: of each pair to be in the sample, shape (N,).
        level: coverage that the interval aims at.
    """
    mean = float(predicted.mean())
    moments = _Moments.of(predicted, chances)
    growth = (1 - 2 * mean) * moments.growth
    t = student_quantile(max(round(float(chances.sum())) - 3, 1), level)
    low, high = _Error(moments.second, growth, growth, 0.0).interval(mean, mean, t)
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


def _estimate(value: float, ends: tuple[float, float], variance: float, k: int) -> Estimate:
    return Estimate(100 * value, 100 * float(np.sqrt(variance)), 100 * ends[0], 100 * ends[1], k)
