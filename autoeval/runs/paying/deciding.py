"""Stopping as soon as it is clear who is better: the question, and what the judgments until then say of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autoeval.metrics.columns import Cell
from autoeval.metrics.estimates import Estimate
from autoeval.runs.paying.sample import Drawn, SomePairs

if TYPE_CHECKING:
    from autoeval.metrics.betting import Decision, Population, Predicted
    from autoeval.metrics.observations import Floats

ROUND = 16
UNTIL_DECIDED = "until decided"
_POPULATIONS: "tuple[Population, ...]" = ("these", "like_these")


@dataclass(frozen=True)
class Question:
    """Is the model better than another?

    Attributes:
        other: whom it is compared with.
        shares: the other's preferences − 1 against the same reference, of all pairs, NaN where it has none; None where
            the other is the reference itself.
    """

    other: str
    shares: "Floats | None" = None

    def values(self, shares: "Floats", pairs: Sequence[int]) -> "Floats":
        """What is above a half on average if the model is better, on [0, 1]; shape as `shares`.

        Args:
            shares: preferences − 1 of the model, or predictions of them.
            pairs: of which pairs.
        """
        return shares if self.shares is None else (shares - self.shares[list(pairs)] + 1) / 2

    def bears_on(self, pair: int) -> bool:
        """Whether a pair says anything of it: the other model was judged there."""
        return self.shares is None or self.shares[pair] == self.shares[pair]


@dataclass(frozen=True)
class Deciding:
    """Pairs that are judged in a random order, round by round, until a question is decided.

    Attributes:
        pairs: all that bear on the question, in the drawn order.
        drawn: the order of all pairs.
        question: what is to be decided.
        avg_length: of the model's outputs on all pairs, in characters.
        interval_name: what the intervals of its judge are called.
    """

    pairs: SomePairs
    drawn: Drawn
    question: Question
    avg_length: int
    interval_name: str

    @property
    def method(self) -> str:
        """How the pairs come to be judged."""
        return UNTIL_DECIDED

    @property
    def first(self) -> SomePairs:
        """The pairs that are asked about first: those of a round."""
        return SomePairs(self.pairs.pairs, self.pairs.chosen[:ROUND])

    def store(self, folder: Path) -> None:
        """Keep the order of all pairs.

        Raises:
            AutoevalError: it cannot be written.
        """
        self.drawn.store(len(self.drawn.predicted), folder)

    def line(self) -> str:
        """Say before asking what is going to be asked."""
        return (
            f"at most {len(self.pairs)} pairs in a random order, {ROUND} at a time, until it is clear whether the "
            f"model is better than {self.question.other} on these instructions"
        )

    def is_decided(self, preferences: Sequence[float]) -> bool:
        """Whether the preferences of the first pairs, NaN where one is missing, decide the question."""
        seen = self._seen(preferences)
        return seen is not None and seen.decision("these").side is not None

    def result(self, preferences: Sequence[float], cost: float = math.nan) -> "DecidedResult | None":  # noqa: ARG002
        """What the preferences of the first pairs say; None where not one was judged."""
        seen = self._seen(preferences)
        if seen is None:
            return None
        rates = {population: seen.rate(population) for population in _POPULATIONS}
        differences = {population: seen.difference(population) for population in _POPULATIONS}
        return DecidedResult(
            other=self.question.other,
            is_reference=self.question.shares is None,
            sides={population: seen.decision(population).side for population in _POPULATIONS},
            rates=rates,
            differences=differences,
            n_pairs=seen.n_pairs,
            n_paid=len(seen.shares),
            avg_length=self.avg_length,
            interval_name=self.interval_name,
        )

    def _seen(self, preferences: Sequence[float]) -> "_Seen | None":
        import numpy as np

        shares = np.asarray(preferences, dtype=np.float64) - 1
        judged = ~np.isnan(shares)
        if not judged.any():
            return None
        chosen = np.asarray(self.pairs.chosen, dtype=np.intp)
        there = np.concatenate([judged, np.ones(len(chosen) - len(shares), dtype=np.bool_)])
        return _Seen(shares[judged], chosen[there].tolist(), self.drawn.predicted, self.question)


@dataclass(frozen=True)
class _Seen:
    """The shares of the first of some pairs; pairs that could not be judged are none of them."""

    shares: "Floats"
    pairs: list[int]
    predictions: "Floats"
    question: Question

    @property
    def n_pairs(self) -> int:
        return len(self.pairs)

    @property
    def _values(self) -> "Floats":
        return self.question.values(self.shares, self.pairs[: len(self.shares)])

    def decision(self, population: "Population") -> "Decision":
        from autoeval.metrics.betting import decide

        predicted = self._predicted(self.question)
        return decide(self._values, self.n_pairs, population, predicted=predicted)

    def rate(self, population: "Population") -> Estimate:
        """The model's own win rate."""
        return self._estimate(self.shares, population, Question("the reference"))

    def difference(self, population: "Population") -> Estimate:
        """By how many points it is better than the other model."""
        half = self._estimate(self._values, population, self.question)
        return Estimate(
            2 * half.value - 100, half.standard_error, 2 * half.low - 100, 2 * half.high - 100, half.n
        )

    def _estimate(self, values: "Floats", population: "Population", question: Question) -> Estimate:
        from autoeval.metrics.betting import anytime_interval

        low, high = anytime_interval(values, self.n_pairs, population, predicted=self._predicted(question))
        value = float(values.mean())
        low, high = min(low, value), max(high, value)
        return Estimate(100 * value, float("nan"), 100 * low, 100 * high, len(values))

    def _predicted(self, question: Question) -> "Predicted":
        import numpy as np

        from autoeval.metrics.betting import Predicted

        predictions = question.values(self.predictions[self.pairs], self.pairs)
        return Predicted.of(predictions, np.arange(len(self.shares)))


@dataclass(frozen=True)
class DecidedResult:
    """What was decided, about which population, with intervals that hold at stopping.

    Attributes:
        other: whom the model was compared with.
        is_reference: whether that is the reference.
        sides: by population, above where the model is better; None where it is open.
        rates: by population, the model's win rate; 95% intervals that are valid whenever one stops.
        differences: by population, how many points it is ahead of the other.
        n_pairs: how many pairs bear on the question.
        n_paid: how many were judged.
        avg_length: of the model's outputs on all pairs, in characters.
        interval_name: what the intervals are called.
    """

    other: str
    is_reference: bool
    sides: "dict[Population, str | None]"
    rates: "dict[Population, Estimate]"
    differences: "dict[Population, Estimate]"
    n_pairs: int
    n_paid: int
    avg_length: int
    interval_name: str

    @property
    def method(self) -> str:
        """How the pairs came to be judged."""
        return UNTIL_DECIDED

    @property
    def estimate(self) -> Estimate:
        """The win rate that judging all pairs would give."""
        return self.rates["these"]

    @property
    def lines(self) -> list[str]:
        """Say it: the claim for either population by name, and the figures behind it."""
        names: dict[Population, str] = {
            "these": f"on these {self.n_pairs} instructions",
            "like_these": "on instructions like these",
        }
        lines = [
            f"{self.n_paid} of {self.n_pairs} pairs judged in a random order, with a look after each {ROUND}"
        ]
        for population in _POPULATIONS:
            side = self.sides[population]
            claim = (
                f"not decided whether better than {self.other}"
                if side is None
                else f"decided: {'better' if side == 'above' else 'worse'} than {self.other}"
            )
            lines.append(f"{names[population]}: {claim}{self._figures(population)}")
        return [*lines, "the intervals hold whenever one stops; a claim is wrong with a chance of at most 5%"]

    def _figures(self, population: "Population") -> str:
        rate, ahead = self.rates[population], self.differences[population]
        said = f"; win rate {rate.value:.1f}% ({self.interval_name} {rate.low:.1f}–{rate.high:.1f})"
        if self.is_reference:
            return said
        return f"; {ahead.value:+.1f} points ({ahead.low:+.1f} to {ahead.high:+.1f}){said}"

    def cells(self) -> dict[str, Cell]:
        """The cells of the leaderboard row that differ from those of a full run; what is not known is empty."""
        rate = self.estimate
        unknown = ("standard_error", "n_wins", "n_wins_base", "n_draws", "discrete_win_rate", "flip_rate")
        return {
            "win_rate": rate.value,
            "low": rate.low,
            "high": rate.high,
            **dict.fromkeys(unknown),
            "avg_length": self.avg_length,
            "n_paid": self.n_paid,
            "method": self.method,
        }

    def facts(self) -> dict[str, Any]:
        """What run.json says of it."""
        return {
            "method": self.method,
            "other": self.other,
            "n_pairs": self.n_pairs,
            "n_paid": self.n_paid,
            **{
                f"on_{population}": {
                    "decided": {"above": "better", "below": "worse"}.get(self.sides[population] or ""),
                    "win_rate": _ends(self.rates[population]),
                    "ahead": _ends(self.differences[population]),
                }
                for population in _POPULATIONS
            },
        }


def _ends(estimate: Estimate) -> dict[str, float]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}
