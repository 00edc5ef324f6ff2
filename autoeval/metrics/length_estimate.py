"""From a fitted length model to a length-controlled win rate, with a bootstrap for its error."""

import numpy as np

from autoeval.metrics.estimates import Estimate
from autoeval.metrics.intervals import interval
from autoeval.metrics.length_model import Fit, LengthData, LengthModel
from autoeval.metrics.logistic import sigmoid
from autoeval.metrics.observations import Clusters, Floats, cluster_codes
from autoeval.metrics.student import student_quantile

RESAMPLES = 600
FULL = 805
"""Rows that the strength of what is known beforehand was chosen for."""


def length_estimate(
    data: LengthData, fit: Fit, instructions: Clusters, level: float = 0.95, seed: int = 0
) -> tuple[Estimate, LengthModel]:
    """Average the preference predicted at equal length over all rows, missing ones included.

    The standard error is the spread of the same average after refitting to instructions drawn with
    replacement; difficulties, prior, C and s stay, so it is conditional on them.

    What is known beforehand has the strength that is right for the 805 rows of AlpacaEval; fewer rows are pulled more,
    and the value with them. So the interval of fewer is that of the same rows counted so often that they are 805:
    σ(logit(center) ± t(G−1) · error / (center · (1 − center))) around the center that this gives, with its spread.
    On the logit scale it is closer to normal, and the ends stay between 0 and 100. The value is never outside. Where
    all judgments are equal, a bootstrap has nothing to vary, and the interval is widened to that of the raw win rate.

    Args:
        data: the rows, at least one of them judged.
        fit: how to fit them, see `length_model`.
        instructions: of each row.
        level: coverage that the interval aims at.
        seed: of the bootstrap.

    Returns:
        The estimate in percent and the coefficients.
    """
    codes = cluster_codes(instructions)
    beta = fit(np.ones((1, len(codes))), None)
    value = float(data.without_length(beta).mean())
    low, high, error = 0.0, 1.0, float("nan")
    n_instructions = int(codes.max()) + 1
    if n_instructions > 1:
        rng = np.random.default_rng(seed)
        drawn = rng.multinomial(n_instructions, np.full(n_instructions, 1 / n_instructions), size=RESAMPLES)
        weights = drawn[:, codes].astype(np.float64)
        error = float(_refitted(data, fit, weights, beta[0]).std(ddof=1))
        center, spread = value, error
        n_judged = int(np.count_nonzero(~np.isnan(data.shares)))
        if 0 < n_judged < FULL:
            times = FULL / n_judged
            center = float(_refitted(data, fit, np.full((1, len(codes)), times), beta[0])[0])
            spread = float(_refitted(data, fit, times * weights, beta[0]).std(ddof=1))
        reach = student_quantile(n_instructions - 1, level) * max(spread, error)
        low, high = _interval_on_logits(center, reach)
        low, high = min(low, value), max(high, value)
    judged = data.shares[~np.isnan(data.shares)]
    if np.all(judged == judged[0]):
        raw = interval(data.shares + 1, level=level, clusters=codes)
        low, high = min(low, raw.low / 100), max(high, raw.high / 100)
    estimate = Estimate(100 * value, 100 * error, 100 * low, 100 * high, len(judged))
    return estimate, LengthModel(*map(float, beta[0]))


def _refitted(data: LengthData, fit: Fit, weights: Floats, start: Floats) -> Floats:
    """The average predicted preference under each weighting of the rows; shape (B,)."""
    predicted = data.without_length(fit(weights, start))
    return np.asarray((weights * predicted).sum(axis=1) / weights.sum(axis=1))


def _interval_on_logits(value: float, half: float) -> tuple[float, float]:
    """Both ends of an interval that reaches `half` to each side of the value, by the delta method."""
    inside = min(max(value, 1e-12), 1 - 1e-12)
    center, reach = np.log(inside / (1 - inside)), half / (inside * (1 - inside))
    low, high = sigmoid(np.array([center - reach, center + reach]))
    return float(low), float(high)
