"""Which pairs to pay for: unequal chances that are known beforehand, and one order that holds every sample size."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from autoeval.metrics.observations import Floats

DOUBT, DOUBT_OF_OTHERS = 0.1, 0.5
_LEAST = 0.005


def never_certain(predicted: Floats) -> Floats:
    """Keep predictions of preferences − 1 in [.005, .995]: before a pair is judged, nothing about it is certain."""
    return np.clip(predicted, _LEAST, 1 - _LEAST)


def uncertainty(predicted: Floats, doubt: float = DOUBT) -> Floats:
    """How much each pair is worth paying for: the root of the squared error that is to be expected of its prediction.

    That is f(1 − f) where the prediction is right. With a chance of `doubt` it says nothing of this pair, and the share
    of wins is the mean f̄ wherever it points; then it is f̄(1 − f̄) + (f − f̄)². So a pair whose prediction is sure and
    unlike the others is paid for more often: if it is wrong, it matters most.

    Args:
        predicted: predictions f of the preference − 1, shape (n,).
        doubt: .1 of a prediction from what the judge itself said; .5 of one from what another judge said, at which, by
            the formula of its variance, no recorded model needs more judgments than at random.

    Returns:
        Sizes above 0 that chances are proportional to.
    """
    f = never_certain(predicted)
    mean = f.mean()
    return np.asarray(np.sqrt((1 - doubt) * f * (1 - f) + doubt * (mean * (1 - mean) + (f - mean) ** 2)))


def chances(sizes: Floats, n: int) -> Floats:
    """The chance of each of N pairs to be among n that are drawn: π = min(1, c · size) with Σ π = n.

    Args:
        sizes: above 0, shape (N,).
        n: how many are drawn, 0 to N.
    """
    count, total = len(sizes), float(sizes.sum())
    if n >= count:
        return np.ones(count)
    descending = np.argsort(-sizes, kind="stable")
    certain = 0
    rest = total
    for i in descending:
        if (n - certain) * sizes[i] < rest or n == certain:
            break
        certain += 1
        rest -= float(sizes[i])
    drawn = np.ones(count)
    others = descending[certain:]
    drawn[others] = (n - certain) * sizes[others] / rest
    return drawn


@dataclass(frozen=True)
class Sample:
    """An order of N pairs whose first n are a sample of n pairs, for every n at once.

    Made by elimination: from all pairs, one is taken out at a time, each with chance 1 − π(m − 1)/π(m). The
    first n that are left over have exactly the chances `chances(sizes, n)`, and a larger sample holds the
    smaller ones, so that paying for more later continues the same sample. Source: Tillé, "An elimination procedure
    for unequal probability sampling without replacement" (1996).

    Attributes:
        sizes: what chances are proportional to, shape (N,).
        order: indices of the pairs, the one that was taken out last first; shape (N,).
    """

    sizes: Floats
    order: npt.NDArray[np.intp]

    @classmethod
    def draw(cls, sizes: Floats | Sequence[float], seed: int) -> "Sample":
        """Draw an order.

        Args:
            sizes: above 0, shape (N,).
            seed: of the draw.
        """
        given = np.asarray(sizes, dtype=np.float64)
        return cls(given, _eliminate(given, np.random.default_rng(seed)))

    def first(self, n: int) -> npt.NDArray[np.intp]:
        """The indices of the sample of n pairs, ascending."""
        return np.sort(self.order[:n])

    def chances(self, n: int) -> Floats:
        """The chance of each pair to be in the sample of n pairs."""
        return chances(self.sizes, n)

    @cached_property
    def is_even(self) -> bool:
        """Whether every pair has the same chance."""
        return bool(np.ptp(self.sizes) <= 1e-12 * self.sizes.max(initial=0.0))


def _eliminate(sizes: Floats, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """Take one pair out after the other; return them in the reverse of that order.

    Pairs that are certain at size m are the largest. The others all leave with the same chance; a certain one leaves
    with what is missing to certainty at m − 1. Once none is certain, the rest leave in a random order.
    """
    ranked = np.argsort(-sizes, kind="stable")
    descending = sizes[ranked]
    n_certain = _certain_counts(descending)
    tails = np.append(np.cumsum(descending[::-1])[::-1], 0.0).tolist()
    in_order, draws = descending.tolist(), rng.random((len(sizes), 2)).tolist()
    left = list(range(len(sizes)))  # ranks; the certain ones are its beginning
    taken: list[int] = []
    while left and n_certain[len(left)]:
        m = len(left)
        now, then = n_certain[m], n_certain[m - 1]
        scale = (m - 1 - then) / tails[then] if tails[then] else 0.0
        which, other = draws[m - 1]
        place = then
        while place < now:
            which -= 1 - scale * in_order[place]
            if which < 0:
                break
            place += 1
        if place == now:
            place = now + int(other * (m - now)) if m > now else now - 1
        taken.append(left.pop(place))
    rest = rng.permutation(np.array(left, dtype=np.intp))
    return np.asarray(ranked[np.concatenate([rest, np.array(taken[::-1], dtype=np.intp)])])


def _certain_counts(descending: Floats) -> list[int]:
    """How many of the largest are certain in a sample of m, for m = 0 to N."""
    sizes = descending.tolist()
    tails = np.append(np.cumsum(descending[::-1])[::-1], 0.0).tolist()
    counts = []
    certain = 0
    for m in range(len(sizes)):
        while certain < m and (m - certain) * sizes[certain] >= tails[certain]:
            certain += 1
        counts.append(certain)
    return [*counts, len(sizes)]
