"""Grades of answers: means on their scale with intervals that take questions as the observations."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from autoeval.metrics.intervals import interval_ends
from autoeval.metrics.observations import Floats, Observations
from autoeval.metrics.student import student_quantile


@dataclass(frozen=True, slots=True)
class MeanGrade:
    """A mean grade and how far to trust it, on the grades' own scale.

    Attributes:
        mean: over all grades there are; NaN where there is none.
        standard_error: clustered by question; NaN for fewer than two questions.
        low: lower end of the 95% interval.
        high: upper end of it.
        n: how many grades there are.
        n_missing: how many are missing; they are in none of the other numbers.
    """

    mean: float
    standard_error: float
    low: float
    high: float
    n: int
    n_missing: int


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A score said otherwise, as WildBench's (score − 5) · 2: (score − `middle`) · `stretch`, `stretch` above 0."""

    middle: float
    stretch: float

    def of(self, score: float) -> float:
        """Return what a score, or an end of its interval, becomes."""
        return (score - self.middle) * self.stretch

    def cells(self, score: MeanGrade) -> dict[str, float]:
        """Return the columns of a board."""
        ends = (("", score.mean), ("_low", score.low), ("_high", score.high))
        return {f"adjusted{end}": self.of(value) for end, value in ends}


def mean_grade(
    grades: Sequence[float | None],
    questions: Sequence[Hashable],
    scale: tuple[float, float] | None = (1.0, 10.0),
    level: float = 0.95,
) -> MeanGrade:
    """Average grades.

    The turns of a conversation are graded apart but rise and fall together, so the questions are the independent
    observations: the mean is that of all grades, its error that of the mean of clusters (CR1), its interval
    `t_plus4` of `metrics.intervals` on the scale, which has width also where all grades are equal.

    Args:
        grades: one a turn, None or NaN where missing; shape (n,).
        questions: the question of each grade; shape (n,).
        scale: the lowest and the highest grade; None where there is no end, as of rewards: then the interval is
            Student's t interval, mean ± t(G−1) · standard error.
        level: coverage that the interval aims at.

    Returns:
        The mean. Without a grade it is NaN, and the interval the whole scale.

    Raises:
        ValueError: a grade lies outside the scale, or the lengths differ.
    """
    values = np.array([math.nan if grade is None else grade for grade in grades], dtype=float)
    if scale is None:
        return _unbounded(values, questions, level)
    low, high = scale
    if np.any((values < low) | (values > high)):
        raise ValueError(f"a grade lies outside {low:g} to {high:g}")
    observed = Observations.of((values - low) / (high - low), questions)
    width = high - low
    start, end = interval_ends(observed, "t_plus4", level, seed=0)
    n = int((~np.isnan(values)).sum())
    return MeanGrade(
        mean=math.fsum(values[~np.isnan(values)]) / n if n else math.nan,
        standard_error=width * float(observed.standard_error),
        low=low + width * float(start),
        high=low + width * float(end),
        n=n,
        n_missing=len(values) - n,
    )


def _unbounded(values: Floats, questions: Sequence[Hashable], level: float) -> MeanGrade:
    observed = Observations.of(values, questions)
    mean, error = float(observed.mean), float(observed.standard_error)
    reach = student_quantile(observed.n - 1, level) * error if observed.n > 1 else math.nan
    n = int((~np.isnan(values)).sum())
    return MeanGrade(mean, error, mean - reach, mean + reach, n, len(values) - n)


def settled(winners: tuple[str, str]) -> str:
    """Settle two games of the same pair, played in both orders, as FastChat counts them.

    Args:
        winners: `model_1`, `model_2`, `tie` or `error` of each game.

    Returns:
        `error` where either game failed, the winner of both games, else `tie`.
    """
    if "error" in winners:
        return "error"
    return winners[0] if winners[0] == winners[1] else "tie"
