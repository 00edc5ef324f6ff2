"""Ratings of models from battles on the scale of chess: Bradley–Terry or Elo, with intervals, ranks and differences."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Literal

import numpy as np
import numpy.typing as npt

from autoeval.metrics.observations import Floats
from autoeval.metrics.rank_intervals import Ranks, difference_errors, ranks
from autoeval.metrics.strengths import (
    Contests,
    Places,
    disconnected,
    fit,
    fit_with_errors,
    pooled,
    unsolvable,
)
from autoeval.metrics.student import student_quantile

Interval = Literal["sandwich", "bootstrap"]
INTERVALS: tuple[Interval, ...] = ("sandwich", "bootstrap")
RESAMPLES = 200
MEAN, POINTS = 1000.0, 400 / log(10)
"""The mean rating, and points per unit of log strength: 400 points are odds of ten to one."""
_MANY = 1000


@dataclass(frozen=True)
class Ratings:
    """Ratings of m models.

    Attributes:
        models: names.
        ratings: points, shape (m,).
        covariance: of the ratings, shape (m, m).
        low: lower ends of the intervals, shape (m,).
        high: upper ends.
        ranks: places with their intervals.
        effects: what a standard deviation of each feature adds to the log odds: value and standard error, shape (k, 2).
        n: observations that stand for themselves: battles, or clusters of them.
        n_undefined: bootstrap resamples without a finite solution, which were left out.
    """

    models: tuple[str, ...]
    ratings: Floats
    covariance: Floats
    low: Floats
    high: Floats
    ranks: Ranks
    effects: Floats
    n: int
    n_undefined: int = 0

    def differences(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], Floats, Floats]:
        """Every two models, the better one first: their places, the difference in points and its standard error."""
        order = np.argsort(-self.ratings, kind="stable")
        above, below = np.triu_indices(len(order), 1)
        better, worse = order[above], order[below]
        errors = difference_errors(self.covariance)[better, worse]
        return better, worse, self.ratings[better] - self.ratings[worse], errors


def rate(
    models: Sequence[str],
    contests: Contests,
    clusters: Sequence[Places] = (),
    interval: Interval = "sandwich",
    level: float = 0.95,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Ratings:
    """Rate models by Bradley–Terry, a tie being half a win: 1000 + 400 log₁₀ of the strength, 1000 on average.

    Args:
        models: names, in the order of the contests' places.
        contests: the battles.
        clusters: codes of the battles that are one observation, up to two ways; none: each stands alone.
        interval: `sandwich`, in closed form, or `bootstrap` (percentiles; clusters are drawn with replacement, two ways
            independently of each other: Owen 2007).
        level: coverage that the intervals aim at.
        seed: of draws.
        resamples: of the bootstrap.

    Raises:
        ValueError: no strengths are finite; the message says whose.
    """
    if why := unsolvable(contests.win_matrix, models):
        raise ValueError(why)
    n = _n_observations(contests, clusters)
    if n < 2:
        raise ValueError("there is a single observation, from which no interval can be had")
    found = fit_with_errors(contests, clusters)
    m = contests.m
    ratings = MEAN + POINTS * found.logs
    if interval == "sandwich":
        half = student_quantile(min(n - 1, _MANY), level) * POINTS * np.sqrt(np.diag(found.covariance)[:m])
        errors = np.sqrt(np.diag(found.covariance)[m:])
        covariance, ends = POINTS**2 * found.covariance[:m, :m], (ratings - half, ratings + half)
        effects = np.column_stack([found.effects, errors])
        return _rated(models, ratings, covariance, ends, effects, n, level, seed)
    start = np.concatenate([found.logs, found.effects])
    drawn, n_undefined = _refitted(contests, clusters, start, seed, resamples)
    if len(drawn) < 2:
        raise ValueError("no resample of the battles has finite strengths: take --interval sandwich")
    low, high = np.quantile(MEAN + POINTS * drawn[:, :m], [(1 - level) / 2, (1 + level) / 2], axis=0)
    covariance = np.cov(drawn[:, :m], rowvar=False) * POINTS**2
    effects = np.column_stack([found.effects, drawn[:, m:].std(axis=0, ddof=1)])
    return _rated(models, ratings, covariance, (low, high), effects, n, level, seed, n_undefined)


def rate_by_elo(
    models: Sequence[str],
    contests: Contests,
    clusters: Sequence[Places] = (),
    k: float = 4.0,
    level: float = 0.95,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Ratings:
    """Rate models by Elo (1978) in the order of the battles: from 1000, k · (result − expected) a battle.

    The ratings depend on that order; the intervals (percentiles of battles, or clusters, drawn with replacement) do not
    say how much. A win of more than half counts as a whole one.

    Raises:
        ValueError: some models are linked with the others by no chain of battles.
    """
    if why := disconnected(contests.win_matrix, models):
        raise ValueError(why)
    battles = np.arange(len(contests.wins))
    ratings = _elo(contests, battles, k)
    rng = np.random.default_rng(seed)
    draws = (np.repeat(battles, _counts(rng, clusters, len(battles))) for _ in range(resamples))
    drawn = np.array([_elo(contests, rows, k) for rows in draws])
    ends = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    n = _n_observations(contests, clusters)
    covariance = np.atleast_2d(np.cov(drawn, rowvar=False))
    return _rated(models, ratings, covariance, (ends[0], ends[1]), np.empty((0, 2)), n, level, seed)


def standardised(first: Floats, second: Floats) -> Floats:
    """Return relative differences (x₁ − x₂)/(x₁ + x₂) in standard deviations; 0 where neither has any.

    Args:
        first: what was counted of the first text of each battle, shape (n, k).
        second: of the second text.
    """
    total = first + second
    relative = np.divide(first - second, total, out=np.zeros_like(total), where=total > 0)
    spread = relative.std(axis=0)
    return np.asarray(np.divide(relative, spread, out=np.zeros_like(relative), where=spread > 0))


def _n_observations(contests: Contests, clusters: Sequence[Places]) -> int:
    return min((int(codes.max()) + 1 for codes in clusters), default=len(contests.wins))


def _refitted(
    contests: Contests, clusters: Sequence[Places], start: Floats, seed: int, resamples: int
) -> tuple[Floats, int]:
    """Fit each resample that has finite strengths; returns them, and how many have none."""
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(resamples):
        resample = contests.weighted(contests.weights * _counts(rng, clusters, len(contests.wins)))
        if unsolvable(resample.win_matrix, [""] * contests.m) is None:
            drawn.append(fit(resample if contests.features.shape[1] else pooled(resample), start))
    return np.array(drawn), resamples - len(drawn)


def _counts(rng: np.random.Generator, clusters: Sequence[Places], n: int) -> npt.NDArray[np.intp]:
    """Draw observations with replacement; returns how often each battle is in it, shape (n,)."""
    counts = np.ones(n, dtype=np.intp)
    for codes in clusters or [np.arange(n)]:
        g = int(codes.max()) + 1
        counts *= np.bincount(rng.integers(g, size=g), minlength=g)[codes]
    return counts


def _elo(contests: Contests, rows: npt.NDArray[np.intp], k: float) -> Floats:
    import evalica
    import pandas as pd

    outcomes = np.array([evalica.Winner.Y, evalica.Winner.Draw, evalica.Winner.X], dtype=object)
    result = evalica.elo(
        contests.first[rows].tolist(),
        contests.second[rows].tolist(),
        outcomes[1 + np.sign(contests.wins[rows] - 0.5).astype(int)].tolist(),
        index=pd.Index(range(contests.m)),
        initial=MEAN,
        k=k,
    )
    return np.asarray(result.scores.sort_index().to_numpy(dtype=float))


def _rated(
    models: Sequence[str],
    ratings: Floats,
    covariance: Floats,
    ends: tuple[Floats, Floats],
    effects: Floats,
    n: int,
    level: float,
    seed: int,
    n_undefined: int = 0,
) -> Ratings:
    low, high = np.minimum(ends[0], ratings), np.maximum(ends[1], ratings)
    places = ranks(ratings, covariance, level, seed)
    return Ratings(tuple(models), ratings, covariance, low, high, places, effects, n, n_undefined)
