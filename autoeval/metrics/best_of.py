"""Best of k samples: what picking by a score is worth, for every k at once."""

import math

import numpy as np

from autoeval.metrics.observations import Floats


def best_of_k(values: Floats, scores: Floats, k: int) -> Floats:
    """Return the expected value of the best-scored of k samples, question by question.

    Over all subsets of k of the n samples, without bias: the sample of rank r (from 1, the lowest score) is the best of
    C(r − 1, k − 1) of the C(n, k) subsets. Of equal scores the earlier sample counts as the higher one, so that k = n
    gives the value of the first of the best. Source: Nakano et al., "WebGPT" (2021).

    Args:
        values: what each sample is worth, NaN where unknown; shape (questions, n).
        scores: by which samples are picked; shape (questions, n).
        k: from 1 to n.

    Returns:
        Shape (questions,); NaN where a value is unknown.
    """
    n = values.shape[1]
    order = np.lexsort((-np.arange(n)[None, :].repeat(len(values), axis=0), scores), axis=1)
    ranked = np.take_along_axis(values, order, axis=1)
    weights = np.array([math.comb(rank, k - 1) / math.comb(n, k) for rank in range(n)])
    return np.asarray((ranked * weights).sum(axis=1))
