"""From a fitted length model to a length-controlled win rate, with a bootstrap for its error."""

import numpy as np

from autoeval.metrics.estimates import Estimate
from autoeval.metrics.intervals import interval
from autoeval.metrics.length_model import Fit, LengthData, LengthModel
from autoeval.metrics.logistic import sigmoid
from autoeval.metrics.observations import Clusters, Floats, cluster_codes
from autoeval.metrics.student import student_quantile

RESAMPLES = 600


def length_estimate(
    data: LengthData, fit: Fit, instructions: Clusters, level: float = 0.95, seed: int = 0
) -> tuple[Estimate, LengthModel]:
    """Average the preference predicted at equal length over all rows, missing ones included.

    The standard error is the spread of the same average after refitting to instructions drawn with
    replacement; difficulties, prior, C and s stay, so it is conditional on them. The interval is
    σ(logit(value) ± t(G−1) · standard error / (value · (1 − value))): on the logit scale the estimate is
    closer to normal, and the ends stay between 0 and 100. Where all judgments are equal, a bootstrap has
    nothing to vary, and the interval is widened to that of the raw win rate.

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
        error = float(_refitted(data, fit, drawn[:, codes].astype(np.float64), beta[0]).std(ddof=1))
        low, high = _interval_on_logits(value, student_quantile(n_instructions - 1, level) * error)
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
