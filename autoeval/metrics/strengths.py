"""Bradley–Terry strengths of many models from many battles, with what else explains who won, and how sure that is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from autoeval.metrics.comparisons import reachable
from autoeval.metrics.logistic import sigmoid
from autoeval.metrics.observations import Floats

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Places = npt.NDArray[np.intp]

_MOST_STEPS = 100
_SMALLEST_STEP = 1e-10
_LARGEST_STEP = 3.0
_LEAST_PAIR_COUNT = 50
_NOTHING = 1e-9


@dataclass(frozen=True)
class Contests:
    """Battles as what the likelihood needs of them: z = strength of first − strength of second + effects · features.

    Attributes:
        m: how many models there are.
        first: place of each battle's first model, shape (n,).
        second: of its second one, shape (n,).
        wins: how much of the win the first has, 0 to 1; shape (n,).
        weights: how much a battle counts, shape (n,).
        features: what else may explain who won, shape (n, k); k may be 0.
    """

    m: int
    first: Places
    second: Places
    wins: Floats
    weights: Floats
    features: Floats

    @classmethod
    def of(
        cls, m: int, first: Places, second: Places, wins: Floats, features: Floats | None = None
    ) -> "Contests":
        """Make contests in which every battle counts once."""
        n = len(first)
        return cls(m, first, second, wins, np.ones(n), np.empty((n, 0)) if features is None else features)

    @cached_property
    def win_matrix(self) -> Floats:
        """How much the row's model has won of the column's, by weight; shape (m, m)."""
        total, won = self.of_pairs(self.weights), self.of_pairs(self.weights * self.wins)
        return won + (total - won).T

    def of_pairs(self, values: Floats) -> Floats:
        """Sum values over the battles in which the row's model was first and the column's second; shape (m, m)."""
        return sums(self.first * self.m + self.second, values, self.m**2).reshape(self.m, self.m)

    def reweighted(self) -> "Contests":
        """Return them with every pair of models weighing much the same: 1 / max(battles of the pair, 50)."""
        low, high = np.minimum(self.first, self.second), np.maximum(self.first, self.second)
        _, pair, count = np.unique(low * self.m + high, return_inverse=True, return_counts=True)
        weights = self.weights / np.maximum(count, _LEAST_PAIR_COUNT)[pair]
        return self.weighted(weights / weights.mean())

    def weighted(self, weights: Floats) -> "Contests":
        """Return them with other weights, shape (n,)."""
        return replace(self, weights=weights)

    def log_odds(self, beta: Floats) -> Floats:
        """Return z of each battle; shape (n,)."""
        return np.asarray(beta[self.first] - beta[self.second] + self.features @ beta[self.m :])

    def summed(self, values: Floats) -> Floats:
        """Return Σ value · x over battles, shape (m + k,).

        x is 1 for the first model, −1 for the second, and the features.
        """
        strengths = sums(self.first, values, self.m) - sums(self.second, values, self.m)
        return np.concatenate([strengths, values @ self.features])

    def squared(self, values: Floats) -> Floats:
        """Return Σ value · x xᵀ over battles; shape (m + k, m + k)."""
        m = self.m
        met = sums(self.first * m + self.second, values, m**2).reshape(m, m)
        met = met + met.T
        strengths = np.diag(met.sum(axis=1)) - met
        if not self.features.shape[1]:
            return strengths
        weighted = self.features * values[:, None]
        mixed = np.array([self.summed(column)[:m] for column in weighted.T])
        return np.block([[strengths, mixed.T], [mixed, self.features.T @ weighted]])

    def of_clusters(self, values: Floats, codes: Places) -> "csr_array[Any, Any]":
        """Return Σ value · x over the battles of each cluster; shape (G, m + k)."""
        from scipy.sparse import coo_array

        k = self.features.shape[1]
        row = np.concatenate([codes, codes, np.repeat(codes, k)])
        column = np.concatenate([self.first, self.second, np.tile(np.arange(self.m, self.m + k), len(codes))])
        data = np.concatenate([values, -values, (self.features * values[:, None]).ravel()])
        return coo_array((data, (row, column)), shape=(int(codes.max()) + 1, self.m + k)).tocsr()


@dataclass(frozen=True)
class Strengths:
    """Fitted strengths.

    Attributes:
        logs: natural logarithms, mean 0; shape (m,).
        effects: of the features, shape (k,).
        covariance: of both together, shape (m + k, m + k).
    """

    logs: Floats
    effects: Floats
    covariance: Floats


def fit(contests: Contests, start: Floats | None = None, ridge: Floats | None = None) -> Floats:
    """Maximise Σ w [y log σ(z) + (1 − y) log σ(−z)] by Newton's method; half a win is a tie (Bradley and Terry 1952).

    Args:
        contests: from models that are all connected (see `unsolvable`).
        start: where to begin, shape (m + k,); zeros by default.
        ridge: precision of a Gaussian penalty around 0, equal for all strengths, shape (m + k,); none by default.

    Returns:
        Log strengths (mean 0) and effects, shape (m + k,).

    Raises:
        ValueError: the features separate winners from losers, so that no maximum is finite.
    """
    beta = np.zeros(contests.m + contests.features.shape[1]) if start is None else start.copy()
    precision = np.zeros_like(beta) if ridge is None else ridge
    reached = _objective(contests, beta, precision)
    for _ in range(_MOST_STEPS):
        p = sigmoid(contests.log_odds(beta))
        gradient = contests.summed(contests.weights * (contests.wins - p)) - precision * beta
        step = np.linalg.solve(_information(contests, p) + np.diag(precision), gradient)
        step *= min(1.0, _LARGEST_STEP / max(np.abs(step).max(), 1e-300))
        while (moved := _objective(contests, beta + step, precision)) < reached - 1e-9 * abs(reached):
            step /= 2
        beta, reached = beta + step, moved
        if np.abs(step).max() < _SMALLEST_STEP:
            break
    else:
        raise ValueError(
            "the fit does not settle: what is controlled for separates the winners from the losers"
        )
    beta[: contests.m] -= beta[: contests.m].mean()
    return beta


def fit_with_errors(contests: Contests, clusters: Sequence[Places] = ()) -> Strengths:
    """Fit strengths with their sandwich covariance H⁻¹ (Σ s sᵀ) H⁻¹, s being the scores of what belongs together.

    Huber (1967); White (1982); for two ways of belonging together V₁ + V₂ − V₁₂ (Cameron, Gelbach and Miller 2011),
    each with the factor G/(G − 1).

    Args:
        contests: the battles.
        clusters: codes of the battles that are one observation, one or two ways; none: each stands alone.
    """
    source = contests if contests.features.shape[1] else pooled(contests)
    beta = fit(source)
    p = sigmoid(source.log_odds(beta))
    bread = np.linalg.inv(_information(source, p))
    bread[: contests.m] -= bread[: contests.m].mean(axis=0)
    if not clusters:
        meat = source.squared(_squares(contests, source, p)) * _few(len(contests.wins))
    else:
        residuals = contests.weights * (contests.wins - sigmoid(contests.log_odds(beta)))
        meat = sum((_meat(contests, residuals, codes) for codes in clusters), np.zeros_like(bread))
    if len(clusters) == 2:
        both = np.unique(np.stack(clusters, axis=1), axis=0, return_inverse=True)[1].ravel()
        meat = meat - _meat(contests, residuals, both)
    covariance = bread @ meat @ bread.T
    covariance = _nonnegative(covariance) if len(clusters) == 2 else (covariance + covariance.T) / 2
    return Strengths(beta[: contests.m], beta[contests.m :], covariance)


def unsolvable(wins: Floats, models: Sequence[str]) -> str | None:
    """Return why no strengths are finite (Ford 1957), None where they are.

    Args:
        wins: how much of a win row's model has over column's, shape (m, m).
        models: names.
    """
    if why := disconnected(wins, models):
        return why
    names = np.array(models, dtype=object)
    beats = reachable(wins > 0)
    if beats.all():
        return None
    best, worst = beats.all(axis=1) & ~beats.all(axis=0), beats.all(axis=0) & ~beats.all(axis=1)
    parts = [f"{_told(names[best])} never lose to the rest"] * bool(best.any())
    parts += [f"{_told(names[worst])} never win against the rest"] * bool(worst.any())
    return " and ".join(parts) or "some models never lose to the rest"


def disconnected(wins: Floats, models: Sequence[str]) -> str | None:
    """Return which models no chain of battles links with the others, None where all are linked."""
    names = np.array(models, dtype=object)
    apart = ~reachable(wins + wins.T > 0)[0]
    if not apart.any():
        return None
    one, other = sorted((names[~apart], names[apart]), key=len)
    return f"no chain of battles links {_told(one)} with {_told(other)}: rank the two groups apart"


def pooled(contests: Contests) -> Contests:
    """Sum up contests without features: a row for every two models that met, of the same likelihood."""
    wins = contests.win_matrix
    met = wins + wins.T
    first, second = np.nonzero(np.triu(met, 1))
    weights = met[first, second]
    return Contests(
        contests.m, first, second, wins[first, second] / weights, weights, np.empty((len(first), 0))
    )


def _squares(contests: Contests, source: Contests, p: Floats) -> Floats:
    """Return Σ w² (y − p)² over the battles that each row of `source`, their sums, stands for."""
    if source is contests:
        return contests.weights**2 * (contests.wins - p) ** 2
    squared = contests.weights**2
    n, won, both = (contests.of_pairs(squared * contests.wins**power) for power in (0, 1, 2))
    turned = n, n - won, n - 2 * won + both  # the same sums with first and second changing places
    n, won, both = (one + other.T for one, other in zip((n, won, both), turned, strict=True))
    at = source.first, source.second
    return np.asarray(both[at] - 2 * p * won[at] + p**2 * n[at])


def sums(places: Places, values: Floats, n: int) -> Floats:
    """Sum values by place; shape (n,)."""
    return np.asarray(np.bincount(places, values, n), dtype=np.float64)


def _objective(contests: Contests, beta: Floats, precision: Floats) -> float:
    z = contests.log_odds(beta)
    log_likelihood = (contests.weights * (contests.wins * z - np.logaddexp(0, z))).sum()
    return float(log_likelihood - precision @ beta**2 / 2)


def _information(contests: Contests, p: Floats) -> Floats:
    """Return Σ w p (1 − p) x xᵀ, fixed where it says nothing.

    That is the direction in which all strengths rise together, and features that are 0 everywhere or repeat others.
    """
    information = contests.squared(contests.weights * p * (1 - p))
    m = contests.m
    mean = np.trace(information[:m, :m]) / m
    information[:m, :m] += mean / m
    information[range(m, len(information)), range(m, len(information))] += _NOTHING * mean
    return information


def _meat(contests: Contests, residuals: Floats, codes: Places) -> Floats:
    scores = contests.of_clusters(residuals, codes)
    return np.asarray((scores.T @ scores).toarray()) * _few(int(scores.shape[0]))


def _few(n: int) -> float:
    """Return what makes up for having estimated the mean from the same few observations."""
    return n / max(n - 1, 1)


def _nonnegative(covariance: Floats) -> Floats:
    """Put negative eigenvalues, which two-way clusters can leave, to 0."""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    return np.asarray((vectors * np.maximum(values, 0)) @ vectors.T)


def _told(names: npt.NDArray[np.object_], most: int = 5) -> str:
    shown = ", ".join(map(str, names[:most]))
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
