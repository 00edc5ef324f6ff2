"""How two series of numbers go together."""

import math
from collections.abc import Sequence

import numpy as np

from autoeval.metrics.estimates import Correlation

_NOISE = 1e-12  # of subtracting a mean from equal numbers, relative to them


def pearson(first: Sequence[float], second: Sequence[float]) -> Correlation:
    """Return Pearson's coefficient.

    Args:
        first: shape (n,).
        second: shape (n,).

    Returns:
        The coefficient; NaN for fewer than three pairs, or where either is the same throughout.
    """
    x, y = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if len(x) < 3:
        return Correlation(math.nan, len(x))
    dx, dy = x - x.mean(), y - y.mean()
    spread = math.sqrt(float(dx @ dx) * float(dy @ dy))
    is_constant = np.ptp(x) <= _NOISE * np.abs(x).max() or np.ptp(y) <= _NOISE * np.abs(y).max()
    value = math.nan if is_constant else min(1.0, max(-1.0, float(dx @ dy) / spread))
    return Correlation(value, len(x))
