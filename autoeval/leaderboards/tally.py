"""Counting annotations as they pass by: a few numbers a pair are kept, and no text."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import compress
from typing import Self

from autoeval.annotators.combine import is_flipped
from autoeval.leaderboards.counts import Counts
from autoeval.leaderboards.preferences import Preference
from autoeval.metrics.estimates import Estimate, Method, WinRate, WorstCase
from autoeval.metrics.instructions import instruction_key
from autoeval.types import Annotation

_MISSING = math.nan
_NOT_ASKED_BOTH_WAYS = -1


@dataclass
class Tally(Counts):
    """What the numbers of a run on pairs are computed from, one entry a pair.

    `preferences` has NaN for a missing judgment; lengths are in characters; `instructions` numbers the
    instructions, so that several samples of one are one observation. `weights` say how many times each pair counts.
    """

    preferences: array[float] = field(default_factory=lambda: array("d"))
    lengths_1: array[int] = field(default_factory=lambda: array("q"))
    lengths_2: array[int] = field(default_factory=lambda: array("q"))
    instructions: array[int] = field(default_factory=lambda: array("q"))
    subsets: array[int] = field(default_factory=lambda: array("q"))
    flips: array[int] = field(default_factory=lambda: array("b"))
    weights: array[float] = field(default_factory=lambda: array("d"))
    has_samples: bool = False
    _subset_numbers: dict[str, int] = field(default_factory=dict)
    _instruction_numbers: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, preferences: Iterable[Preference]) -> Self:
        """Count preferences that were stored without their texts."""
        tally = cls()
        for preference in preferences:
            tally._add(*preference)
        return tally

    def count(self, annotation: Annotation) -> None:
        """Count one annotation."""
        super().count(annotation)
        case = annotation.case
        self._add(
            instruction_key(case.question),
            case.dataset or "",
            annotation.value,
            len(case.output_1),
            len(case.output_2),
            is_flipped(annotation),
            annotation.weight,
        )
        if annotation.value is None:
            self.failures[(annotation.failure or "unknown").partition(":")[0]] += 1

    def _add(
        self,
        instruction: str,
        subset: str,
        preference: float | None,
        length_1: int,
        length_2: int,
        is_flipped: bool | None,
        weight: float,
    ) -> None:
        """Count what a Preference holds."""
        n_known = len(self._instruction_numbers)
        number = self._instruction_numbers.setdefault(instruction, n_known)
        self.has_samples = self.has_samples or number < n_known
        self.instructions.append(number)
        self.subsets.append(self._subset_numbers.setdefault(subset, len(self._subset_numbers)))
        self.preferences.append(_MISSING if preference is None else preference)
        self.lengths_1.append(length_1)
        self.lengths_2.append(length_2)
        self.flips.append(_NOT_ASKED_BOTH_WAYS if is_flipped is None else is_flipped)
        self.weights.append(weight)

    def stored(self) -> Iterator[Preference]:
        """Walk through what was counted, without the texts, as a board stores it."""
        instructions, subsets = list(self._instruction_numbers), list(self._subset_numbers)
        columns = (
            self.instructions,
            self.subsets,
            self.preferences,
            self.lengths_1,
            self.lengths_2,
            self.flips,
            self.weights,
        )
        for instruction, subset, preference, length_1, length_2, flip, weight in zip(*columns, strict=True):
            yield Preference(
                instructions[instruction],
                subsets[subset],
                None if math.isnan(preference) else preference,
                length_1,
                length_2,
                None if flip == _NOT_ASKED_BOTH_WAYS else bool(flip),
                weight,
            )

    @property
    def n_missing(self) -> int:
        """How many pairs have no verdict."""
        return sum(map(math.isnan, self.preferences))

    @property
    def n_judged(self) -> int:
        """How many pairs have one."""
        return len(self.preferences) - self.n_missing

    @property
    def flip_rate(self) -> float | None:
        """How often turning the order round turned the verdict round, in percent; None unless asked both ways."""
        asked = [flip for flip in self.flips if flip != _NOT_ASKED_BOTH_WAYS]
        return 100 * sum(asked) / len(asked) if asked else None

    @property
    def avg_length(self) -> int:
        """Mean length of the model's outputs in characters, rounded down as AlpacaEval does."""
        return sum(self.lengths_2) // len(self.lengths_2) if self.lengths_2 else 0

    def win_rate(self) -> WinRate:
        """The win rate over everything."""
        from autoeval.metrics.win_rate import win_rate

        return win_rate(self.preferences, self._clusters(), self._weights())

    def interval(self, method: Method, seed: int) -> Estimate:
        """The win rate's interval by a method of choice."""
        from autoeval.metrics.intervals import interval

        clusters = self.instructions if method == "clustered" else self._clusters()
        return interval(self.preferences, method, seed=seed, clusters=clusters, weights=self._weights())

    def worst_case(self) -> WorstCase:
        """What the win rate could be, whatever the missing judgments would have said."""
        from autoeval.metrics.intervals import worst_case_bounds

        return worst_case_bounds(self.preferences, clusters=self._clusters(), weights=self._weights())

    def by_subset(self) -> Mapping[str, WinRate]:
        """The win rate of each subset, largest first; empty where there are fewer than two."""
        from autoeval.metrics.win_rate import win_rate

        if len(self._subset_numbers) < 2:
            return {}
        rates = {}
        for name, number in self._subset_numbers.items():
            members = [subset == number for subset in self.subsets]
            clusters = list(compress(self.instructions, members)) if self.has_samples else None
            weights = list(compress(self.weights, members)) if self._weights() else None
            rates[name or "(none)"] = win_rate(list(compress(self.preferences, members)), clusters, weights)
        return dict(sorted(rates.items(), key=lambda item: -(item[1].n_total + item[1].n_missing)))

    def _clusters(self) -> array[int] | None:
        return self.instructions if self.has_samples else None

    def _weights(self) -> array[float] | None:
        return self.weights if any(weight != 1 for weight in self.weights) else None
