"""Is the difference between two models more than chance: paired tests, many columns at once.

Each takes the differences between two models' scores on the same instructions, shape (n, k) with one column a
comparison and NaN where either side was not judged, and gives k two-sided p-values. Where there is no
difference at all, or fewer than two instructions, p is 1.
"""

from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from autoeval.metrics.observations import Floats

ZeroMethod: TypeAlias = Literal["wilcox", "pratt", "zsplit"]
PERMUTATIONS = 9999
_NOISE = 1e-9  # of adding up floats
_ROWS_AT_ONCE = 1000
_FEW = 13
"""Up to so many instructions scipy goes through all signs too, but ranks anew for each: a second a comparison."""


def t_test(differences: Floats) -> Floats:
    """Paired t-test: t = mean / (s / √n) with n − 1 degrees of freedom (Student 1908).

    Where all differences are the same and not 0, t is infinite and says nothing; p is then that of the sign
    test, 2^(1−n).
    """
    judged = ~np.isnan(differences)
    n = judged.sum(axis=0)
    mean = np.where(judged, differences, 0).sum(axis=0) / np.maximum(n, 1)
    squares = np.where(judged, differences - mean, 0) ** 2
    return t_from_moments(n, mean, squares.sum(axis=0))


def t_from_moments(n: npt.ArrayLike, mean: Floats, squared_deviations: Floats) -> Floats:
    """Give the paired t-test's p-value from n, the mean and the sum of squared deviations."""
    from scipy.special import stdtr

    count = np.maximum(np.asarray(n, dtype=np.float64), 2)
    standard_error = np.sqrt(np.maximum(squared_deviations, 0) / (count - 1) / count)
    varied = standard_error > _NOISE
    t = mean / np.where(varied, standard_error, 1)
    constant = np.where(np.abs(mean) > _NOISE, 2.0 ** (1 - count), 1.0)
    p = np.where(varied, 2 * stdtr(count - 1, -np.abs(t)), constant)
    return np.where(np.asarray(n) < 2, 1.0, p)


def wilcoxon_test(differences: Floats, zero_method: ZeroMethod = "wilcox") -> Floats:
    """Wilcoxon's signed-rank test (1945), scipy's: exact up to 13, and up to 50 without ties; else normal.

    Args:
        differences: shape (n, k).
        zero_method: what happens to instructions without a difference: `wilcox` drops them, `pratt` ranks
            them and then drops their ranks (Pratt 1959), `zsplit` gives half of their ranks to each side.
    """
    from scipy.stats import wilcoxon

    differences = np.round(differences, 12)
    n = (~np.isnan(differences)).sum(axis=0)
    tested = (np.nan_to_num(differences) != 0).any(axis=0) & (n > 1)
    p = np.ones(differences.shape[1])
    for column in np.flatnonzero(tested & (n <= _FEW)):
        p[column] = _by_all_signs(differences[:, column], zero_method)
    many = tested & (n > _FEW)
    if many.any():
        found = wilcoxon(differences[:, many], zero_method=zero_method, axis=0, nan_policy="omit")
        p[many] = found.pvalue
    return p


def _by_all_signs(differences: Floats, zero_method: ZeroMethod) -> float:
    """Give the signed-rank test's exact p-value from the ranks under all signs; zeros have none of the difference."""
    from scipy import stats

    known = differences[~np.isnan(differences) & ((differences != 0) | (zero_method != "wilcox"))]
    if len(known) < 2:  # one difference, whichever way
        return 1.0
    ranks = np.sign(known) * stats.rankdata(np.abs(known))
    found = stats.permutation_test((ranks,), _sum_above_zero, permutation_type="samples", vectorized=True)
    return float(found.pvalue)


def _sum_above_zero(ranks: Floats, axis: int) -> Floats:
    total: Floats = np.maximum(ranks, 0).sum(axis=axis)
    return total


def mcnemar_test(n_better: npt.ArrayLike, n_worse: npt.ArrayLike) -> tuple[Floats, Floats]:
    """McNemar's exact test on discordant instructions: given their number, each side is a fair coin's.

    Args:
        n_better: on how many instructions the first model has the better verdict (win, tie, loss).
        n_worse: on how many it has the worse one.

    Returns:
        The exact p-value 2 · P(X ≤ min), at most 1, and the mid-p, which counts the observed outcome half
        (Fagerland, Lydersen and Laake 2013) and is less conservative.
    """
    from scipy.stats import binom

    better, worse = np.asarray(n_better), np.asarray(n_worse)
    fewer, total = np.minimum(better, worse), better + worse
    exact = 2 * binom.cdf(fewer, total, 0.5)
    mid = exact - binom.pmf(fewer, total, 0.5)
    return np.minimum(exact, 1.0), np.where(total == 0, 1.0, np.minimum(mid, 1.0))


def permutation_test(
    differences: Floats,
    seed: int = 0,
    alternative: Literal["two-sided", "greater"] = "two-sided",
) -> Floats:
    """Paired permutation test: the mean under random signs of the differences (Fisher 1935).

    p = (1 + how many of 9,999 sign patterns give a mean at least as extreme) / 10,000, never 0 and valid at
    every n (Phipson and Smyth 2010). All columns share the sign patterns.

    Args:
        differences: shape (n, k).
        seed: of the sign patterns.
        alternative: `greater` asks for a positive mean only.
    """
    known = np.nan_to_num(differences)
    observed = known.sum(axis=0)
    two_sided = alternative == "two-sided"
    threshold = (np.abs(observed) if two_sided else observed) - _NOISE
    rng = np.random.default_rng(seed)
    extreme = np.zeros(known.shape[1])
    for start in range(0, PERMUTATIONS, _ROWS_AT_ONCE):
        rows = min(_ROWS_AT_ONCE, PERMUTATIONS - start)
        is_kept = rng.integers(2, size=(rows, len(known)), dtype=np.int8)
        sums = 2 * (is_kept.astype(np.float64) @ known) - observed
        extreme += ((np.abs(sums) if two_sided else sums) >= threshold).sum(axis=0)
    p: Floats = (1 + extreme) / (1 + PERMUTATIONS)
    return p


def holm(p_values: npt.ArrayLike) -> Floats:
    """Adjust p-values so that the chance of any false finding stays below α (Holm 1979).

    The i-th smallest of m becomes the largest of (m − j + 1) · p_(j) over j ≤ i, at most 1.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1)
    return adjusted


def benjamini_hochberg(p_values: npt.ArrayLike) -> Floats:
    """Adjust p-values so that the expected share of false findings stays below α.

    Benjamini and Hochberg (1995): the i-th smallest of m becomes the smallest of m · p_(j) / j over j ≥ i.
    """
    from scipy.stats import false_discovery_control

    p = np.asarray(p_values, dtype=np.float64)
    return np.asarray(false_discovery_control(p), dtype=np.float64) if len(p) else p
