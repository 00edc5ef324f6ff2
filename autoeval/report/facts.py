"""What a report says of a run besides its pairs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from autoeval.metrics.estimates import WinRate
from autoeval.metrics.observations import Floats
from autoeval.metrics.win_rate import win_rate

_LENGTH_GROUPS = 5


@dataclass(frozen=True)
class LengthGroup:
    """Pairs whose outputs differ in length by `shortest` to `longest` characters (model minus reference)."""

    shortest: int
    longest: int
    rate: WinRate


@dataclass(frozen=True)
class LengthEffect:
    """How the win rate goes with length.

    Mean lengths are in characters; `longer_preferred` is how often, in percent, the longer output was preferred
    where one was both longer and preferred or not; None where there is no such pair.
    """

    mean_reference: float
    mean_model: float
    longer_preferred: float | None
    groups: Sequence[LengthGroup]


@dataclass(frozen=True)
class Facts:
    """A run in numbers and names.

    `rate` is the win rate; `low` and `high` are the interval of the run's own method. `cost` is in US dollars,
    None where a price is unknown. `flip_rate` is in percent, None unless every pair was asked in both orders.
    `interval_name` is what its intervals are called, `cautions` what a reader must know first. `settings` are
    names and values in the order in which they are shown.
    """

    model: str
    reference: str
    rate: WinRate
    low: float
    high: float
    length_controlled: float | None
    by_subset: Mapping[str, WinRate]
    failures: Mapping[str, int]
    flip_rate: float | None
    cost: float | None
    preferences: Floats
    length: LengthEffect
    judge_description: str
    settings: Mapping[str, str]
    interval_name: str
    cautions: Sequence[str] = ()


def length_effect(
    preferences: Floats, lengths_1: Floats, lengths_2: Floats, weights: npt.ArrayLike | None = None
) -> LengthEffect:
    """Describe how preferences go with lengths; preferences are NaN where missing, each counts `weights` times."""
    times = np.ones(len(preferences)) if weights is None else np.asarray(weights, dtype=float)
    differences = lengths_2 - lengths_1
    decided = ~np.isnan(preferences) & (preferences != 1.5) & (differences != 0)
    agree = (preferences[decided] > 1.5) == (differences[decided] > 0)
    return LengthEffect(
        mean_reference=float(lengths_1.mean()),
        mean_model=float(lengths_2.mean()),
        longer_preferred=100 * float(agree.mean()) if decided.any() else None,
        groups=_length_groups(preferences, differences, times),
    )


def _length_groups(preferences: Floats, differences: Floats, times: Floats) -> list[LengthGroup]:
    """Cut the judged pairs into groups of about equal size by length difference."""
    judged = ~np.isnan(preferences)
    order = np.argsort(differences[judged], kind="stable")
    groups = []
    for part in np.array_split(order, _LENGTH_GROUPS):
        if len(part):
            lengths = differences[judged][part]
            rate = win_rate(preferences[judged][part], weights=times[judged][part])
            groups.append(LengthGroup(int(lengths.min()), int(lengths.max()), rate))
    return groups
