"""Win rates against one baseline with style held equal, as Arena-Hard's boards have them."""

from dataclasses import dataclass
from math import log

import numpy as np
import numpy.typing as npt

from autoeval.metrics.logistic import sigmoid
from autoeval.metrics.observations import Floats
from autoeval.metrics.rank_intervals import difference_errors
from autoeval.metrics.strengths import Contests, fit, fit_with_errors
from autoeval.metrics.student import student_quantile

UPSTREAM_RESAMPLES, UPSTREAM_SEED = 100, 42
_BASE = log(10)


@dataclass(frozen=True)
class Rates:
    """Win rates against the baseline, in percent, each of shape (m,).

    `effects` are what a standard deviation of each feature adds to the log odds, shape (k,).
    """

    values: Floats
    standard_errors: Floats
    low: Floats
    high: Floats
    effects: Floats


@dataclass(frozen=True)
class Against:
    """Games of m models against one baseline.

    Attributes:
        m: how many models there are.
        model: the place of each game's model, shape (n,).
        question: the code of its question, shape (n,).
        wins: how much of the win the model has, shape (n,).
        weights: how many times it counts, whole numbers, shape (n,).
        features: how the answers differ in style, model − baseline, in any unit; shape (n, k).
    """

    m: int
    model: npt.NDArray[np.intp]
    question: npt.NDArray[np.intp]
    wins: Floats
    weights: Floats
    features: Floats

    def contests(self, centred: bool = False, degrees: int = 0) -> Contests:
        """Return them as contests in which the baseline has place 0, the features in standard deviations.

        Args:
            centred: measure features from their mean, so that 0 is no longer equal style.
            degrees: taken from the count where the standard deviation is made.
        """
        total = self.weights.sum()
        mean = self.weights @ self.features / total
        variance = self.weights @ (self.features - mean) ** 2 / max(total - degrees, 1)
        spread = np.sqrt(variance)
        from_mean = self.features - mean if centred else self.features
        scaled = np.divide(from_mean, spread, out=np.zeros_like(from_mean), where=spread > 0)
        baseline = np.zeros(len(self.model), dtype=np.intp)
        return Contests(self.m + 1, self.model + 1, baseline, self.wins, self.weights, scaled)

    def undecided(self) -> npt.NDArray[np.bool_]:
        """Return which models have neither only wins nor only losses, without which no strength is finite; (m,)."""
        won = np.bincount(self.model, self.weights * self.wins, self.m)
        total = np.bincount(self.model, self.weights, self.m)
        return np.asarray((won > 0) & (won < total))


def at_equal_style(games: Against, level: float = 0.95) -> Rates:
    """Give the win rate that each model would have if its answers looked like the baseline's.

    One logistic regression for all models, z = strength of the model − of the baseline + effects · features, by maximum
    likelihood; the errors are of a sandwich that takes a question's games, of whatever model, as one observation.

    Args:
        games: of models that neither win nor lose them all.
        level: coverage that the intervals aim at.
    """
    found = fit_with_errors(games.contests(), [games.question])
    z = found.logs[1:] - found.logs[0]
    m = len(found.logs)
    errors = difference_errors(found.covariance[:m, :m])[0, 1:]
    half = student_quantile(len(np.unique(games.question)) - 1, level) * errors
    rates = sigmoid(z)
    return Rates(
        values=100 * rates,
        standard_errors=100 * rates * (1 - rates) * errors,
        low=100 * sigmoid(z - half),
        high=100 * sigmoid(z + half),
        effects=found.effects,
    )


def as_arena_hard_1(games: Against, tails: tuple[float, float]) -> Rates:
    """Compute the figures as v0.1 does: every game twice, a Gaussian penalty on strengths in powers of ten.

    Its features are measured from their mean, so that they are not at equal style but at the average difference; its
    intervals are percentiles of resampled games.
    """
    contests = games.contests(centred=True)
    k = contests.features.shape[1]
    ridge = np.concatenate([np.full(contests.m, 1 / _BASE**2), np.ones(k)])
    beta = fit(contests.weighted(2 * contests.weights), ridge=ridge)
    drawn = _redrawn(contests, beta, 2.0, ridge)
    rates = 100 * sigmoid(beta[1 : contests.m] - beta[0])
    return _of_draws(
        rates, 100 * sigmoid(drawn[:, 1 : contests.m] - drawn[:, [0]]), tails, beta[contests.m :]
    )


def as_arena_hard_2(games: Against, tails: tuple[float, float]) -> Rates:
    """Compute the figures as v2.0 does: the median and percentiles of resampled games; see `as_arena_hard_1`."""
    contests = games.contests(centred=True, degrees=1)
    drawn = _redrawn(contests, fit(contests), 1.0, None)
    rates = 100 * sigmoid(drawn[:, 1 : contests.m] - drawn[:, [0]])
    effects = np.median(drawn[:, contests.m :], axis=0)
    return _of_draws(np.median(rates, axis=0), rates, tails, effects)


def resampled_means(
    model: npt.NDArray[np.intp], m: int, wins: Floats, weights: npt.NDArray[np.intp]
) -> Floats:
    """Draw all games of all models with replacement, and average each model's; shape (100, m)."""
    model, wins = np.repeat(model, weights), np.repeat(wins, weights)
    rng = np.random.RandomState(UPSTREAM_SEED)
    draws = (rng.choice(len(model), len(model)) for _ in range(UPSTREAM_RESAMPLES))
    with np.errstate(invalid="ignore"):
        return np.array(
            [
                np.bincount(model[rows], wins[rows], m) / np.bincount(model[rows], minlength=m)
                for rows in draws
            ]
        )


def _of_draws(values: Floats, drawn: Floats, tails: tuple[float, float], effects: Floats) -> Rates:
    low, high = np.nanquantile(drawn, tails, axis=0)
    return Rates(values, np.nanstd(drawn, axis=0, ddof=1), low, high, effects)


def _redrawn(contests: Contests, start: Floats, times: float, ridge: Floats | None) -> Floats:
    """Draw games with replacement, a clear win being three of them, and fit each draw; shape (100, m + k)."""
    rng = np.random.default_rng(UPSTREAM_SEED)
    n = int(contests.weights.sum())
    shares = contests.weights / n
    return np.array(
        [
            fit(contests.weighted(times * rng.multinomial(n, shares).astype(float)), start, ridge)
            for _ in range(UPSTREAM_RESAMPLES)
        ]
    )
