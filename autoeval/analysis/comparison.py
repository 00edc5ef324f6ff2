"""Which models differ: every pair of them, per subset and overall, with one family of p-values."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np

from autoeval.analysis.power import detectable, named, required
from autoeval.analysis.scores import Scores, model_scores
from autoeval.analysis.significance import (
    ZeroMethod,
    benjamini_hochberg,
    holm,
    mcnemar_test,
    permutation_test,
    t_test,
    wilcoxon_test,
)
from autoeval.errors import UsageError, nearest
from autoeval.metrics.observations import Floats

if TYPE_CHECKING:
    import pandas as pd

Test: TypeAlias = Literal["p_t", "p_wilcoxon", "p_mcnemar", "p_mcnemar_mid", "p_permutation"]
TESTS: tuple[str, ...] = get_args(Test)
OVERALL = "overall"
_NOISE = 1e-9  # of adding up floats


@dataclass(frozen=True, slots=True)
class PairedTests:
    """Two models on the same instructions: their difference and five two-sided p-values of it.

    Attributes:
        value: win rate of the first minus win rate of the second on the shared instructions, in points.
        standard_error: of that difference, in points.
        low: lower end of the 95% t interval, in points; NaN for one instruction and where all differences are equal.
        high: upper end of it.
        n: instructions on which both were judged.
        n_better: of those, on how many the first has the better verdict (win, tie, loss).
        n_worse: on how many it has the worse one.
        p_t: paired t-test.
        p_wilcoxon: Wilcoxon's signed-rank test.
        p_mcnemar: McNemar's exact test over verdicts.
        p_mcnemar_mid: the same with mid-p.
        p_permutation: paired permutation test.
        zero_method: what Wilcoxon's test did with instructions without a difference.
    """

    value: float
    standard_error: float
    low: float
    high: float
    n: int
    n_better: int
    n_worse: int
    p_t: float
    p_wilcoxon: float
    p_mcnemar: float
    p_mcnemar_mid: float
    p_permutation: float
    zero_method: ZeroMethod


@dataclass(frozen=True, slots=True)
class ModelComparisons:
    """Every pair of models, per subset and overall.

    Attributes:
        table: a row a subset and pair: `subset`, `model_1` (the better one overall), `model_2`, the fields of
            `PairedTests`, `p_holm`, `p_bh`, `instructions_needed` and `minimum_detectable` (points).
        models: the best overall first.
        adjusted: the test whose p-values `p_holm` and `p_bh` adjust, over the whole table as one family.
        zero_method: what Wilcoxon's test did with instructions without a difference.
    """

    table: pd.DataFrame
    models: tuple[str, ...]
    adjusted: Test
    zero_method: ZeroMethod

    @property
    def subsets(self) -> tuple[str, ...]:
        """The subsets in the table's order, `overall` last."""
        return tuple(self.table["subset"].unique())

    def matrix(self, subset: str = OVERALL, column: str = "p_t") -> pd.DataFrame:
        """Arrange one column of one subset as a square, models by models; the diagonal is empty.

        Args:
            subset: one of `subsets`.
            column: a column of `table`.

        Raises:
            UsageError: unknown subset or column.
        """
        import pandas as pd

        for name, known in ((subset, self.subsets), (column, tuple(self.table.columns))):
            if name not in known:
                raise UsageError(f"the comparison has no {name!r}. {nearest(name, known)}")
        square = pd.DataFrame(np.nan, index=self.models, columns=self.models)
        rows = self.table[self.table["subset"] == subset]
        for one, other, value in zip(rows["model_1"], rows["model_2"], rows[column], strict=True):
            square.loc[one, other] = square.loc[other, one] = value
        return square


def paired_tests(
    first: pd.DataFrame, second: pd.DataFrame, zero_method: ZeroMethod = "wilcox", seed: int = 0
) -> PairedTests:
    """Test whether two models differ, on the instructions that both were judged on.

    Args:
        first: one model's annotations (`instruction`, `generator_1`, `generator_2`, `preference`).
        second: the other's, against the same reference. Several rows for an instruction are averaged.
        zero_method: `wilcox`, `pratt` or `zsplit`, see `wilcoxon_test`.
        seed: of the permutation test.

    Returns:
        The difference and its p-values; 1 for identical models and for fewer than two instructions.

    Raises:
        UsageError: a missing column, a preference outside [1, 2], or different references.
    """
    import pandas as pd

    scores = model_scores(pd.concat([named(first, "first"), named(second, "second")]))
    in_order = [scores.models.index("first"), scores.models.index("second")]
    return _of_two(
        Scores(
            ("first", "second"),
            scores.values[:, in_order],
            (),
            scores.subset,
            plain=None if scores.plain is None else scores.plain[:, in_order],
        ),
        zero_method,
        seed,
    )


def paired_means(
    first: Mapping[Hashable, float],
    second: Mapping[Hashable, float],
    unit: float = 100.0,
    are_preferences: bool = True,
    seed: int = 0,
    verdicts: tuple[Mapping[Hashable, float], Mapping[Hashable, float]] | None = None,
) -> PairedTests:
    """Test whether two models differ, from each one's mean on every question.

    Args:
        first: one model's means by question.
        second: the other's.
        unit: what a difference of 1 is in the numbers that are given.
        are_preferences: whether means above and below a half are wins and losses; of grades, the higher is the better.
        seed: of the permutation test.
        verdicts: both models' means where the others are not those, but made so that their mean is a weighted one.

    Returns:
        The difference on the questions that both have, and its p-values.
    """
    shared = [name for name in first if name in second]

    def square(one: Mapping[Hashable, float], other: Mapping[Hashable, float]) -> Floats:
        return np.array([[one[name], other[name]] for name in shared], dtype=float).reshape(-1, 2)

    subset = np.full(len(shared), -1, dtype=np.int64)
    plain = square(*verdicts) if verdicts else None
    scores = Scores(("first", "second"), square(first, second), (), subset, unit, are_preferences, plain)
    return _of_two(scores, "wilcox", seed)


def _of_two(scores: Scores, zero_method: ZeroMethod, seed: int) -> PairedTests:
    columns = {name: column[0].item() for name, column in _tested(scores, zero_method, seed).items()}
    return PairedTests(**columns, zero_method=zero_method)


def compare_models(
    annotations: pd.DataFrame, adjusted: Test = "p_t", zero_method: ZeroMethod = "wilcox", seed: int = 0
) -> ModelComparisons:
    """Compare every pair of models, per subset and overall, on the instructions that both were judged on.

    Args:
        annotations: rows of all models against one reference (`instruction`, `generator_1`, `generator_2`,
            `preference`; `dataset` for subsets).
        adjusted: the test whose p-values are adjusted; Holm and Benjamini–Hochberg over all rows together.
        zero_method: `wilcox`, `pratt` or `zsplit`, see `wilcoxon_test`.
        seed: of the permutation test.

    Raises:
        UsageError: a missing column, a preference outside [1, 2], fewer than two models, different
            references, or an unknown test.
    """
    import pandas as pd

    if adjusted not in TESTS:
        raise UsageError(f"unknown test {adjusted!r}. {nearest(adjusted, TESTS)}")
    scores = model_scores(annotations)
    groups = {name: scores.subset == place for place, name in enumerate(scores.subsets)}
    groups[OVERALL] = np.ones(len(scores.values), dtype=bool)
    names = [(scores.models[one], scores.models[other]) for one, other in scores.pairs]
    parts = []
    for subset, rows in groups.items():
        plain = None if scores.plain is None else scores.plain[rows]
        part = Scores(scores.models, scores.values[rows], (), scores.subset[rows], plain=plain)
        part_names = pd.DataFrame(names, columns=["model_1", "model_2"])
        part_names.insert(0, "subset", subset)
        parts.append(part_names.join(pd.DataFrame(_tested(part, zero_method, seed))))
    table = pd.concat(parts, ignore_index=True)
    spread = (table["standard_error"] * np.sqrt(table["n"])).where(table["low"].notna())
    return ModelComparisons(
        table=table.assign(
            p_holm=holm(table[adjusted]),
            p_bh=benjamini_hochberg(table[adjusted]),
            instructions_needed=required(spread, table["value"]),
            minimum_detectable=detectable(spread, table["n"]),
        ),
        models=scores.models,
        adjusted=adjusted,
        zero_method=zero_method,
    )


def _tested(scores: Scores, zero_method: ZeroMethod, seed: int) -> dict[str, Floats]:
    """Give every field of `PairedTests` but the last, each with one value a pair."""
    from scipy.special import stdtrit

    differences, verdicts = scores.differences(), scores.verdict_differences()
    judged = ~np.isnan(differences)
    n = judged.sum(axis=0)
    mean = np.where(judged, differences, 0).sum(axis=0) / np.where(n > 0, n, np.nan)
    squares = (np.where(judged, differences - mean, 0) ** 2).sum(axis=0)
    standard_error = np.sqrt(squares / np.where(n > 1, n - 1, np.nan) / np.maximum(n, 1))
    # where all differences are the same, they tell nothing of how much others would vary
    varied = standard_error > _NOISE
    half = np.where(varied, stdtrit(np.maximum(n - 1, 1), 0.975) * standard_error, np.nan)
    better, worse = (verdicts > 0).sum(axis=0), (verdicts < 0).sum(axis=0)
    exact, mid = mcnemar_test(better, worse)
    return {
        "value": scores.unit * mean,
        "standard_error": scores.unit * standard_error,
        "low": scores.unit * (mean - half),
        "high": scores.unit * (mean + half),
        "n": n,
        "n_better": better,
        "n_worse": worse,
        "p_t": t_test(differences),
        "p_wilcoxon": wilcoxon_test(differences, zero_method),
        "p_mcnemar": exact,
        "p_mcnemar_mid": mid,
        "p_permutation": permutation_test(differences, seed),
    }
