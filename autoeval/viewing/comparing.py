"""Two runs on the instructions that both were judged on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np

_NOISE = 1e-9  # of adding up floats


@dataclass(frozen=True)
class Difference:
    """The win rate of one run (or mean score) minus that of another on their shared instructions, in points.

    `low` and `high` are the ends of the 95% t interval of the paired differences (as `compare` has it); NaN for
    fewer than two instructions and where all differences are equal.
    """

    value: float
    low: float
    high: float
    n: int


def difference(first: Sequence[Mapping[str, Any]], second: Sequence[Mapping[str, Any]]) -> Difference:
    """Compare two runs.

    Args:
        first: heads of the pairs of one run; several of one instruction are averaged.
        second: those of the other.
    """
    one, other = _means(first), _means(second)
    differences = np.array([one[key] - other[key] for key in one if key in other])
    n = len(differences)
    if n == 0:
        return Difference(nan, nan, nan, 0)
    mean = float(differences.mean())
    error = float(differences.std(ddof=1)) / n**0.5 if n > 1 else 0.0
    if error <= _NOISE:
        return Difference(mean, nan, nan, n)
    from scipy.special import stdtrit

    half = float(stdtrit(n - 1, 0.975)) * error
    return Difference(mean, mean - half, mean + half, n)


def _means(heads: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for head in heads:
        if "preference" in head:
            found.setdefault(head["key"], []).append(100 * head["preference"])
        elif "score" in head:
            found.setdefault(head["key"], []).append(head["score"])
    return {key: sum(values) / len(values) for key, values in found.items()}
