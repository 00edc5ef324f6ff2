"""How p-values depend on the number of instructions: fewer of them, drawn many times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from autoeval.analysis.scores import model_scores
from autoeval.analysis.significance import t_from_moments
from autoeval.errors import UsageError
from autoeval.metrics.observations import Floats

if TYPE_CHECKING:
    import pandas as pd

DRAWS = 200
_MOST_DRAWS_AT_ONCE = 100
_SMALLEST_SIZE = 10


@dataclass(frozen=True, slots=True)
class SubsetSeparation:
    """Which subset tells models apart best, when each has as many instructions as the smallest.

    Attributes:
        table: a row a subset, the best first: `subset`, `available` (instructions), `mean_p` (of paired
            t-tests over all pairs of models and draws), `mean_p_se` (standard deviation over draws),
            `share_significant` (percent of p-values below α), `best_share` (percent of draws in which no
            subset had a smaller mean p).
        size: instructions a subset in every draw.
        draws: how many draws were averaged.
        alpha: level of `share_significant`.
    """

    table: pd.DataFrame
    size: int
    draws: int
    alpha: float


@dataclass(frozen=True, slots=True)
class PValueByN:
    """How paired t-tests' p-values fall with the number of instructions.

    Attributes:
        table: a row a size: `n`, and over all pairs of models and draws `mean`, `median`, `quantile_90`,
            `max` and `share_significant` (percent below α, the power averaged over pairs).
        draws: subsamples drawn at each size.
        alpha: level of `share_significant`.
    """

    table: pd.DataFrame
    draws: int
    alpha: float


def subset_separation(
    annotations: pd.DataFrame, draws: int = DRAWS, alpha: float = 0.05, seed: int = 0
) -> SubsetSeparation:
    """Compare subsets by how well they tell models apart, at equal size.

    A larger subset gives smaller p-values for that alone, and which one wins depends on the subsample: so
    each subset is cut to the size of the smallest, many times, and the p-values are averaged.

    Args:
        annotations: rows of all models against one reference, with `dataset`.
        draws: subsamples a subset, 100 or more.
        alpha: level at which a difference counts as seen.
        seed: of the draws.

    Raises:
        UsageError: fewer than 100 draws, fewer than two subsets, or what `compare_models` refuses.
    """
    import pandas as pd

    if draws < 100:
        raise UsageError(
            f"which subset separates best depends on the draw: use 100 draws or more, not {draws}"
        )
    scores = model_scores(annotations)
    if len(scores.subsets) < 2:
        raise UsageError("comparing subsets needs a column 'dataset' with two values or more")
    differences = scores.differences()
    parts = [differences[scores.subset == place] for place in range(len(scores.subsets))]
    size = min(len(part) for part in parts)
    rng = np.random.default_rng(seed)
    p = [_subsampled_p(part, size, draws, rng) for part in parts]
    mean_p = np.array([each.mean(axis=1) for each in p])
    best = np.argmin(mean_p, axis=0)
    table = pd.DataFrame(
        {
            "subset": scores.subsets,
            "available": [len(part) for part in parts],
            "mean_p": mean_p.mean(axis=1),
            "mean_p_se": mean_p.std(axis=1, ddof=1),
            "share_significant": [100 * float((each < alpha).mean()) for each in p],
            "best_share": [100 * float((best == place).mean()) for place in range(len(parts))],
        }
    )
    return SubsetSeparation(table.sort_values("mean_p", ignore_index=True), size, draws, alpha)


def p_value_by_n(
    annotations: pd.DataFrame,
    sizes: Sequence[int] | None = None,
    draws: int = DRAWS,
    alpha: float = 0.05,
    seed: int = 0,
) -> PValueByN:
    """Show how p-values fall as instructions are added, by subsampling without replacement.

    Args:
        annotations: rows of two models or more against one reference.
        sizes: numbers of instructions; None for sixteen evenly spaced ones up to all of them.
        draws: subsamples at each size.
        alpha: level at which a difference counts as seen.
        seed: of the draws.

    Raises:
        UsageError: a size below 2 or above the number of instructions, or what `compare_models` refuses.
    """
    import pandas as pd

    differences = model_scores(annotations).differences()
    most = len(differences)
    if sizes is None:
        sizes = sorted(
            {int(size) for size in np.linspace(max(most / 16, min(_SMALLEST_SIZE, most)), most, 16)}
        )
    for size in sizes:
        if not 2 <= size <= most:
            raise UsageError(f"cannot draw {size} instructions: the models share {most}, and a test needs 2")
    rng = np.random.default_rng(seed)
    p = [_subsampled_p(differences, size, draws, rng).ravel() for size in sizes]
    table = pd.DataFrame(
        {
            "n": list(sizes),
            "mean": [each.mean() for each in p],
            "median": [np.median(each) for each in p],
            "quantile_90": [np.quantile(each, 0.9) for each in p],
            "max": [each.max() for each in p],
            "share_significant": [100 * (each < alpha).mean() for each in p],
        }
    )
    return PValueByN(table, draws, alpha)


def _subsampled_p(differences: Floats, size: int, draws: int, rng: np.random.Generator) -> Floats:
    """Give the t-test's p-values on subsamples of the rows; shape (draws, pairs)."""
    judged = ~np.isnan(differences)
    known = np.where(judged, differences, 0)
    columns = np.concatenate([judged.astype(np.float64), known, known**2], axis=1)
    p = []
    for start in range(0, draws, _MOST_DRAWS_AT_ONCE):
        rows = min(_MOST_DRAWS_AT_ONCE, draws - start)
        drawn = np.argsort(rng.random((rows, len(known))), axis=1) < size
        count, total, squares = np.split(drawn.astype(np.float64) @ columns, 3, axis=1)
        mean = total / np.maximum(count, 1)
        p.append(t_from_moments(count, mean, squares - count * mean**2))
    return np.concatenate(p)
