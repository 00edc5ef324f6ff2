"""Has a judge changed between two days? The same questions, asked several times on each of them.

A judge that is the same gives replies that could as well have come on the other day. So the replies to each pair
are dealt out to the two days again and again at random, and the days as they were are compared with that
(a permutation test within each pair; Fisher 1935). Two things are looked at: the mean shift of the preferences, and
the distance between the replies of different days beyond that within a day (the energy distance of Székely and Rizzo
2004, pair by pair), which also sees verdicts that change both ways. Their smaller p-value is judged by its own place
among those of the dealings (Westfall and Young 1993), so that looking at two things costs no false alarm.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from autoeval.metrics.intervals import mean_interval
from autoeval.metrics.observations import Floats

ALPHA = 0.05
"""How often a judge that has not changed is said to have."""
DEALINGS = 9999
_AT_ONCE = 1000
_NOISE = 1e-9  # of adding up floats


@dataclass(frozen=True, slots=True)
class Drift:
    """What has become of a judge's verdicts between two days.

    Attributes:
        n_pairs: pairs with all their verdicts on both days; everything else is about these.
        n_changed: how many of their verdicts differ between a reply then and one now (a tie against a winner counts
            half), on average over the replies.
        n_noise: how many differ between two replies of one day: the judge's own noise.
        shift: how far the mean preference for output 2 has moved, in points.
        low: lower end of the shift's 95% interval.
        high: upper end of it.
        p_value: of a judge that has not changed; of shift and change together.
        p_shift: of the shift alone.
        p_change: of the change alone.
    """

    n_pairs: int
    n_changed: float
    n_noise: float
    shift: float
    low: float
    high: float
    p_value: float
    p_shift: float
    p_change: float

    @property
    def has_drifted(self) -> bool:
        """Whether the change is more than the judge's own noise."""
        return self.p_value <= ALPHA

    def __str__(self) -> str:
        """Say it in words."""
        verdict = (
            "it has DRIFTED: verdicts by it then and now do not compare"
            if self.has_drifted
            else "within its own noise, no sign of drift"
        )
        return (
            f"of {self.n_pairs} verdicts {self.n_changed:.1f} have changed; asked twice on one day, it changes "
            f"{self.n_noise:.1f}. Its preference for output 2 has moved by {self.shift:+.1f} points (95% interval "
            f"{self.low:+.1f} to {self.high:+.1f}). p = {self.p_value:.4f}: {verdict}"
        )


def drift(then: npt.ArrayLike, now: npt.ArrayLike, seed: int = 0) -> Drift | None:
    """Compare a judge's verdicts on the same pairs on two days; None where no pair has all of them on both.

    Args:
        then: preferences in [1, 2], NaN where there is no verdict; a row a pair, a column a reply, shape (n, r).
        now: those of the later day, shape (n, r), with r at least 2.
        seed: of the dealings.

    Raises:
        ValueError: the shapes differ, or there is one reply a day.
    """
    days = np.stack([np.asarray(then, dtype=np.float64), np.asarray(now, dtype=np.float64)])
    if days.ndim != 3 or days.shape[2] < 2:
        raise ValueError(
            f"two days of at least two replies to each pair are compared, not shape {days.shape}"
        )
    days = days[:, ~np.isnan(days).any(axis=(0, 2))]
    n_pairs, n_replies = days.shape[1:]
    if not n_pairs:
        return None
    shifts, distances = _dealt(np.concatenate(list(days), axis=1), n_replies)
    p_value, p_shift, p_change = _p_values(shifts, distances, seed)
    winners = _winners(days)
    moved = shifts[:, 0]
    found = mean_interval((moved + 1) / 2)  # it is made for values in [0, 1]; shifts lie in [−1, 1]
    return Drift(
        n_pairs=n_pairs,
        n_changed=float(_between(winners[0], winners[1]).sum() / 2),
        n_noise=float((_within(winners[0]) + _within(winners[1])).sum() / 4),
        shift=2 * found.value - 100,
        low=2 * found.low - 100,
        high=2 * found.high - 100,
        p_value=p_value,
        p_shift=p_shift,
        p_change=p_change,
    )


def own_noise(replies: npt.ArrayLike | Sequence[Sequence[float | None]]) -> tuple[float, int]:
    """Return how many verdicts a judge changes when it is asked twice on one day, and on how many pairs that is seen.

    Args:
        replies: preferences in [1, 2], NaN where there is no verdict; shape (n, r).
    """
    known = np.asarray(replies, dtype=np.float64)
    known = known[~np.isnan(known).any(axis=1)]
    return float(_within(_winners(known)).sum() / 2), len(known)


def _dealt(replies: Floats, n_replies: int) -> tuple[Floats, Floats]:
    """Deal each pair's replies out to two days in every way, the first being as they were.

    Args:
        replies: of both days, shape (n, 2r).
        n_replies: r.

    Returns:
        The shift of each pair's mean, and the mean distance between its days, shape (n, ways).
    """
    everybody = range(2 * n_replies)
    shifts, distances = [], []
    for first in combinations(everybody, n_replies):
        then, now = replies[:, first], replies[:, [i for i in everybody if i not in first]]
        shifts.append(now.mean(axis=1) - then.mean(axis=1))
        distances.append(_between(then, now))
    return np.column_stack(shifts), np.column_stack(distances)


def _p_values(shifts: Floats, distances: Floats, seed: int) -> tuple[float, float, float]:
    """Return the p-values of both together, of the shift and of the distance.

    A pair's distances of all replies add up to the same in every dealing, so the larger the distance between the days,
    the smaller that within them, and the former alone has the order of the energy distance.
    """
    n_pairs, n_ways = shifts.shape
    rng = np.random.default_rng(seed)
    rows = np.arange(n_pairs)
    found = [[[abs(shifts[:, 0].sum())], [distances[:, 0].sum()]]]
    for start in range(0, DEALINGS, _AT_ONCE):
        way = rows * n_ways + rng.integers(
            n_ways, size=(min(_AT_ONCE, DEALINGS - start), n_pairs), dtype=np.uint16
        )
        found.append([np.abs(shifts.take(way).sum(axis=1)), distances.take(way).sum(axis=1)])
    p = np.array([_shares_at_least(np.concatenate(of_one)) for of_one in zip(*found, strict=True)])
    smaller = p.min(axis=0)
    return float((smaller <= smaller[0] + _NOISE).mean()), float(p[0, 0]), float(p[1, 0])


def _shares_at_least(values: Floats) -> Floats:
    """Return for each value the share of all that are at least as large."""
    ordered = np.sort(values)
    shares: Floats = 1 - np.searchsorted(ordered, values - _NOISE, side="left") / len(values)
    return shares


def _winners(preferences: Floats) -> Floats:
    """Return −1, 0 (a tie) or 1 for each preference."""
    winners: Floats = np.sign(np.round(preferences - 1.5, 9))
    return winners


def _between(then: Floats, now: Floats) -> Floats:
    """Return the mean distance between a reply then and one now; shape (n,)."""
    distances: Floats = np.abs(then[:, :, None] - now[:, None, :]).mean(axis=(1, 2))
    return distances


def _within(replies: Floats) -> Floats:
    """Return the mean distance between two replies of one day; shape (n,)."""
    first, second = np.triu_indices(replies.shape[1], 1)
    distances: Floats = np.abs(replies[:, first] - replies[:, second]).mean(axis=1)
    return distances
