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


def difference(
    first: Sequence[Mapping[str, Any]], second: Sequence[Mapping[str, Any]], unit: float = 100.0
) -> Difference:
    """Compare two runs.

    Args:
        first: heads of the pairs or outputs of one run; several of one instruction are averaged.
        second: those of the other.
        unit: what a preference or score of 1 is in the numbers that are given.
    """
    one, other = _means(first, unit), _means(second, unit)
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


def _means(heads: Sequence[Mapping[str, Any]], unit: float) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for head in heads:
        if (value := head.get("preference", head.get("score"))) is not None:
            found.setdefault(head["key"], []).append(unit * value)
    return {key: sum(values) / len(values) for key, values in found.items()}
