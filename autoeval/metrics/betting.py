"""Stop as soon as it is clear on which side of a half a mean lies, however often one looks.

Two gamblers bet on the judgments as they come, one that the mean is above a half, one that it is below. Under a fair
game a capital of 2/α is reached with a chance of at most α/2 (Ville's inequality), so that a gambler who gets there
has shown the fairness to be wrong, at any stopping time. Source: Waudby-Smith and Ramdas, "Estimating means of
bounded random variables by betting" (2024), with their aGRAPA bets and their sampling without replacement.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from autoeval.metrics.observations import Floats

Population: TypeAlias = Literal["these", "like_these"]
Side: TypeAlias = Literal["above", "below"]

_GAPS = (0.01, 0.03, 0.1, 0.3)
_FOLLOWING = 0.3
_MOST = 0.9
_GRID = 400
_PRIOR_SLOPE, _PRIOR_PAIRS = 0.7, 10.0
_PRIOR_VARIANCE = 0.25


@dataclass(frozen=True, slots=True)
class Predicted:
    """Predictions of the values, which take variance out of a question about exactly these pairs.

    Attributes:
        drawn: of the values, in their order; on [0, 1], shape (t,).
        mean: over all N pairs.
        low: the least of all N.
        high: the largest of all N.
    """

    drawn: Floats
    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, predictions: Floats, order: npt.NDArray[np.intp]) -> "Predicted":
        """Predictions of all N pairs, and the order of those that were drawn."""
        mean, low, high = predictions.mean(), predictions.min(), predictions.max()
        return cls(predictions[order], float(mean), float(low), float(high))


@dataclass(frozen=True, slots=True)
class Decision:
    """When a question was decided.

    Attributes:
        side: where the mean lies, against a half; None while it is open.
        n: how many judgments it took; all that there are while it is open.
    """

    side: Side | None
    n: int


def capitals(
    values: Floats, means: Floats, n_pairs: int | None, predicted: Predicted | None = None
) -> tuple[Floats, Floats]:
    """Return what both gamblers have after each judgment, for every hypothetical mean.

    Without replacement the mean that is still to come is m_t = (N m − S_{t−1})/(N − t + 1), and a gain is y_t − m_t.
    With predictions it is y_t − m_t − λ_t (h_t − the mean prediction still to come), whose expectation is 0 as well,
    with λ_t from the judgments so far. Three tenths of the capital follow aGRAPA, which bets mean/(variance + mean²) of
    the gains so far. The rest bets in the same way as if the mean were known to lie .01, .03, .1 or .3 from the
    hypothetical one, so that the judgments still to come are N/(N − t + 1) times as far from m_t: a small gap is
    decided late, when bets may be large, and its size is never known well enough. Each part is split in two where
    there are predictions: without and with them. No bet risks more than nine tenths. Once m_t leaves [0, 1], the
    hypothesis is refuted for certain.

    Args:
        values: on [0, 1], in the random order in which they were drawn; shape (t,).
        means: hypothetical means, shape (g,).
        n_pairs: N, where the values are drawn without replacement and the mean is theirs; None: values are independent
            and the mean is that of where they come from, for which predictions are of no use.
        predicted: predictions of the values.

    Returns:
        Capitals that grow when the mean is above the hypothetical one, and when it is below; shape (g, t).
    """
    past = _Past.of(values)
    if n_pairs is None:
        to_come, growth = np.broadcast_to(means[:, None], (len(means), len(values))), np.ones(len(values))
    else:
        to_come = (n_pairs * means[:, None] - past.sums) / (n_pairs - past.counts)
        growth = n_pairs / (n_pairs - past.counts)
    m = np.clip(to_come, 1e-9, 1 - 1e-9)
    plain = _game(past.mean - m, growth, past.variance, values - m, m, 1 - m)
    up, down = plain
    if predicted is not None and n_pairs is not None:
        helped = _helped(past, growth, values, m, n_pairs, predicted)
        up, down = (plain[0] + helped[0]) / 2, (plain[1] + helped[1]) / 2
    # The mean to come is below 0: more was won than the hypothesis allows. Above 1: less.
    return np.where(_ever(to_come < -1e-9), np.inf, up), np.where(_ever(to_come > 1 + 1e-9), np.inf, down)


@dataclass(frozen=True, slots=True)
class _Past:
    """What is known of the values before each of them; shape (t,)."""

    counts: npt.NDArray[np.intp]
    sums: Floats
    mean: Floats
    variance: Floats
    deviations: Floats  # of each value from what was expected of it

    @classmethod
    def of(cls, values: Floats) -> "_Past":
        counts, sums = np.arange(len(values)), _before(values)
        mean = (0.5 + sums) / (counts + 1)
        around = values - (0.5 + sums + values) / (counts + 2)
        variance = (_PRIOR_VARIANCE + _before(around**2)) / (counts + 1)
        return cls(counts, sums, mean, variance, values - mean)


def _helped(
    past: _Past, growth: Floats, values: Floats, m: Floats, n_pairs: int, predicted: Predicted
) -> tuple[Floats, Floats]:
    """The capitals of gamblers who subtract λ times what was predicted."""
    h, centered = predicted.drawn, predicted.drawn - predicted.mean
    spread = _PRIOR_PAIRS * max((predicted.high - predicted.low) ** 2 / 12, 1e-12)
    slope = (_PRIOR_SLOPE * spread + _before(past.deviations * centered)) / (spread + _before(centered**2))
    slope = np.clip(slope, 0, 1)
    to_come = (n_pairs * predicted.mean - _before(h)) / (n_pairs - past.counts)
    expected = past.mean - slope * ((predicted.mean + _before(h)) / (past.counts + 1) - to_come)
    unexplained = _before((past.deviations - slope * centered) ** 2)
    variance = (3 * _PRIOR_VARIANCE + unexplained) / (past.counts + 3)
    gain = values - m - slope * (h - to_come)
    risk_up = m + slope * np.maximum(predicted.high - to_come, 0)
    risk_down = 1 - m + slope * np.maximum(to_come - predicted.low, 0)
    return _game(expected - m, growth, variance, gain, risk_up, risk_down)


def _game(
    lean: Floats, growth: Floats, variance: Floats, gain: Floats, risk_up: Floats, risk_down: Floats
) -> tuple[Floats, Floats]:
    """Return the capitals of betting on gains above 0 and below it; a bet loses at most its risk."""
    following = _bet(lean, variance)
    assumed = [_bet(gap * growth, variance) for gap in _GAPS]
    up, down = np.clip(following, 0, None), np.clip(-following, 0, None)
    return _capital([up, *assumed], gain, risk_up), _capital([down, *assumed], -gain, risk_down)


def _bet(lean: Floats, variance: Floats) -> Floats:
    return np.asarray(lean / (variance + lean**2))


def _capital(bets: Sequence[Floats], gain: Floats, risk: Floats) -> Floats:
    most = _MOST / risk
    following, *assumed = (_grown(np.minimum(bet, most) * gain) for bet in bets)
    capital = _FOLLOWING * following
    for one in assumed:
        capital += (1 - _FOLLOWING) / len(assumed) * one
    return capital


def _grown(returns: Floats) -> Floats:
    return np.asarray(np.exp(np.minimum(np.cumsum(np.log1p(returns), axis=-1), 700.0)))


def _before(values: Floats) -> Floats:
    """Sums of what came before each value."""
    return np.concatenate([[0.0], np.cumsum(values)[:-1]])


def _ever(happened: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    return np.logical_or.accumulate(happened, axis=-1)


def decide(
    values: Floats,
    n_pairs: int,
    population: Population,
    alpha: float = 0.05,
    every: int = 1,
    predicted: Predicted | None = None,
) -> Decision:
    """Say when it became clear on which side of a half the mean lies.

    Args:
        values: on [0, 1], in random order without replacement, shape (t,). Of one model against the reference:
            preference − 1; of two models: (y_A − y_B + 1)/2.
        n_pairs: N, how many there would be.
        population: whose mean: that of exactly these N pairs, or that of instructions like them.
        alpha: chance of naming a side where the mean is a half, over all looks.
        every: look after each round of so many (and at the end).
        predicted: predictions of the values; they help only with a question about these pairs.
    """
    if not len(values):
        return Decision(None, 0)
    of_these = n_pairs if population == "these" else None
    up, down = (side[0] for side in capitals(values, np.array([0.5]), of_these, predicted))
    if of_these is not None:
        up, down = _certain(values, n_pairs, up, down)
    looks = _looks(len(values), every)
    ends: list[tuple[int, Side]] = []
    sides: tuple[Side, Side] = ("above", "below")
    for capital, side in zip((up, down), sides, strict=True):
        reached = looks[capital[looks] >= 2 / alpha]
        if len(reached):
            ends.append((int(reached[0]) + 1, side))
    if not ends:
        return Decision(None, len(values))
    n, named = min(ends)
    return Decision(named, n)


def _looks(n: int, every: int) -> npt.NDArray[np.intp]:
    return np.unique(np.append(np.arange(every - 1, n, every), n - 1))


def _certain(values: Floats, n_pairs: int, up: Floats, down: Floats) -> tuple[Floats, Floats]:
    """Let a gambler win for certain where what is left to judge cannot change the side any more."""
    sums, left = np.cumsum(values), n_pairs - np.arange(1, len(values) + 1)
    half = n_pairs / 2
    return np.where(sums > half + 1e-9, np.inf, up), np.where(sums + left < half - 1e-9, np.inf, down)


def anytime_interval(
    values: Floats,
    n_pairs: int,
    population: Population,
    alpha: float = 0.05,
    every: int = 1,
    predicted: Predicted | None = None,
) -> tuple[float, float]:
    """Return an interval for the mean that holds it whenever one stops, with a chance of at least 1 − α.

    A mean is in it while neither gambler has reached 2/α against it at any look; the ends are the nearest of 400
    steps that are not. With `population` "these" it lies within what the judgments left over allow.

    Args:
        values: see `decide`.
        n_pairs: N.
        population: whose mean.
        alpha: chance that the interval misses the mean at some look.
        every: look after each round of so many (and at the end).
        predicted: see `decide`.

    Returns:
        Both ends on [0, 1].
    """
    if not len(values):
        return 0.0, 1.0
    means = np.arange(_GRID + 1) / _GRID
    looks = _looks(len(values), every)
    up, down = capitals(values, means, n_pairs if population == "these" else None, predicted)
    too_low = means[(up[:, looks] >= 2 / alpha).any(axis=1)]
    too_high = means[(down[:, looks] >= 2 / alpha).any(axis=1)]
    low, high = float(too_low.max(initial=0.0)), float(too_high.min(initial=1.0))
    if population == "these":
        least = float(values.sum()) / n_pairs
        most = least + 1 - len(values) / n_pairs
        low, high = min(max(low, least), most), min(max(high, least), most)
    return min(low, high), max(low, high)
