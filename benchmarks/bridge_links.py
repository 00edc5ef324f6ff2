"""Links that were tried in place of the least-squares line; see `benchmarks.bridge --links`.

Each takes the anchors' logits by the new judge and by the old one, and gives intercept and slope. All get the same
interval: Student's t with k − 2 degrees of freedom and the residual around the link.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from autoeval.analysis.linking import Anchor, log_odds
from autoeval.metrics.observations import Floats
from autoeval.metrics.student import student_quantile

Line = Callable[[Floats, Floats], tuple[float, float]]
_MISS = 2 / 0.05
"""What the interval score adds a point outside a 95% interval."""


def least_squares(x: Floats, y: Floats) -> tuple[float, float]:
    """Fit the line that is in use."""
    slope, intercept = np.polyfit(x, y, 1)
    return float(intercept), float(slope)


def difference(x: Floats, y: Floats) -> tuple[float, float]:
    """Shift the new scale; its slope is 1."""
    return float((y - x).mean()), 1.0


def theil_sen(x: Floats, y: Floats) -> tuple[float, float]:
    """Take the median of all pairs' slopes, and the median intercept."""
    i, j = np.triu_indices(len(x), 1)
    apart = x[i] != x[j]
    slope = float(np.median((y[j] - y[i])[apart] / (x[j] - x[i])[apart]))
    return float(np.median(y - slope * x)), slope


def huber(x: Floats, y: Floats) -> tuple[float, float]:
    """Give anchors far from the line less weight (Huber's, at 1.345 standard deviations)."""
    intercept, slope = least_squares(x, y)
    for _ in range(30):
        residuals = np.abs(y - intercept - slope * x)
        scale = np.median(residuals) / 0.6745 + 1e-9
        weights = np.minimum(1, 1.345 / np.maximum(residuals / scale, 1e-9))
        slope, intercept = np.polyfit(x, y, 1, w=np.sqrt(weights))
    return float(intercept), float(slope)


def shrunk(strength: float) -> Line:
    """Draw the slope towards 1, as if anchors with slope 1 and this spread were known before."""

    def fit(x: Floats, y: Floats) -> tuple[float, float]:
        centred = x - x.mean()
        slope = float((centred @ (y - y.mean()) + strength) / (centred @ centred + strength))
        return float(y.mean()) - slope * float(x.mean()), slope

    return fit


LINKS: Mapping[str, Line] = {
    "least squares": least_squares,
    "difference": difference,
    "Theil-Sen": theil_sen,
    "Huber": huber,
    "slope shrunk by .5": shrunk(0.5),
    "slope shrunk by 2": shrunk(2.0),
}


def left_out_errors(models: Sequence[Anchor], line: Line) -> tuple[float, float]:
    """Place each model by the link of the others; returns the mean error and the mean interval score, in points."""
    x = np.array([log_odds(model.new.win_rate, model.new.n) for model in models])
    y = np.array([log_odds(model.old.win_rate, model.old.n) for model in models])
    errors, scores = [], []
    for i, model in enumerate(models):
        low, middle, high = 100 / (1 + np.exp(-_placed(np.delete(x, i), np.delete(y, i), x[i], line)))
        truth = model.old.win_rate
        errors.append(abs(middle - truth))
        scores.append(high - low + _MISS * (max(low - truth, 0) + max(truth - high, 0)))
    return float(np.mean(errors)), float(np.mean(scores))


def _placed(x: Floats, y: Floats, at: float, line: Line) -> Floats:
    """Return the ends and the middle of a prediction interval, in logits: low, middle, high."""
    intercept, slope = line(x, y)
    k = len(x)
    residual = np.sqrt(((y - intercept - slope * x) ** 2).sum() / (k - 2))
    distance = (at - x.mean()) ** 2 / ((x - x.mean()) ** 2).sum()
    reach = student_quantile(k - 2, 0.95) * residual * np.sqrt(1 + 1 / k + distance)
    return np.array([-reach, 0.0, reach]) + intercept + slope * at
