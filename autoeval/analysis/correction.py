"""A win rate by a judge, corrected with human labels on some of the same pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np

from autoeval.analysis.arrays import means_by, totals_by
from autoeval.analysis.results import resampled_totals
from autoeval.analysis.tables import Codes, number_pairs, preferences_of, require
from autoeval.errors import UsageError, nearest
from autoeval.metrics.intervals import mean_interval
from autoeval.metrics.observations import Floats, Observations
from autoeval.metrics.student import student_quantile

if TYPE_CHECKING:
    import pandas as pd

Method: TypeAlias = Literal["prediction_powered", "rogan_gladen"]
METHODS: tuple[str, ...] = get_args(Method)
FEWEST_LABELS = 10
_NORMAL = 1.959964
"""How many standard errors the middle 95% of a normal distribution reach to each side."""


@dataclass(frozen=True, slots=True)
class CorrectedWinRate:
    """A win rate as people would have it, in percent.

    Attributes:
        value: the corrected win rate, cut at 0 and 100.
        standard_error: √V of prediction_powered; of rogan_gladen half the width of the bootstrap's middle 68%. Before
            cutting.
        low: lower end of the 95% interval, cut likewise.
        high: upper end of it.
        n: pairs that the judge judged.
        n_labels: of those, pairs with a human label.
        judge: the judge's own win rate on all pairs.
        human: the human win rate on the labelled pairs alone.
        unclipped: the estimate before cutting.
        clipped: whether cutting changed it; the judge's errors then differ from those that were measured.
        method: how it was corrected.
        judge_weight: λ of prediction_powered, 0 to 1: how far the judge is followed; None with rogan_gladen.
        worth: how many labels alone would give as narrow an interval; None with rogan_gladen.
    """

    value: float
    standard_error: float
    low: float
    high: float
    n: int
    n_labels: int
    judge: float
    human: float
    unclipped: float
    clipped: bool
    method: Method
    judge_weight: float | None = None
    worth: float | None = None


def correct_with_human_labels(
    annotations: pd.DataFrame,
    labels: pd.DataFrame,
    method: Method = "prediction_powered",
    seed: int = 0,
) -> CorrectedWinRate:
    """Correct a judge's win rate with human labels on a random part of the same pairs.

    prediction_powered: λ mean_N(judge) + mean_n(human − λ judge), N pairs, n of them labelled, with
        λ = cov(human, judge)/var(judge) on the labelled pairs, kept in [0, 1] (Angelopoulos, Duchi and Zrnic, "PPI++",
        2023). Whatever the judge's faults it is right on average, and hardly ever less sure than people alone, as a
        judge that does not follow them gets the weight 0; the labelled pairs have to be a random sample of this
        comparison (`draw_labels`). Graded preferences and ties are fine. V = s²(human − λ judge)(1/n − 1/N) +
        s²(human)/N, by instruction where one has several pairs, the former with n − 2 degrees of freedom if λ is not 0.
        The interval is θ ± q√V, moved towards 50 by (q²/3 + 1/6)(1 − 2θ) V / θ(1 − θ), because where people nearly
        always agree on a side, few labels hold too few upsets more often than too many. For wins and losses that is
        Cai's second-order interval (2005), and q is the normal quantile, as their mean tells their variance; the less
        of θ(1 − θ) the variance of graded ones is, the more of q is Student's.
    rogan_gladen: p = (J − μ₁) / (μ₂ − μ₁), with J the judge's mean preference on all pairs and μ_h its mean
        preference where the human majority is h (Rogan and Gladen 1978). Estimates how often people prefer
        output 2 among pairs on which they are not tied. Human ties say nothing about μ₁ and μ₂ and are left
        out.

    The interval of rogan_gladen is a joint bootstrap over instructions: one draw decides both the judge's mean and
    the correction. It is a percentile interval stretched by t / z for the number of labelled instructions.

    Args:
        annotations: the judge's, a row a pair (`instruction`, `output_1`, `output_2`, `preference`).
        labels: human votes on some of these pairs in the same columns; several on a pair are averaged.
        method: see above.
        seed: of the bootstrap (rogan_gladen).

    Returns:
        The corrected win rate with what it was made of.

    Raises:
        UsageError: fewer than 10 labelled instructions, labels for pairs that the judge has not judged, a
            missing column, a preference outside [1, 2], or (rogan_gladen) a judge that cannot be told to
            prefer what people prefer, so that there is nothing to correct with.
    """
    if method not in METHODS:
        raise UsageError(f"unknown method {method!r}. {nearest(method, METHODS)}")
    judge, human, instructions = _by_pair(annotations, labels)
    labelled = ~np.isnan(human)
    n_labelled_instructions = len(np.unique(instructions[labelled]))
    if n_labelled_instructions < FEWEST_LABELS:
        raise UsageError(
            f"labels on {n_labelled_instructions} instructions are too few to correct with; "
            f"label pairs on {FEWEST_LABELS} or more"
        )
    if method == "prediction_powered":
        found = _powered(judge, human, instructions, n_labelled_instructions)
    else:
        found = _gladen_estimate(judge, human, instructions, seed, n_labelled_instructions)
    unclipped = 100 * found.value
    return CorrectedWinRate(
        value=_cut(unclipped),
        standard_error=100 * found.standard_error,
        low=_cut(100 * found.low),
        high=_cut(100 * found.high),
        n=len(judge),
        n_labels=int(labelled.sum()),
        judge=100 * float(judge.mean()),
        human=100 * float(human[labelled].mean()),
        unclipped=unclipped,
        clipped=not 0 <= unclipped <= 100,
        method=method,
        judge_weight=found.weight,
        worth=found.worth,
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """An estimate with its interval, as shares."""

    value: float
    standard_error: float
    low: float
    high: float
    weight: float | None = None
    worth: float | None = None


def _powered(judge: Floats, human: Floats, instructions: Codes, n_instructions: int) -> _Found:
    labelled = ~np.isnan(human)
    h, j, clusters = human[labelled], judge[labelled], instructions[labelled]
    share = len(h) / len(judge)
    weight = 0.0
    if np.ptp(j) > 0:
        weight = float(np.clip(np.cov(h, j)[0, 1] / j.var(ddof=1), 0, 1))
    rest, alone = Observations.of(h - weight * j, clusters), Observations.of(h, clusters)
    value = weight * float(judge.mean()) + float(rest.mean)
    fitted = (n_instructions - 1) / (n_instructions - 2) if weight > 0 else 1.0
    of_rest, of_people = float(rest.standard_error**2) * fitted, float(alone.standard_error**2)
    variance = of_rest * (1 - share) + of_people * share
    q = _quantile(h, n_instructions)
    moved, half = _towards_half(value, variance, q, len(h)), q * variance**0.5
    low, high = min(value + moved - half, value), max(value + moved + half, value)
    if np.ptp(h) == 0:  # nothing varies to tell how sure the labels are
        guarded = mean_interval(h, clusters=clusters)
        low, high = min(low, guarded.low / 100), max(high, guarded.high / 100)
    worth = len(h) * of_people / variance if variance > 0 else float(len(h))
    return _Found(value, variance**0.5, low, high, weight, worth)


def _quantile(labels: Floats, n_instructions: int) -> float:
    """Return the normal quantile for wins and losses, Student's for the rest of what the labels are."""
    mean = float(labels.mean())
    wins_and_losses = min(float(labels.var(ddof=1)) / (mean * (1 - mean)), 1.0) if 0 < mean < 1 else 0.0
    student = student_quantile(n_instructions - 2, 0.95)
    return student + wins_and_losses * (_NORMAL - student)


def _towards_half(value: float, variance: float, q: float, n: int) -> float:
    """Return how far an interval of n labels is moved, as a mean of nearly all wins or losses errs askew."""
    share = min(max(value, 0.5 / n), 1 - 0.5 / n)
    return (q**2 / 3 + 1 / 6) * (1 - 2 * share) * variance / (share * (1 - share))


def _gladen_estimate(
    judge: Floats, human: Floats, instructions: Codes, seed: int, n_instructions: int
) -> _Found:
    totals = totals_by(instructions, _gladen_columns(judge, human))
    resampled = resampled_totals(totals, seed)
    _refuse_a_judge_without_skill(resampled)
    value, draws = float(_gladen(totals.sum(axis=0, keepdims=True))[0]), _gladen(resampled)
    low, lower, upper, high = np.nanquantile(draws, [0.025, 0.1587, 0.8413, 0.975]).tolist()
    stretch = _stretch(n_instructions)
    return _Found(
        value, (upper - lower) / 2, value + stretch * (low - value), value + stretch * (high - value)
    )


def _by_pair(annotations: pd.DataFrame, labels: pd.DataFrame) -> tuple[Floats, Floats, Codes]:
    """Give judge and human mean scores (NaN: no label) and the instruction of each judged pair."""
    tables = [require(annotations, "annotations"), require(labels, "labels")]
    (judged, voted), instructions = number_pairs(tables)
    judge = means_by(judged, preferences_of(annotations, "annotations") - 1, len(instructions))
    human = means_by(voted, preferences_of(labels, "labels") - 1, len(instructions))
    strays = ~np.isin(voted, judged)
    if strays.any():
        first = int(np.flatnonzero(strays)[0])
        raise UsageError(
            f"{int(strays.sum())} of {len(labels)} labels (first: row {first}) are for "
            "pairs that are not in the annotations. Give the labels that were drawn from this run."
        )
    known = ~np.isnan(judge)
    return judge[known], human[known], instructions[known]


def _gladen_columns(judge: Floats, human: Floats) -> Floats:
    first, second = human < 0.5, human > 0.5
    by_majority = [column for side in (first, second) for column in (side, np.where(side, judge, 0))]
    return np.column_stack([np.ones_like(judge), judge, *by_majority])


def _gladen(totals: Floats) -> Floats:
    n, judge = totals[:, 0], totals[:, 1]
    when_first, when_second = _given_majority(totals)
    spread = when_second - when_first
    return (judge / n - when_first) / np.where(spread != 0, spread, np.nan)


def _given_majority(totals: Floats) -> tuple[Floats, Floats]:
    """Give the judge's mean score where people prefer output 1, and where they prefer output 2."""
    n_first, first, n_second, second = totals[:, 2:].T
    when_first = first / np.where(n_first > 0, n_first, np.nan)
    return when_first, second / np.where(n_second > 0, n_second, np.nan)


def _refuse_a_judge_without_skill(resampled: Floats) -> None:
    when_first, when_second = _given_majority(resampled)
    spread = when_second - when_first
    defined = spread[~np.isnan(spread)]
    low, high = np.quantile(defined, [0.025, 0.975]) if len(defined) > len(spread) / 2 else (-1.0, 1.0)
    if low <= 0 <= high:
        raise UsageError(
            "on the labelled pairs the judge's preference does not follow the human one: the interval of "
            f"μ₂ − μ₁ is {low:.2f} to {high:.2f} and includes 0. Label more pairs, or use the method "
            "'prediction_powered', which needs no such thing."
        )


def _stretch(n: int) -> float:
    """By how much the bootstrap of n labelled instructions is too narrow: t / z, and the n − 1 variance."""
    from scipy.special import stdtrit

    return float(stdtrit(n - 1, 0.975) / _NORMAL * np.sqrt(n / (n - 1)))


def _cut(percent: float) -> float:
    return min(max(percent, 0.0), 100.0)
