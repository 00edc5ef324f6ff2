"""Boards of Arena-Hard: a row a model, with its win rate against the baseline over all and by category."""

from collections.abc import Mapping, Sequence

import numpy as np

from autoeval.data.arena_hard import ArenaSet
from autoeval.leaderboards.arena_columns import COLUMNS
from autoeval.leaderboards.arena_games import Category, Played, Rate, Scores, opponents_of
from autoeval.leaderboards.table import Board
from autoeval.metrics.against_baseline import (
    resampled_means,
)
from autoeval.metrics.columns import Cell
from autoeval.metrics.estimates import Method
from autoeval.metrics.intervals import interval_ends


def means(category: Category, interval: Method = "t_plus4") -> Scores:
    """Return each model's mean over its games, a question being one observation."""
    found = {}
    for model, played in opponents_of(category).items():
        observed = played.observations()
        low, high = interval_ends(observed, interval, 0.95, seed=0)
        numbers = (float(observed.mean), float(observed.standard_error), float(low), float(high))
        found[model] = Rate(*(100 * number for number in numbers))
    return found


def upstream_means(category: Category, arena: ArenaSet) -> Scores:
    """Return the scores as Arena-Hard computes them: every game is an observation, drawn a hundred times."""
    opponents = opponents_of(category)
    if not opponents:
        return {}
    games = [
        (place, win, weight)
        for place, played in enumerate(opponents.values())
        for of_question in played.games.values()
        for win, weight in of_question
    ]
    model, wins, weights = (np.array(column) for column in zip(*games, strict=True))
    drawn = 100 * resampled_means(model, len(opponents), wins.astype(float), weights)
    low, high = np.nanquantile(drawn, arena.tails, axis=0)
    errors = np.nanstd(drawn, axis=0, ddof=1)
    values = (
        [100 * float(played.observations().mean) for played in opponents.values()]
        if arena.is_first_version
        else np.nanmean(drawn, axis=0)
    )
    return {
        name: Rate(float(values[i]), float(errors[i]), float(low[i]), float(high[i]))
        for i, name in enumerate(opponents)
    }


def arena_board(
    judge: str, categories: Sequence[Category], scores: Sequence[Scores], whole: Scores | None = None
) -> Board:
    """Make a board, best first, of each category's scores.

    Over several, the score is that of `whole`, or their mean in which each weighs what its games do.
    """
    rows: dict[str, Mapping[str, Cell]] = {}
    baselines = list(dict.fromkeys(category.baseline for category in categories))
    for model in dict.fromkeys(name for found in scores for name in found):
        parts = {
            category.name: (found[model], category.played[model])
            for category, found in zip(categories, scores, strict=True)
            if model in found
        }
        met = [category.baseline for category in categories if category.name in parts]
        rows[model] = _row(parts, len(categories) > 1, whole[model] if whole else None) | {
            "baseline": " ".join(dict.fromkeys(met)),
            "judge": judge,
        }
    for model in _unjudged(categories):
        rows[model] = {"n_total": 0, "n_missing": _n_missing(categories, model), "judge": judge}
    if len(categories) == 1:
        itself = {"score": 50.0, "standard_error": 0.0, "low": 50.0, "high": 50.0}
        counts = {"n_total": 0, "n_missing": 0}
        rows[baselines[0]] = {**itself, **counts, "baseline": baselines[0], "judge": judge}
    return Board(rows, COLUMNS).sorted_by("score")


def _row(
    parts: Mapping[str, tuple[Rate, Played]], with_categories: bool, whole: Rate | None
) -> dict[str, Cell]:
    sizes = [float(played.observations().sizes.sum()) for _, played in parts.values()]
    whole = whole or _pooled([rate for rate, _ in parts.values()], sizes)
    row: dict[str, Cell] = {
        "score": whole.value,
        "standard_error": whole.standard_error,
        "low": whole.low,
        "high": whole.high,
        "n_total": sum(len(played.games) for _, played in parts.values()),
        "n_missing": sum(played.n_missing for _, played in parts.values()),
    }
    for name, (rate, played) in parts.items() if with_categories else ():
        label = name or "without_category"
        ends = {f"{label}_low": rate.low, f"{label}_high": rate.high}
        row |= {label: rate.value, **ends, f"{label}_n": len(played.games)}
    return row


def _unjudged(categories: Sequence[Category]) -> list[str]:
    """Return the models without a single judged question, in the order of their files."""
    judged = {model for category in categories for model, played in category.played.items() if played.games}
    return [model for category in categories for model in category.played if model not in judged]


def _n_missing(categories: Sequence[Category], model: str) -> int:
    return sum(category.played[model].n_missing for category in categories if model in category.played)


def _pooled(rates: Sequence[Rate], sizes: Sequence[float]) -> Rate:
    """Average rates by size; the ends by recovering each one's variance from its interval (Zou and Donner 2008)."""
    if len(rates) == 1:
        return rates[0]
    share = np.array(sizes) / max(sum(sizes), 1)
    value, error, low, high = np.array(
        [[rate.value, rate.standard_error, rate.low, rate.high] for rate in rates]
    ).T
    mean = float(share @ value)
    return Rate(
        mean,
        float(np.linalg.norm(share * error)),
        mean - float(np.linalg.norm(share * (value - low))),
        mean + float(np.linalg.norm(share * (high - value))),
    )


def has_games(category: Category) -> bool:
    """Whether some model has a judged question against the baseline."""
    return bool(opponents_of(category))
