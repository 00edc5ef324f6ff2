"""Whether evolved instructions are harder, and whether they tell two models apart better than those they came from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from autoeval.analysis.power import required
from autoeval.metrics.estimates import Estimate, MeanGrade
from autoeval.metrics.grades import mean_grade
from autoeval.metrics.intervals import mean_interval
from autoeval.metrics.observations import Floats, Observations
from autoeval.metrics.student import student_quantile

RESAMPLES = 2000
_FEWEST = 2


@dataclass(frozen=True, slots=True)
class Interval:
    """A number with its 95% interval; NaN where there is none, infinite where there is no end."""

    value: float
    low: float
    high: float

    @property
    def sign(self) -> int:
        """1 where it lies above zero for sure, −1 where below, 0 where that is open."""
        return int(self.low > 0) - int(self.high < 0)


@dataclass(frozen=True, slots=True)
class RoundDifficulty:
    """What a judge says of a round's instructions; `gain` is over the given ones that they came from."""

    round: int
    grade: MeanGrade
    gain: Interval | None


@dataclass(frozen=True, slots=True)
class RoundRates:
    """Two models on a round's instructions: win rates in percent, and the difference in points."""

    round: int
    first: Estimate
    second: Estimate | None
    difference: Interval


@dataclass(frozen=True, slots=True)
class TellingApart:
    """How many instructions it takes to tell two models apart (level 5%, power 80%), before and after.

    `ratio` is before over after: above 1, evolved instructions tell more each.
    """

    before: Interval
    after: Interval
    ratio: Interval

    @property
    def verdict(self) -> str:
        """Say whether evolving helped, and nothing that the interval leaves open."""
        if np.isnan(self.ratio.value):
            return "there are too few instructions before or after to say whether evolving helps"
        if self.ratio.low > 1:
            return "evolved instructions tell these models apart with fewer instructions"
        if self.ratio.high < 1:
            return "evolved instructions need MORE instructions to tell these models apart: they do not help here"
        return "these data do not show that evolved instructions tell these models apart any better"


def difficulty_by_round(
    grades: Sequence[float | None],
    rounds: Sequence[int],
    lineages: Sequence[int],
    scale: tuple[float, float] | None,
) -> list[RoundDifficulty]:
    """Average the grades of each round, and what it gained on the given instructions.

    Args:
        grades: one an instruction, None where missing; shape (n,).
        rounds: the round that each was made in, 0 = given.
        lineages: the given instruction that each descends from.
        scale: the lowest and the highest grade; None where there is no end.

    Returns:
        One entry a round. A gain is the mean of paired differences, with Student's t interval.
    """
    given = {line: grade for grade, number, line in zip(grades, rounds, lineages, strict=True) if number == 0}
    found = []
    for number in sorted(set(rounds)):
        places = [place for place, of in enumerate(rounds) if of == number]
        values = [grades[place] for place in places]
        lines = [lineages[place] for place in places]
        gains = [
            float(value) - float(before)
            for value, line in zip(values, lines, strict=True)
            if value is not None and (before := given.get(line)) is not None
        ]
        gain = mean_with_t(np.array(gains), range(len(gains))) if number else None
        found.append(RoundDifficulty(number, mean_grade(values, lines, scale), gain))
    return found


def mean_with_t(values: Floats, clusters: Sequence[int] | range) -> Interval:
    """Return a mean with Student's t interval over clusters; without ends for fewer than two of them."""
    observed = Observations.of(values, list(clusters))
    if observed.n < _FEWEST:
        mean = float(observed.mean) if observed.n else float("nan")
        return Interval(mean, float("-inf"), float("inf"))
    mean = float(observed.mean)
    half = student_quantile(observed.n - 1, 0.95) * float(observed.standard_error)
    return Interval(mean, mean - half, mean + half)


def rates_by_round(
    first: Floats, second: Floats | None, rounds: Sequence[int], lineages: Sequence[int]
) -> list[RoundRates]:
    """Give two models' win rates by round, with their difference.

    Args:
        first: the first model's share of wins on each instruction, 0 to 1, NaN where missing; shape (n,).
        second: the other's against the same reference; None where the other is the reference.
        rounds: the round of each instruction, 0 = given.
        lineages: the given instruction that each descends from.
    """
    apart = differences(first, second)
    found = []
    for number in sorted(set(rounds)):
        places = [place for place, of in enumerate(rounds) if of == number]
        lines = [lineages[place] for place in places]
        found.append(
            RoundRates(
                number,
                mean_interval(first[places], clusters=lines),
                None if second is None else mean_interval(second[places], clusters=lines),
                mean_with_t(apart[places], lines),
            )
        )
    return found


def differences(first: Floats, second: Floats | None) -> Floats:
    """Return the two models' difference on each instruction, in points: first minus second."""
    return 100 * (2 * first - 1) if second is None else 100 * (first - second)


def telling_apart(
    apart: Floats, rounds: Sequence[int], lineages: Sequence[int], seed: int = 0
) -> TellingApart:
    """Say how many instructions it takes to tell two models apart, given ones and evolved ones.

    n = (z_{1−α/2} + z_{1−β})² σ² / δ² as in `power.required`, with σ² = n · SE² of the mean, clustered by lineage, so
    that two rounds of one instruction are not taken for two. Intervals are percentiles of a bootstrap over lineages,
    the same for both, since the evolved instructions descend from the given ones.

    Args:
        apart: the difference on each instruction, in points, NaN where missing; shape (n,).
        rounds: the round of each instruction, 0 = given.
        lineages: the given instruction that each descends from.
        seed: of the bootstrap.
    """
    lines = {line: place for place, line in enumerate(dict.fromkeys(lineages))}
    sums, sizes = np.zeros((2, len(lines))), np.zeros((2, len(lines)))
    for value, number, line in zip(apart, rounds, lineages, strict=True):
        if not np.isnan(value):
            sums[min(number, 1), lines[line]] += value
            sizes[min(number, 1), lines[line]] += 1
    drawn = np.random.default_rng(seed).integers(len(lines), size=(RESAMPLES, len(lines)))
    counts = np.stack([np.bincount(row, minlength=len(lines)) for row in drawn])
    one = np.ones((1, len(lines)))
    before, after = (
        np.append(_needed(one, s, k), _needed(counts, s, k)) for s, k in zip(sums, sizes, strict=True)
    )
    with np.errstate(invalid="ignore"):
        ratio = np.where(np.isinf(before) & np.isinf(after), 1.0, before / after)
    return TellingApart(_percentiles(before), _percentiles(after), _percentiles(ratio))


def _needed(counts: npt.NDArray[np.generic], sums: Floats, sizes: Floats) -> Floats:
    """Return the instructions needed where each lineage counts so often; shape (draws,). NaN for under two lineages."""
    weights = np.asarray(counts, dtype=np.float64)
    n, lines = weights @ sizes, weights @ (sizes > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (weights @ sums) / n
        residuals = (sums - mean[:, None] * sizes) ** 2
        variance = lines / (lines - 1) * (weights * residuals).sum(axis=1) / n
    needed = np.maximum(required(np.sqrt(variance), mean), float(_FEWEST))
    return np.where(lines >= _FEWEST, needed, np.nan)


def _percentiles(values: Floats) -> Interval:
    """Return the first of some values with percentiles of the others, which may be infinite."""
    drawn = np.sort(values[1:][~np.isnan(values[1:])])
    if np.isnan(values[0]) or not len(drawn):
        return Interval(float("nan"), float("nan"), float("nan"))
    low, high = (drawn[round(share * (len(drawn) - 1))] for share in (0.025, 0.975))
    return Interval(float(values[0]), float(low), float(high))
