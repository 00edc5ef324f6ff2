"""Does a judge rank models as people do?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from autoeval.analysis.results import Statistic, from_resamples, resampled_totals
from autoeval.analysis.tables import PAIR, Codes, number_pairs, preferences_of, require
from autoeval.metrics.observations import Floats

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = (*PAIR, "generator_1", "generator_2", "preference")


@dataclass(frozen=True, slots=True)
class Correlations:
    """How two annotators' win rates of the same generators go together.

    Attributes:
        spearman: rank correlation.
        pearson: linear correlation.
        win_rates: a row a generator, in percent; columns `votes` and `annotations`.
    """

    spearman: Statistic
    pearson: Statistic
    win_rates: pd.DataFrame


def correlations(votes: pd.DataFrame, annotations: pd.DataFrame, seed: int = 0) -> Correlations:
    """Correlate the win rates of generators by one annotator with those by another.

    Where one side is always the same reference, a generator's win rate is 100 · mean(preference − 1). Where
    both sides vary, win rates are symmetrised: each row counts for both of its generators, with
    preference − 1 for the second and 2 − preference for the first. Intervals are percentile bootstraps over
    instructions, the same draw for both annotators; they do not cover the choice of generators.

    Args:
        votes: human votes, with `generator_1` and `generator_2`; rows that lack one of them are left out.
        annotations: the judge's, in the same columns. Only pairs that both tables hold count.
        seed: of the bootstrap's draws.

    Returns:
        Both correlations, n being the number of generators; NaN for fewer than two generators, or where one
        annotator gives all of them the same win rate.

    Raises:
        UsageError: a missing column, or a preference outside [1, 2].
    """
    tables = [require(votes, "votes", _COLUMNS), require(annotations, "annotations", _COLUMNS)]
    tables = [table.dropna(subset=["generator_1", "generator_2"]) for table in tables]
    pairs, instructions = number_pairs(tables)
    shared = [np.isin(mine, other) for mine, other in zip(pairs, pairs[::-1], strict=True)]
    kept = [table[rows] for table, rows in zip(tables, shared, strict=True)]
    names = _compared(kept)
    totals = [
        _totals(table, instructions[number[rows]], len(instructions), names)
        for table, number, rows in zip(kept, pairs, shared, strict=True)
    ]
    together = np.concatenate(totals, axis=1)
    together = together[together.any(axis=1)]
    rates = _rates(together.sum(axis=0, keepdims=True))
    resampled = _rates(resampled_totals(together, seed))

    import pandas as pd

    n = len(names)
    return Correlations(
        spearman=from_resamples(float(_spearman(*rates)[0]), _spearman(*resampled), n),
        pearson=from_resamples(float(_pearson(*rates)[0]), _pearson(*resampled), n),
        win_rates=pd.DataFrame({"votes": rates[0][0], "annotations": rates[1][0]}, index=names),
    )


def _compared(tables: list[pd.DataFrame]) -> list[str]:
    """Name the generators to rank: the varying side's, or all where both sides vary."""
    first, second = (
        sorted(set().union(*(table[side].unique() for table in tables)))
        for side in ("generator_1", "generator_2")
    )
    if len(first) == 1:
        return second
    return first if len(second) == 1 else sorted({*first, *second})


def _totals(table: pd.DataFrame, instructions: Codes, n: int, names: list[str]) -> Floats:
    """Add up points and judgments by instruction and generator; shape (n, 2 · generators)."""
    import pandas as pd

    preferences = preferences_of(table, "annotations")
    judged = ~np.isnan(preferences)
    points, counts = np.zeros((n, len(names))), np.zeros((n, len(names)))
    for side, won in (("generator_1", 2 - preferences), ("generator_2", preferences - 1)):
        generator = np.asarray(pd.Index(names).get_indexer(pd.Index(table[side])))
        rows = judged & (generator >= 0)
        place = (instructions[rows], generator[rows])
        np.add.at(points, place, won[rows])
        np.add.at(counts, place, 1)
    return np.concatenate([points, counts], axis=1)


def _rates(totals: Floats) -> tuple[Floats, Floats]:
    """Give both annotators' win rates in percent, NaN where nothing was drawn; each (R, generators)."""
    points, counts, other_points, other_counts = np.split(totals, 4, axis=1)
    return (
        100 * points / np.where(counts > 0, counts, np.nan),
        100 * other_points / np.where(other_counts > 0, other_counts, np.nan),
    )


def _spearman(x: Floats, y: Floats) -> Floats:
    from scipy.stats import rankdata

    # Rounded, because equal rates must tie whatever the order in which they were added up.
    return _pearson(rankdata(np.round(x, 9), axis=1), rankdata(np.round(y, 9), axis=1))


def _pearson(x: Floats, y: Floats) -> Floats:
    """Correlate each row of x with the same row of y; NaN where one of them does not vary."""
    x, y = x - x.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True)
    spread = np.sqrt((x**2).sum(axis=1) * (y**2).sum(axis=1))
    defined = spread > 1e-12
    return np.where(defined, (x * y).sum(axis=1) / np.where(defined, spread, 1), np.nan)
