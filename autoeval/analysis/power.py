"""How many instructions it takes to tell two models apart, and what a given number can show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from autoeval.analysis.scores import model_scores
from autoeval.metrics.observations import Floats

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class InstructionsNeeded:
    """What it takes to see a difference as large as the one observed.

    Attributes:
        value: instructions needed; infinite where the models do not differ.
        difference: between the two win rates, first minus second, in points.
        standard_deviation: of the difference on one instruction, in points.
        available: how many instructions both models were judged on.
        minimum_detectable: the smallest difference that so many show, in points.
        alpha: level of the two-sided test.
        power: chance of seeing the difference.
    """

    value: float
    difference: float
    standard_deviation: float
    available: int
    minimum_detectable: float
    alpha: float
    power: float

    def __str__(self) -> str:
        """Give the number, or say that the set has fewer and what difference it can show."""
        if self.value <= self.available:
            return f"{int(np.ceil(self.value))}"
        return f"> {self.available} (which show {self.minimum_detectable:.1f} points or more)"


def instructions_needed(
    first: pd.DataFrame, second: pd.DataFrame, alpha: float = 0.05, power: float = 0.8
) -> InstructionsNeeded:
    """Say how many instructions a paired comparison of two models needs.

    n = (z_{1−α/2} + z_{1−β})² σ_d² / δ², with δ the observed difference and σ_d the standard deviation of the
    paired differences (for instance Chow, Shao and Wang, "Sample Size Calculations in Clinical Research",
    2008, 3.1). Solved for δ at the n at hand, it is the minimum detectable difference. As δ is itself an
    estimate, so is n.

    Args:
        first: one model's annotations.
        second: the other's, against the same reference.
        alpha: level of the two-sided test.
        power: 1 − β, the chance of finding the difference.

    Raises:
        UsageError: a missing column, a preference outside [1, 2], or different references.
    """
    import pandas as pd

    scores = model_scores(pd.concat([named(first, "first"), named(second, "second")]))
    place = scores.models.index("first")
    difference = 100 * (scores.values[:, place] - scores.values[:, 1 - place])
    paired = difference[~np.isnan(difference)]
    n = len(paired)
    mean = float(paired.mean()) if n else float("nan")
    spread = float(paired.std(ddof=1)) if n > 1 else float("nan")
    return InstructionsNeeded(
        value=float(required(spread, mean, alpha, power)),
        difference=mean,
        standard_deviation=spread,
        available=n,
        minimum_detectable=float(detectable(spread, n, alpha, power)),
        alpha=alpha,
        power=power,
    )


def required(
    standard_deviation: npt.ArrayLike, difference: npt.ArrayLike, alpha: float = 0.05, power: float = 0.8
) -> Floats:
    """Compute n = (z_{1−α/2} + z_{1−β})² σ_d² / δ², infinite where δ is 0 or unknown."""
    delta = np.nan_to_num(np.abs(np.asarray(difference, dtype=np.float64)))
    ratio = np.asarray(standard_deviation, dtype=np.float64) / np.where(delta > 1e-9, delta, 1)
    needed = _sum_of_quantiles(alpha, power) ** 2 * ratio**2
    return np.where((delta > 1e-9) & ~np.isnan(ratio), needed, np.inf)


def detectable(
    standard_deviation: npt.ArrayLike, n: npt.ArrayLike, alpha: float = 0.05, power: float = 0.8
) -> Floats:
    """Compute the minimum detectable difference (z_{1−α/2} + z_{1−β}) σ_d / √n; NaN for n = 0."""
    count = np.asarray(n, dtype=np.float64)
    spread = np.asarray(standard_deviation, dtype=np.float64)
    return _sum_of_quantiles(alpha, power) * spread / np.sqrt(np.where(count > 0, count, np.nan))


def named(annotations: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return one model's annotations under another name, so that two of one name can be told apart."""
    return annotations.assign(generator_2=name)


def _sum_of_quantiles(alpha: float, power: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(1 - alpha / 2) + ndtri(power))
