"""The scores of several models on the same instructions, arranged for paired comparison."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from autoeval.analysis.arrays import means_by
from autoeval.analysis.tables import Codes, preferences_of, require, weights_of
from autoeval.errors import UsageError
from autoeval.metrics.observations import Floats, Observations

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("instruction", "generator_1", "generator_2", "preference")


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of M models on I instructions, all against one reference.

    Attributes:
        models: their names, the best overall first.
        values: preference − 1, the mean over a model's rows for one instruction (both orders, samples);
            NaN where not judged; shape (I, M).
        subsets: names of the subsets, in order of appearance; empty where the table has no `dataset`.
        subset: which of them each instruction belongs to, −1 for none; shape (I,).
        unit: what a difference of 1 is in the numbers that are given: 100 points of a win rate.
        are_preferences: whether values above and below a half are wins and losses; grades are neither.
        plain: the values whose verdicts are counted, where some count more than others and `values` are linearised, so
            that their mean is the weighted one; shape (I, M).
    """

    models: tuple[str, ...]
    values: Floats
    subsets: tuple[str, ...]
    subset: Codes
    unit: float = 100.0
    are_preferences: bool = True
    plain: Floats | None = None

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """The places of both models of every pair, the better one first."""
        return list(combinations(range(len(self.models)), 2))

    def differences(self) -> Floats:
        """Score of the first minus score of the second model of every pair; shape (I, pairs)."""
        first, second = np.array(self.pairs, dtype=np.int64).reshape(-1, 2).T
        return self.values[:, first] - self.values[:, second]

    def verdict_differences(self) -> Floats:
        """The same with scores rounded to a win (1), a tie (0) and a loss (−1); of grades, which is higher."""
        if not self.are_preferences:
            return np.sign(np.round(self.differences(), 9))
        first, second = np.array(self.pairs, dtype=np.int64).reshape(-1, 2).T
        values = self.values if self.plain is None else self.plain
        verdicts = np.sign(np.round(values - 0.5, 9))
        return verdicts[:, first] - verdicts[:, second]


def model_scores(annotations: pd.DataFrame) -> Scores:
    """Arrange the annotations of several models against one reference.

    Args:
        annotations: rows with `instruction`, `generator_1`, `generator_2`, `preference` and, for subsets,
            `dataset`; the models are the values of `generator_2`.

    Raises:
        UsageError: a missing column, a preference outside [1, 2], fewer than two models, or models judged
            against different references, whose preferences do not compare.
    """
    import pandas as pd

    table = require(annotations, "annotations", COLUMNS)
    references = sorted(map(str, table["generator_1"].unique()))
    if len(references) > 1:
        raise UsageError(
            f"the models were judged against different references ({', '.join(references)}), so their "
            "preferences do not compare. Keep the rows of one generator_1."
        )
    instruction, instructions = pd.factorize(table["instruction"])
    model, models = pd.factorize(table["generator_2"])
    if len(models) < 2:
        raise UsageError(f"comparing needs two models or more, the column 'generator_2' names {len(models)}")
    shape = len(instructions), len(models)
    cells = instruction.astype(np.int64) * shape[1] + model
    shares, weights = preferences_of(table, "annotations") - 1, weights_of(table, "annotations")
    plain = None
    values = means_by(cells, shares, shape[0] * shape[1]).reshape(shape)
    if weights is not None:
        values, plain = _linearised(cells, shares, weights, shape)
    judged = ~np.isnan(values)
    overall = np.where(judged, values, 0).sum(axis=0) / np.maximum(judged.sum(axis=0), 1)
    order = np.argsort(-overall, kind="stable")
    subsets, subset = _subsets(table, instruction, len(instructions))
    names = tuple(str(models[place]) for place in order)
    plain = None if plain is None else plain[:, order]
    return Scores(names, values[:, order], subsets, subset, plain=plain)


def _linearised(
    cells: Codes, shares: Floats, weights: Floats, shape: tuple[int, int]
) -> tuple[Floats, Floats]:
    """Return the values of every instruction and model whose means are weighted, and the plain ones."""
    judged = ~np.isnan(shares)
    n = shape[0] * shape[1]
    sums = np.bincount(cells[judged], (shares * weights)[judged], n).reshape(shape)
    sizes = np.bincount(cells[judged], weights[judged], n).reshape(shape)
    values, plain = np.full((2, *shape), np.nan)
    for model in range(shape[1]):
        there = sizes[:, model] > 0
        observed = Observations(sums[there, model], sizes[there, model])
        values[there, model], plain[there, model] = observed.linearised, observed.sums / observed.sizes
    return values, plain


def _subsets(table: pd.DataFrame, instruction: Codes, n: int) -> tuple[tuple[str, ...], Codes]:
    import pandas as pd

    subset = np.full(n, -1, dtype=np.int64)
    if "dataset" not in table.columns:
        return (), subset
    codes, names = pd.factorize(table["dataset"])
    subset[instruction] = codes
    return tuple(map(str, names)), subset
