"""Grades of answers: means on their scale with intervals that take questions as the observations."""

import math
from collections.abc import Hashable, Sequence

import numpy as np

from autoeval.metrics.estimates import MeanGrade
from autoeval.metrics.intervals import interval_ends
from autoeval.metrics.observations import Floats, Observations
from autoeval.metrics.student import student_quantile


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
