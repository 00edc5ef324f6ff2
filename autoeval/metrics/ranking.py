"""Ranking many models: average win rates, and every model against every other."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from autoeval.metrics.comparisons import Comparisons
from autoeval.metrics.observations import Floats
from autoeval.metrics.tables import Table

RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Ranked:
    """One model's place; rates and errors in percent.

    Attributes:
        model: its name.
        value: what the ranking is by.
        standard_error: bootstrap over instructions.
        low: lower end of the percentile bootstrap interval.
        high: upper end.
        n: how many of its comparisons were judged.
        rank: 1 is best; equal values share the better rank.
        rank_low: best rank in the interval.
        rank_high: worst rank in the interval.
    """

    model: str
    value: float
    standard_error: float
    low: float
    high: float
    n: int
    rank: int
    rank_low: int
    rank_high: int


@dataclass(frozen=True, slots=True)
class Pairing:
    """How often one model would win against another, in percent.

    Attributes:
        model: the one whose win rate this is.
        against: its opponent.
        value: the win rate.
        standard_error: bootstrap over instructions.
        low: lower end of the percentile bootstrap interval.
        high: upper end.
        n: how many comparisons of the two were judged.
        indirect: whether no judge compared the two, so that the figure is derived from common opponents
            and rests on the Bradley–Terry assumption that log odds add up.
    """

    model: str
    against: str
    value: float
    standard_error: float
    low: float
    high: float
    n: int
    indirect: bool


def rank_by_win_rate(
    annotations: Table, level: float = 0.95, seed: int = 0, resamples: int = RESAMPLES
) -> tuple[Ranked, ...]:
    """Rank models by average win rate: the mean, over a model's opponents, of its win rate against each.

    Args:
        annotations: rows with generator_1, generator_2, instruction and preference, of all models.
        level: coverage that the intervals aim at.
        seed: of the bootstrap.
        resamples: how many times instructions are drawn.

    Returns:
        The models, best first.
    """
    comparisons = Comparisons.of(annotations)
    drawn = comparisons.resampled_wins(comparisons.bootstrap_counts(resamples, seed))
    return ranked(comparisons, average_win_rates(comparisons.wins[None])[0], average_win_rates(drawn), level)


def pair_win_rates(
    annotations: Table, level: float = 0.95, seed: int = 0, resamples: int = RESAMPLES
) -> tuple[Pairing, ...]:
    """Give every model's win rate against every other one that it met, or with which it shares an opponent.

    Where the two met: the win rate. Where they share opponents r: σ(mean over r of logit p(i beats r) −
    logit p(j beats r)), labelled indirect; half a win and half a loss are added to each p so that a model
    that never lost to r has finite odds.

    Args:
        annotations: rows with generator_1, generator_2, instruction and preference, of all models.
        level: coverage that the intervals aim at.
        seed: of the bootstrap.
        resamples: how many times instructions are drawn.

    Returns:
        One entry a pair of models, in the order in which they first appear.
    """
    comparisons = Comparisons.of(annotations)
    drawn = comparisons.resampled_wins(comparisons.bootstrap_counts(resamples, seed))
    every = np.concatenate([comparisons.wins[None], drawn])
    games = every + every.transpose(0, 2, 1)
    met = games[0] > 0
    pairs = []
    for i, j in combinations(range(len(comparisons.models)), 2):
        shared = np.flatnonzero(met[i] & met[j])
        if not met[i, j] and not shared.size:
            continue
        direct = bool(met[i, j])
        rates = _ratio(every[:, i, j], games[:, i, j]) if direct else _through(every, games, i, j, shared)
        value, error, low, high = (float(x) for x in summary(rates[0], rates[1:, None], level)[:, 0])
        model, against = comparisons.models[i], comparisons.models[j]
        pairs.append(
            Pairing(model, against, value, error, low, high, int(comparisons.met[i, j]), indirect=not direct)
        )
    return tuple(pairs)


def average_win_rates(wins: Floats) -> Floats:
    """Mean over a model's opponents of its win rate against each; shape (B, M, M) to (B, M)."""
    games = wins + wins.transpose(0, 2, 1)
    rates = _ratio(wins, games)
    return np.asarray(_ratio(np.nansum(rates, axis=2), (games > 0).sum(axis=2)))


def ranked(comparisons: Comparisons, values: Floats, drawn: Floats, level: float) -> tuple[Ranked, ...]:
    """Put models in order, with intervals for values and ranks from bootstrap draws (NaN: left out).

    Args:
        comparisons: what was compared.
        values: what to rank by, on [0, 1] (or any scale that 100 fits); shape (M,).
        drawn: the same in each resample, shape (B, M).
        level: coverage that the intervals aim at.
    """
    ranks = 1 + (drawn[:, None, :] > drawn[:, :, None]).sum(axis=2).astype(float)
    ranks[np.isnan(drawn)] = np.nan
    tails = [(1 - level) / 2, (1 + level) / 2]
    rank_low, rank_high = np.nanquantile(ranks, tails, axis=0, method="inverted_cdf")
    rows = summary(values, drawn, level)
    entries = [
        Ranked(
            model=comparisons.models[m],
            value=float(rows[0, m]),
            standard_error=float(rows[1, m]),
            low=float(rows[2, m]),
            high=float(rows[3, m]),
            n=round(comparisons.counts[m]),
            rank=1 + int((values > values[m]).sum()),
            rank_low=int(rank_low[m]),
            rank_high=int(rank_high[m]),
        )
        for m in np.argsort(-values, kind="stable")
    ]
    return tuple(entries)


def summary(values: Floats, drawn: Floats, level: float) -> Floats:
    """Value, standard error and percentile interval of each column, times 100; shape (4, M)."""
    low, high = np.nanquantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    values = np.broadcast_to(values, low.shape)
    return np.asarray(100 * np.array([values, np.nanstd(drawn, axis=0, ddof=1), low, high]))


def _through(wins: Floats, games: Floats, i: int, j: int, shared: npt.NDArray[np.intp]) -> Floats:
    p_i = (wins[:, i, shared] + 0.5) / (games[:, i, shared] + 1)
    p_j = (wins[:, j, shared] + 0.5) / (games[:, j, shared] + 1)
    log_odds = np.log(p_i / (1 - p_i)) - np.log(p_j / (1 - p_j))
    return np.asarray(1 / (1 + np.exp(-log_odds.mean(axis=1))))


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Divide, NaN where there is nothing to divide by."""
    return np.asarray(
        np.divide(numerator, denominator, out=np.full(np.shape(numerator), np.nan), where=denominator > 0)
    )
