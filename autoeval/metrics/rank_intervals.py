"""Ranks with intervals: between which places a model may stand, given how uncertain all values are."""

from dataclasses import dataclass

import numpy as np

from autoeval.metrics.observations import Floats

_DRAWS = 1000
_SMALL = 1e-12


@dataclass(frozen=True)
class Ranks:
    """Places from 1, the best; each of shape (m,).

    Attributes:
        rank: by the values; equal values share the better rank.
        low: the best place that the data allow.
        high: the worst.
    """

    rank: Floats
    low: Floats
    high: Floats


def ranks(values: Floats, covariance: Floats, level: float = 0.95, seed: int = 0) -> Ranks:
    """Rank values, each rank with an interval that holds the true one with at least the level's probability.

    A model is certainly behind those that are significantly better than it, with a critical value for the largest of
    its m − 1 differences (Mogstad, Romano, Shaikh and Wilhelm 2024, confidence sets for a rank).

    Args:
        values: larger is better, shape (m,).
        covariance: of the values, shape (m, m).
        level: coverage of each interval.
        seed: of the draws that give the critical values.
    """
    errors = difference_errors(covariance)
    draws = _normal_draws(covariance, seed).astype(np.float32).T.copy()  # a row a model
    scaled = np.empty_like(draws)
    low, high = np.ones(len(values)), np.full(len(values), float(len(values)))
    for i, error in enumerate(errors):
        known = error > _SMALL
        per_error = np.divide(1, error, out=np.zeros_like(error), where=known).astype(np.float32)
        difference = values - values[i]
        np.subtract(draws, draws[i], out=scaled)
        scaled *= per_error[:, None]
        largest = np.maximum(scaled.max(axis=0), -scaled.min(axis=0))
        bound = float(np.quantile(largest, level)) * error
        low[i] += (difference > np.maximum(bound, _SMALL)).sum()
        high[i] -= (-difference > np.maximum(bound, _SMALL)).sum()
    rank = 1.0 + (values[None, :] > values[:, None]).sum(axis=1)
    return Ranks(rank, np.minimum(low, rank), np.maximum(high, rank))


def difference_errors(covariance: Floats) -> Floats:
    """Standard error of the difference of every two values, shape (m, m)."""
    variances = np.diag(covariance)
    return np.asarray(np.sqrt(np.maximum(variances[:, None] + variances[None, :] - 2 * covariance, 0.0)))


def _normal_draws(covariance: Floats, seed: int) -> Floats:
    values, vectors = np.linalg.eigh(covariance)
    draws = np.random.default_rng(seed).standard_normal((_DRAWS, len(covariance)))
    return np.asarray(draws @ (vectors * np.sqrt(np.maximum(values, 0))).T)
