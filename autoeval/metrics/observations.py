"""From preferences to what statistics count: values on [0, 1], grouped by the instruction they belong to."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Preferences: TypeAlias = npt.ArrayLike | Sequence[float | None]
Clusters: TypeAlias = Sequence[Hashable] | npt.NDArray[np.generic]


def clean_preferences(preferences: Preferences) -> Floats:
    """Read preferences as floats in [1, 2], with NaN for a missing judgment.

    Args:
        preferences: one number a pair; None or NaN is missing, 0 is an old spelling of 1.5 (a draw).

    Returns:
        The preferences, shape (n,).

    Raises:
        ValueError: a preference lies outside [1, 2] (and is not 0), or the input has not one dimension.
    """
    values = np.asarray(preferences, dtype=float)
    if values.ndim != 1:
        raise ValueError(f"preferences must be a list of numbers, not an array of shape {values.shape}")
    values = np.where(values == 0, 1.5, values)
    wrong = np.flatnonzero((values < 1) | (values > 2))
    if wrong.size:
        raise ValueError(f"row {wrong[0]}: the preference {values[wrong[0]]:g} is not between 1 and 2")
    return values


@dataclass(frozen=True)
class Observations:
    """Independent observations: for each instruction the sum of its values and how many they are.

    Rows of one instruction (both orders of a pair, several samples) are one observation, because the same
    instruction makes them rise and fall together. Several sets of values on the same instructions can be
    held at once, which is how a simulation looks at thousands of runs.

    Attributes:
        sums: shape (..., G).
        sizes: shape (G,).
    """

    sums: Floats
    sizes: Floats

    @classmethod
    def of(
        cls, values: Floats, clusters: Clusters | None = None, weights: npt.ArrayLike | None = None
    ) -> "Observations":
        """Group values, shape (n,), by cluster; without clusters, each stands alone. NaN is left out.

        With `weights`, shape (n,), a value counts so many times.
        """
        judged = ~np.isnan(values)
        times = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=float)
        if clusters is None:
            return cls((values * times)[judged], times[judged])
        codes = cluster_codes(clusters)
        if len(codes) != len(values):
            raise ValueError(f"{len(codes)} clusters for {len(values)} values")
        sizes = np.bincount(codes[judged], weights=times[judged], minlength=1).astype(np.float64)
        sums = np.bincount(codes[judged], weights=(values * times)[judged], minlength=1).astype(np.float64)
        return cls(sums[sizes > 0], sizes[sizes > 0])

    @property
    def n(self) -> int:
        """How many independent observations there are, G."""
        return len(self.sizes)

    @cached_property
    def mean(self) -> Floats:
        """Σ sums / Σ sizes, shape (...); NaN without an observation."""
        if not self.n:
            return np.full(self.sums.shape[:-1], np.nan)
        return np.asarray(self.sums.sum(axis=-1) / self.sizes.sum())

    @cached_property
    def standard_error(self) -> Floats:
        """√(G/(G−1) · Σ (sum_g − size_g · mean)²) / Σ sizes, shape (...); NaN for G < 2.

        CR1 for a mean; with one row an instruction it is s/√n with the n−1 variance. Source: Cameron and
        Miller, "A practitioner's guide to cluster-robust inference" (2015), for a regression on a constant.
        """
        if self.n < 2:
            return np.full(self.sums.shape[:-1], np.nan)
        residuals = self.sums - self.sizes * self.mean[..., None]
        spread = self.n / (self.n - 1) * (residuals**2).sum(axis=-1)
        return np.asarray(np.sqrt(spread) / self.sizes.sum())

    @property
    def linearised(self) -> Floats:
        """Values with `mean` as their plain mean, which vary as it does: mean + (sum_g − size_g · mean) / mean size.

        Those of two sets on the same instructions can be subtracted to compare the sets pair by pair. Shape (..., G).
        Source: the linearised variable of a ratio (Woodruff, "A simple method for approximating the variance of a
        complicated estimate", 1971).
        """
        mean = self.mean[..., None]
        return np.asarray(mean + (self.sums - self.sizes * mean) / self.sizes.mean())


def cluster_codes(clusters: Clusters) -> npt.NDArray[np.intp]:
    """Number clusters 0, 1, ... in order of first appearance; any hashable can name one."""
    seen: dict[Hashable, int] = {}
    return np.fromiter(
        (seen.setdefault(name, len(seen)) for name in clusters), dtype=np.intp, count=len(clusters)
    )
