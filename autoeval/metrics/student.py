"""Quantiles of Student's t distribution for whole degrees of freedom.

scipy has them too, but loading it takes longer than everything else that a cached run does.
"""

import math
from functools import lru_cache

import numpy as np

_HALVINGS = 60


@lru_cache(maxsize=1024)  # simulations and bridges ask for the same few again and again
def student_quantile(degrees_of_freedom: int, level: float) -> float:
    """Return how many standard errors a Student t interval reaches to each side.

    Args:
        degrees_of_freedom: at least 1.
        level: coverage of the interval, in (0, 1).

    Returns:
        The t with P(|T| <= t) = level, by halving intervals of the angle θ = atan(t/√ν), in which that
        probability is a finite series: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3-4.
    """
    is_odd = degrees_of_freedom % 2
    factors = np.arange(1, (degrees_of_freedom - is_odd) // 2)
    ratios = (2 * factors) / (2 * factors + 1) if is_odd else (2 * factors - 1) / (2 * factors)

    def within(angle: float) -> float:
        """Return P(|T| <= √ν · tan(angle))."""
        series = 1 + float(np.cumprod(ratios * math.cos(angle) ** 2).sum())
        if not is_odd:
            return math.sin(angle) * series
        inner = math.sin(angle) * math.cos(angle) * series if degrees_of_freedom > 1 else 0.0
        return 2 / math.pi * (angle + inner)

    low, high = 0.0, math.pi / 2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if within(middle) < level else (low, middle)
    return math.sqrt(degrees_of_freedom) * math.tan(low)
