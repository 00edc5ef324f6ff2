"""Everything that is known of one judge, and its row on the board of evaluators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from autoeval.analysis.agreement import Agreement, Rule, bias, human_agreement, variance
from autoeval.analysis.correlation import Correlations, correlations
from autoeval.analysis.reliability import krippendorff_alpha
from autoeval.analysis.results import Statistic
from autoeval.analysis.tables import preferences_of
from autoeval.analysis.tendencies import (
    first_shown_preference,
    flip_rate,
    length_preference,
    list_preference,
    share_parsed,
)
from autoeval.metrics.estimates import Estimate
from autoeval.metrics.observations import Floats

if TYPE_CHECKING:
    import pandas as pd

_GENERATORS = {"generator_1", "generator_2"}
_ORDER = {"is_switched_outputs", "judgments"}


@dataclass(frozen=True, slots=True)
class JudgeReport:
    """How good a judge is.

    Attributes:
        agreement: with the mode of the human votes, in percent.
        bias: error of the judge's mode against the human mode, in percent.
        variance: error of one vote against the judge's other votes, in percent.
        correlations: with people, over generators; None where the tables do not name generators.
        longer: probability of preferring the longer output.
        lists: probability of preferring the output with a list.
        first_shown: probability of preferring the output shown first; None where the order is not recorded.
        flips: how often swapping the outputs changes the verdict, in percent; None likewise.
        alpha: Krippendorff's alpha among the judge's votes on one pair.
        parsed: share of replies from which a preference was read, in percent.
        n_parsed: how many those are.
        first_output: 2 − mean preference, the probability of preferring output 1.
        dollars_per_1000: mean price of 1000 examples; NaN where unknown.
        seconds_per_1000: mean time of 1000 examples; NaN where unknown.
    """

    agreement: Agreement
    bias: Agreement
    variance: Agreement
    correlations: Correlations | None
    longer: Statistic
    lists: Statistic
    first_shown: Statistic | None
    flips: Estimate | None
    alpha: Statistic
    parsed: Estimate
    n_parsed: int
    first_output: float
    dollars_per_1000: float
    seconds_per_1000: float

    def row(self, mode: str = "minimal") -> dict[str, float | int | str]:
        """Give the judge's row of the evaluators' board: AlpacaEval's columns in its units, then ours.

        As there, a judge with one vote a pair has no bias of its own: that would be 100 − agreement.

        Args:
            mode: which printed board the row belongs to (`minimal`, `verified`, `community`).
        """
        nan = float("nan")
        spearman, pearson = (
            (self.correlations.spearman.value, self.correlations.pearson.value)
            if self.correlations
            else (nan, nan)
        )
        return {
            "Human agreement": self.agreement.value,
            "Price [$/1000 examples]": self.dollars_per_1000,
            "Time [seconds/1000 examples]": self.seconds_per_1000,
            "Spearman corr.": spearman,
            "Pearson corr.": pearson,
            "Bias": self.bias.value if self.variance.n else nan,
            "Variance": self.variance.value,
            "Proba. prefer longer": self.longer.value,
            "Proba. prefer lists": self.lists.value,
            "Proba. prefer 1": self.first_output,
            "# parsed": self.n_parsed,
            "mode": mode,
            "Human agreement SE": self.agreement.standard_error,
            "Proba. prefer first shown": self.first_shown.value if self.first_shown else nan,
            "Flip rate": self.flips.value if self.flips else nan,
            "Krippendorff's alpha": self.alpha.value,
            "Share parsed": self.parsed.value,
        }


def evaluate_judge(
    votes: pd.DataFrame,
    annotations: pd.DataFrame | None = None,
    rule: Rule = "absolute",
    compatible: bool = False,
    seed: int = 0,
) -> JudgeReport:
    """Compute every statistic of one judge from its annotations of pairs that people voted on.

    Args:
        votes: human votes, a row a vote (`instruction`, `output_1`, `output_2`, `preference`; with
            `generator_1` and `generator_2`, win rates are correlated too).
        annotations: the judge's, its vote i from seed i. None: evaluate people themselves.
        rule: the scoring rule, see `human_agreement`.
        compatible: compute as alpaca-eval 0.6.6 does where it differs.
        seed: of the bootstraps.

    Raises:
        UsageError: a missing column, a preference outside [1, 2], or no pair in common.
    """
    judged = votes if annotations is None else annotations
    columns = set(judged.columns)
    named = columns >= _GENERATORS and set(votes.columns) >= _GENERATORS
    ordered = bool(columns & _ORDER)
    return JudgeReport(
        agreement=human_agreement(votes, annotations, rule, compatible),
        bias=bias(votes, annotations, rule, compatible),
        variance=variance(judged, rule, compatible),
        correlations=correlations(votes, judged, seed) if named else None,
        longer=length_preference(judged, compatible),
        lists=list_preference(judged, compatible),
        first_shown=first_shown_preference(judged) if ordered else None,
        flips=flip_rate(judged) if ordered else None,
        alpha=krippendorff_alpha(judged, seed=seed),
        parsed=share_parsed(judged),
        n_parsed=int(judged["preference"].notna().sum()),
        first_output=2 - _mean(preferences_of(judged, "annotations")),
        dollars_per_1000=1000 * _mean_of(judged, "price_per_example"),
        seconds_per_1000=1000 * _mean_of(judged, "time_per_example"),
    )


def _mean_of(table: pd.DataFrame, column: str) -> float:
    if column not in table.columns:
        return float("nan")
    return _mean(table[column].to_numpy(dtype=float, na_value=float("nan")))


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
