"""pass@k: the chance that one of k answers to a task is right."""

import math


def pass_at_k(n: int, n_right: int, k: int) -> float:
    """Estimate without bias, from n answers of which some are right, how often one of k would be.

    1 − C(n − c, k)/C(n, k), the share of the subsets of k that hold a right one. Source: Chen et al., "Evaluating large
    language models trained on code" (2021).

    Args:
        n: answers, at least k.
        n_right: c, how many of them are right.
        k: how many one would look at, at least 1.

    Raises:
        ValueError: k is no number from 1 to n, or more are right than there are.
    """
    if not 1 <= k <= n or not 0 <= n_right <= n:
        raise ValueError(f"no pass@{k} of {n} answers, {n_right} of them right")
    return 1 - math.comb(n - n_right, k) / math.comb(n, k)
