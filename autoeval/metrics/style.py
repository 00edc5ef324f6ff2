"""Ranking with style held equal: how much of a judge's preference goes with length, headers, lists and bold."""

import re
from dataclasses import dataclass

import numpy as np

from autoeval.metrics.comparisons import Comparisons
from autoeval.metrics.logistic import sigmoid
from autoeval.metrics.observations import Floats
from autoeval.metrics.ranking import Ranked, ranked, summary
from autoeval.metrics.strengths import Contests, fit
from autoeval.metrics.tables import Table, column
from autoeval.texts.patterns import lazy_pattern

FEATURES = ("length", "headers", "lists", "bold")
RESAMPLES = 200
_ABILITY_PRECISION = 0.01
_EFFECT_PRECISION = 1.0

_HEADER = lazy_pattern(r"^ {0,3}#{1,6}\s", re.MULTILINE)
_LIST_ITEM = lazy_pattern(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s", re.MULTILINE)
_BOLD = lazy_pattern(r"(\*\*|__)(?=\S)(?:.+?)(?<=\S)\1")


@dataclass(frozen=True, slots=True)
class StyleEffect:
    """What one feature does to the log odds of winning, per standard deviation of its difference.

    Attributes:
        feature: `length`, `headers`, `lists` or `bold`.
        value: change in the log odds (not percent).
        standard_error: bootstrap over instructions.
        low: lower end of the percentile bootstrap interval.
        high: upper end.
    """

    feature: str
    value: float
    standard_error: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class StyleControlled:
    """A ranking at equal style.

    Attributes:
        models: best first; `value` is the win rate expected against the other models at equal style, in
            percent.
        effects: one a feature.
    """

    models: tuple[Ranked, ...]
    effects: tuple[StyleEffect, ...]


def style_counts(text: str) -> tuple[int, int, int, int]:
    """Count characters, Markdown headers, list items and bold passages."""
    return len(text), len(_HEADER.findall(text)), len(_LIST_ITEM.findall(text)), len(_BOLD.findall(text))


def rank_at_equal_style(
    annotations: Table, level: float = 0.95, seed: int = 0, resamples: int = RESAMPLES
) -> StyleControlled:
    """Rank models by logistic regression on who they are and on how the two outputs look.

    z = ability_2 − ability_1 + Σ effect · difference, a feature's difference being (x_2 − x_1)/(x_2 + x_1)
    over its standard deviation (0 where neither output has any), as in Chiang et al., "Does style matter?"
    (2024). Small Gaussian penalties (precision 0.01 on abilities, 1 on effects) keep the fit finite where a
    model never loses. It tells what goes with style, not what style causes.

    Args:
        annotations: rows with generator_1, generator_2, instruction, output_1, output_2 and preference.
        level: coverage that the intervals aim at.
        seed: of the bootstrap.
        resamples: how many times instructions are drawn.

    Raises:
        ValueError: a column is missing, or nothing was judged.
    """
    comparisons = Comparisons.of(annotations)
    m = len(comparisons.models)
    contests = Contests.of(
        m,
        comparisons.second,
        comparisons.first,
        comparisons.shares,
        _style_differences(annotations, comparisons),
    ).weighted(comparisons.weights)
    precision = np.concatenate([np.full(m, _ABILITY_PRECISION), np.full(len(FEATURES), _EFFECT_PRECISION)])
    beta = fit(contests, ridge=precision)
    counts = comparisons.bootstrap_counts(resamples, seed)[:, comparisons.instructions] * comparisons.weights
    drawn = np.array([fit(contests.weighted(weights), beta, precision) for weights in counts])
    effects = summary(beta[m:], drawn[:, m:], level) / 100
    return StyleControlled(
        models=ranked(comparisons, _expected(beta[None, :m])[0], _expected(drawn[:, :m]), level),
        effects=tuple(StyleEffect(name, *map(float, effects[:, i])) for i, name in enumerate(FEATURES)),
    )


def _expected(abilities: Floats) -> Floats:
    """Mean win rate against each of the others; shape (B, M)."""
    against = sigmoid(abilities[:, :, None] - abilities[:, None, :])
    return np.asarray((against.sum(axis=2) - 0.5) / (abilities.shape[1] - 1))


def _style_differences(annotations: Table, comparisons: Comparisons) -> Floats:
    """Standardised differences, a row each comparison; shape (n, 4)."""
    outputs = column(annotations, "output_1"), column(annotations, "output_2")
    first, second = (
        np.array([style_counts(texts[row] or "") for row in comparisons.rows], dtype=float)
        for texts in outputs
    )
    total = first + second
    relative = np.divide(second - first, total, out=np.zeros_like(total), where=total > 0)
    spread = relative.std(axis=0)
    return np.asarray(np.divide(relative, spread, out=np.zeros_like(relative), where=spread > 0))
