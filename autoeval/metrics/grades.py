"""Grades of answers: means on their scale with intervals that take questions as the observations."""

import math
from collections.abc import Hashable, Mapping, Sequence

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


def weighted_groups(
    grades: Sequence[float | None],
    questions: Sequence[Hashable],
    groups: Sequence[Sequence[str]],
    weights: Mapping[str, float],
    scale: tuple[float, float],
    level: float = 0.95,
) -> MeanGrade:
    """Average the means of groups of tasks, each with its weight: Σ w_g mean_g / Σ w_g over the groups there are.

    A question's share in that mean is linearised, so that one which counts in several groups is one observation; the
    interval is Student's t over questions, cut at the scale's ends.

    Args:
        grades: one a task, None where missing; shape (n,).
        questions: the question of each grade; shape (n,).
        groups: the groups that each counts in; shape (n,). One in none counts in none of the numbers.
        weights: of the groups.
        scale: the lowest and the highest grade.
        level: coverage that the interval aims at.
    """
    known = [
        (value, question, [name for name in names if name in weights])
        for value, question, names in zip(grades, questions, groups, strict=True)
    ]
    counted = [(value, question, names) for value, question, names in known if value is not None and names]
    by_group: dict[str, list[float]] = {}
    for value, _, names in counted:
        for name in names:
            by_group.setdefault(name, []).append(value)
    if not by_group:
        return MeanGrade(math.nan, math.nan, *scale, 0, len(grades))
    total = math.fsum(weights[name] for name in by_group)
    means = {name: math.fsum(values) / len(values) for name, values in by_group.items()}
    shares: dict[Hashable, float] = {}
    for value, question, names in counted:
        part = math.fsum(
            weights[name] / total * (value - means[name]) / len(by_group[name]) for name in names
        )
        shares[question] = shares.get(question, 0.0) + part
    mean = math.fsum(weights[name] * of_group for name, of_group in means.items()) / total
    g = len(shares)
    error = math.sqrt(g / (g - 1) * math.fsum(share**2 for share in shares.values())) if g > 1 else math.nan
    reach = student_quantile(g - 1, level) * error if g > 1 else math.inf
    low, high = max(scale[0], mean - reach), min(scale[1], mean + reach)
    return MeanGrade(mean, error, low, high, len(counted), len(grades) - len(counted))


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
