"""How sure a mean is: intervals for win rates and other rates, in percent.

Every method takes instructions as the independent observations: rows that share a cluster (both orders of a
pair, several samples for one instruction) count as one.
"""

import numpy as np
import numpy.typing as npt

from autoeval.metrics.estimates import METHODS, Estimate, Method, WorstCase
from autoeval.metrics.observations import Clusters, Floats, Observations, Preferences, clean_preferences
from autoeval.metrics.student import student_quantile

RESAMPLES = 4000
_CELLS_AT_ONCE = 2_000_000


def interval(
    preferences: Preferences,
    method: Method = "t_plus4",
    level: float = 0.95,
    seed: int = 0,
    clusters: Clusters | None = None,
    weights: npt.ArrayLike | None = None,
) -> Estimate:
    """Give a win rate with its interval, in percent.

    Args:
        preferences: one number in [1, 2] a row, NaN where missing; shape (n,).
        method: see `mean_interval`.
        level: coverage that the interval aims at, in (0, 1).
        seed: of the bootstrap's draws.
        clusters: the instruction of each row, where one instruction has several.
        weights: how many times each row counts, shape (n,). Default: once.

    Returns:
        The win rate 100 · mean(preference − 1) with its interval.
    """
    return mean_interval(clean_preferences(preferences) - 1, method, level, seed, clusters, weights)


def mean_interval(
    values: npt.ArrayLike,
    method: Method = "t_plus4",
    level: float = 0.95,
    seed: int = 0,
    clusters: Clusters | None = None,
    weights: npt.ArrayLike | None = None,
) -> Estimate:
    """Give the mean of values on [0, 1], in percent, with its interval.

    Methods:
        t_plus4: Student's t interval after adding two observations of 0 and two of 1, each as heavy as an
            average instruction; it has width even where all values are equal. After Agresti and Caffo
            (2000) and Agresti and Coull (1998), here with t in place of z and for any values on [0, 1].
        t: mean ± t(G−1) · standard error. No width where all values are equal.
        clustered: the same, and insists on clusters (CR1 standard error, G−1 degrees of freedom).
        percentile: bootstrap by instruction, with the tails of a t interval (Hesterberg, "What teachers
            should know about the bootstrap", 2015, "expanded percentile": quantile level
            Φ(−t(G−1) · √(G/(G−1))), which tends to α/2 as G grows).
        bca: bootstrap by instruction, bias-corrected and accelerated (Efron 1987).

    Args:
        values: one a row, NaN where missing; shape (n,).
        method: one of the above.
        level: coverage that the interval aims at, in (0, 1).
        seed: of the bootstrap's draws.
        clusters: the instruction of each row, where one instruction has several.
        weights: how many times each row counts, shape (n,). Default: once.

    Returns:
        The mean and its plain (clustered) standard error with the interval, cut at 0 and 100. Nothing
        judged: value NaN, interval 0 to 100. One observation: the interval is 0 to 100, except with
        t_plus4, which is defined there.

    Raises:
        ValueError: unknown method, level outside (0, 1), or `clustered` without clusters.
    """
    if method not in METHODS:
        raise ValueError(f"unknown interval method {method!r}; known: {', '.join(METHODS)}")
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level}")
    if method == "clustered" and clusters is None:
        raise ValueError("the interval method 'clustered' needs clusters, the instruction of each row")
    shares = np.asarray(values, dtype=float)
    observed = Observations.of(shares, clusters, weights)
    low, high = interval_ends(observed, method, level, seed)
    return Estimate(
        value=100 * float(observed.mean),
        standard_error=100 * float(observed.standard_error),
        low=100 * float(low),
        high=100 * float(high),
        n=int((~np.isnan(shares)).sum()),
    )


def worst_case_bounds(
    preferences: Preferences,
    level: float = 0.95,
    clusters: Clusters | None = None,
    weights: npt.ArrayLike | None = None,
) -> WorstCase:
    """Bound a win rate when judgments are missing, without assuming why they are (Manski 2003).

    Args:
        preferences: one number in [1, 2] a row, NaN where missing.
        level: coverage of each of the two intervals (t_plus4); together they cover at least as often.
        clusters: the instruction of each row, where one instruction has several.
        weights: how many times each row counts; a missing one might have counted as often as any.
    """
    shares = clean_preferences(preferences) - 1
    missing = np.isnan(shares)
    if weights is not None:
        times = np.asarray(weights, dtype=float)
        weights = np.where(missing, times.max(initial=1.0), times)
    worst = mean_interval(np.where(missing, 0.0, shares), level=level, clusters=clusters, weights=weights)
    best = mean_interval(np.where(missing, 1.0, shares), level=level, clusters=clusters, weights=weights)
    return WorstCase(worst.value, best.value, worst.low, best.high, int(missing.sum()))


def interval_ends(observed: Observations, method: Method, level: float, seed: int) -> tuple[Floats, Floats]:
    """Return both ends of an interval for the mean, for every set of values in `observed` at once.

    Args:
        observed: values on [0, 1].
        method: see `mean_interval`.
        level: coverage that the interval aims at.
        seed: of the bootstrap; the same instructions are drawn for every set.

    Returns:
        Lower and upper ends, shape (...), cut at 0 and 1.
    """
    if observed.n == 0 or (observed.n == 1 and method != "t_plus4"):
        return np.zeros(observed.sums.shape[:-1]), np.ones(observed.sums.shape[:-1])
    if method == "t_plus4":
        low, high = _t_plus4(observed, level)
    elif method in ("t", "clustered"):
        half = student_quantile(observed.n - 1, level) * observed.standard_error
        low, high = observed.mean - half, observed.mean + half
    else:
        low, high = _bootstrap(observed, method, level, seed)
    return np.maximum(low, 0.0), np.minimum(high, 1.0)


def _t_plus4(observed: Observations, level: float) -> tuple[Floats, Floats]:
    weight = observed.sizes.mean()
    extra = np.broadcast_to(np.array([0.0, 0.0, weight, weight]), (*observed.sums.shape[:-1], 4))
    padded = Observations(
        np.concatenate([observed.sums, extra], axis=-1), np.concatenate([observed.sizes, np.full(4, weight)])
    )
    half = student_quantile(padded.n - 1, level) * padded.standard_error
    # At low levels the interval around the padded mean could leave the estimate itself outside.
    return np.minimum(padded.mean - half, observed.mean), np.maximum(padded.mean + half, observed.mean)


def _bootstrap(observed: Observations, method: Method, level: float, seed: int) -> tuple[Floats, Floats]:
    """Percentile or BCa interval from means of instructions drawn with replacement."""
    flat = Observations(observed.sums.reshape(-1, observed.n), observed.sizes)
    means = _resampled_means(flat, seed)
    if method == "bca":
        tails = _bca_tails(flat, means, level)
    else:
        tails = np.broadcast_to(_expanded_tails(observed.n, level), (len(flat.sums), 2))
    ends = np.array([_mid_quantiles(means[:, i], tails[i]) for i in range(len(tails))])
    low, high = ends.T.reshape(2, *observed.sums.shape[:-1])
    return low, high


def _mid_quantiles(sample: Floats, tails: Floats) -> Floats:
    """Quantiles of a sample in which a value that occurs often counts as half below and half above itself.

    Means of wins and losses lie on a lattice, where an ordinary quantile falls on a whole step and intervals
    come out too wide. Without ties it is the ordinary quantile. Source: Ma, Genton and Parzen, "Asymptotic
    properties of sample quantiles of discrete distributions" (2011).
    """
    values, counts = np.unique(np.round(sample, 12), return_counts=True)
    return np.asarray(np.interp(tails * len(sample), np.cumsum(counts) - counts / 2, values))


def _resampled_means(observed: Observations, seed: int) -> Floats:
    """Draw G instructions with replacement and average, RESAMPLES times; shape (RESAMPLES, number of sets)."""
    rng = np.random.default_rng(seed)
    g = observed.n
    at_once = max(1, _CELLS_AT_ONCE // g)
    means = []
    for start in range(0, RESAMPLES, at_once):
        rows = min(at_once, RESAMPLES - start)
        drawn = rng.integers(g, size=(rows, g)) + g * np.arange(rows)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=rows * g).reshape(rows, g).astype(np.float64)
        means.append((counts @ observed.sums.T) / (counts @ observed.sizes)[:, None])
    return np.concatenate(means)


def _expanded_tails(n: int, level: float) -> Floats:
    from scipy.special import ndtr, stdtrit

    tail = float(ndtr(stdtrit(n - 1, (1 - level) / 2) * np.sqrt(n / (n - 1))))
    return np.array([tail, 1 - tail])


def _bca_tails(observed: Observations, means: Floats, level: float) -> Floats:
    """Shift the two quantile levels for bias (z0) and for a standard error that changes with the mean (a)."""
    from scipy.special import ndtr, ndtri

    z0 = ndtri(((means < observed.mean).mean(axis=0) + (means <= observed.mean).mean(axis=0)) / 2)
    left_out = (observed.sums.sum(axis=-1, keepdims=True) - observed.sums) / (
        observed.sizes.sum() - observed.sizes
    )
    influence = left_out.mean(axis=-1, keepdims=True) - left_out
    spread = 6 * (influence**2).sum(axis=-1) ** 1.5
    cubes = (influence**3).sum(axis=-1)
    acceleration = np.divide(cubes, spread, out=np.zeros_like(cubes), where=spread > 0)
    tails = np.array([[(1 - level) / 2], [(1 + level) / 2]])
    shifted = z0 + ndtri(tails)
    adjusted = ndtr(z0 + shifted / (1 - acceleration * shifted))
    return np.asarray(np.where(np.isfinite(z0), adjusted, tails).T)
