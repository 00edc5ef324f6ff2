"""Rates with how far to trust them: what the computations return. Needs no numpy, so that help is quick."""

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

Method: TypeAlias = Literal["t_plus4", "t", "percentile", "bca", "clustered"]
METHODS: tuple[str, ...] = get_args(Method)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number and how far to trust it. All but `n` in percent.

    Attributes:
        value: the estimate; NaN where nothing was judged.
        standard_error: NaN where it is not defined (fewer than two observations).
        low: lower end of the interval.
        high: upper end of the interval.
        n: how many rows were judged.
    """

    value: float
    standard_error: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class WorstCase:
    """What a win rate could be, whatever the missing judgments would have said, in percent.

    Attributes:
        low: win rate if the model had lost every missing pair.
        high: win rate if it had won every missing pair.
        interval_low: lower end of the interval around `low`.
        interval_high: upper end of the interval around `high`.
        n_missing: how many judgments are missing.
    """

    low: float
    high: float
    interval_low: float
    interval_high: float
    n_missing: int


@dataclass(frozen=True, slots=True)
class WinRate:
    """A model's win rate against its reference; rates and errors in percent.

    Attributes:
        win_rate: 100 · mean(preference − 1) over what was judged; NaN where nothing was.
        standard_error: 100 · s/√n with the n−1 variance; clustered by instruction where clusters were
            given; NaN for fewer than two observations.
        n_wins: preferences above 1.5.
        n_wins_base: preferences below 1.5.
        n_draws: preferences of exactly 1.5.
        n_total: how many were judged.
        n_missing: how many were not; they are in none of the other numbers.
        discrete_win_rate: the same rate with each preference rounded to a win, a loss or a draw.
        low: lower end of the 95% interval (Student t after two losses and two wins are added).
        high: upper end of that interval.
    """

    win_rate: float
    standard_error: float
    n_wins: int
    n_wins_base: int
    n_draws: int
    n_total: int
    n_missing: int
    discrete_win_rate: float
    low: float
    high: float

    @property
    def value(self) -> float:
        """The win rate, under the name that every estimate has."""
        return self.win_rate

    @property
    def n(self) -> int:
        """How many rows were judged, under the name that every estimate has."""
        return self.n_total


@dataclass(frozen=True, slots=True)
class MeanGrade:
    """A mean grade and how far to trust it, on the grades' own scale.

    Attributes:
        mean: over all grades there are; NaN where there is none.
        standard_error: clustered by question; NaN for fewer than two questions.
        low: lower end of the 95% interval.
        high: upper end of it.
        n: how many grades there are.
        n_missing: how many are missing; they are in none of the other numbers.
    """

    mean: float
    standard_error: float
    low: float
    high: float
    n: int
    n_missing: int


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A score said otherwise, as WildBench's (score − 5) · 2: (score − `middle`) · `stretch`, `stretch` above 0."""

    middle: float
    stretch: float

    def of(self, score: float) -> float:
        """Return what a score, or an end of its interval, becomes."""
        return (score - self.middle) * self.stretch

    def cells(self, score: MeanGrade, name: str = "adjusted") -> dict[str, float]:
        """Return the columns of a board."""
        ends = (("", score.mean), ("_low", score.low), ("_high", score.high))
        return {f"{name}{end}": self.of(value) for end, value in ends}


@dataclass(frozen=True, slots=True)
class Correlation:
    """A coefficient of correlation, from −1 to 1, NaN where there is none, and of how many pairs it is."""

    value: float
    n: int
