"""Counting annotations as they pass by: a few numbers a pair are kept, and no text."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from autoeval.annotators.combine import is_flipped
from autoeval.metrics.intervals import Estimate, Method, WorstCase, interval, worst_case_bounds
from autoeval.metrics.win_rate import WinRate, win_rate
from autoeval.types import Annotation

_NO_SUBSET = ""


@dataclass
class Tally:
    """What a run's numbers are computed from, one entry a pair.

    `preferences` has NaN for a missing judgment; lengths are in characters; `instructions` numbers the
    instructions, so that several samples of one are one observation.
    """

    preferences: array[float] = field(default_factory=lambda: array("d"))
    lengths_1: array[int] = field(default_factory=lambda: array("q"))
    lengths_2: array[int] = field(default_factory=lambda: array("q"))
    instructions: array[int] = field(default_factory=lambda: array("q"))
    subsets: array[int] = field(default_factory=lambda: array("q"))
    failures: Counter[str] = field(default_factory=Counter)
    prices: array[float] = field(default_factory=lambda: array("d"))
    n_flips: int = 0
    n_both_orders: int = 0
    has_samples: bool = False
    _subset_numbers: dict[str, int] = field(default_factory=dict)
    _instruction_numbers: dict[int, int] = field(default_factory=dict)

    def counted(self, annotations: Iterable[Annotation]) -> Iterator[Annotation]:
        """Count each annotation as it passes through."""
        for annotation in annotations:
            self._count(annotation)
            yield annotation

    def _count(self, annotation: Annotation) -> None:
        pair = annotation.pair
        missing = annotation.preference is None
        self.preferences.append(float("nan") if annotation.preference is None else annotation.preference)
        self.lengths_1.append(len(pair.output_1))
        self.lengths_2.append(len(pair.output_2))
        self.subsets.append(_number(self._subset_numbers, pair.dataset or _NO_SUBSET))
        self.instructions.append(_number(self._instruction_numbers, hash(pair.instruction)))
        self.has_samples = self.has_samples or pair.sample > 0
        if missing:
            self.failures[(annotation.failure or "unknown").partition(":")[0]] += 1
        self.prices.append(_price(annotation))
        flipped = is_flipped(annotation)
        if flipped is not None:
            self.n_both_orders += 1
            self.n_flips += flipped

    @property
    def n_missing(self) -> int:
        """How many pairs have no verdict."""
        return int(np.isnan(self.preferences).sum()) if self.preferences else 0

    @property
    def n_judged(self) -> int:
        """How many pairs have one."""
        return len(self.preferences) - self.n_missing

    @property
    def coverage(self) -> float:
        """Judged pairs as a share of all, 0 to 1."""
        return self.n_judged / len(self.preferences) if self.preferences else 0.0

    @property
    def flip_rate(self) -> float | None:
        """How often turning the order round turned the verdict round, in percent; None unless asked both ways."""
        return 100 * self.n_flips / self.n_both_orders if self.n_both_orders else None

    @property
    def avg_length(self) -> int:
        """Mean length of the model's outputs in characters, rounded down as AlpacaEval does."""
        return int(np.mean(self.lengths_2)) if self.lengths_2 else 0

    def win_rate(self) -> WinRate:
        """The win rate over everything."""
        return win_rate(np.asarray(self.preferences), self._clusters())

    def interval(self, method: Method, seed: int) -> Estimate:
        """The win rate's interval by a method of choice."""
        clusters = self._clusters()
        if method == "clustered" and clusters is None:
            clusters = np.asarray(self.instructions)
        return interval(np.asarray(self.preferences), method, seed=seed, clusters=clusters)

    def worst_case(self) -> WorstCase:
        """What the win rate could be, whatever the missing judgments would have said."""
        return worst_case_bounds(np.asarray(self.preferences), clusters=self._clusters())

    def by_subset(self) -> Mapping[str, WinRate]:
        """The win rate of each subset, largest first; empty where there are fewer than two."""
        if len(self._subset_numbers) < 2:
            return {}
        preferences, codes = np.asarray(self.preferences), np.asarray(self.subsets)
        clusters = np.asarray(self.instructions) if self.has_samples else None
        rates = {
            name or "(none)": win_rate(
                preferences[codes == code], None if clusters is None else clusters[codes == code]
            )
            for name, code in self._subset_numbers.items()
        }
        return dict(sorted(rates.items(), key=lambda item: -(item[1].n_total + item[1].n_missing)))

    def _clusters(self) -> np.ndarray[tuple[int], np.dtype[np.int64]] | None:
        return np.asarray(self.instructions) if self.has_samples else None


def _number(numbers: dict[str, int] | dict[int, int], name: str | int) -> int:
    return numbers.setdefault(name, len(numbers))  # type: ignore[arg-type]


def _price(annotation: Annotation) -> float:
    prices = [judgment.price for judgment in annotation.judgments if judgment.price is not None]
    return sum(prices) if prices else float("nan")
