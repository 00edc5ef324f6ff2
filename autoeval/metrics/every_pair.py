"""Which of every two models is better: decided together, with judgments that stop coming where all is clear."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from autoeval.metrics.betting import Population, Predicted, Side, decide
from autoeval.metrics.observations import Floats

FAMILY_ERROR = 0.05
"""The chance that one claim or more is wrong."""
Two: TypeAlias = tuple[int, int]
"""Numbers of two models, ascending; it is asked whether the first is better."""


@dataclass
class Comparisons:
    """The judgments so far of M models on G instructions in a random order, and what they decide.

    Attributes:
        there: whether a model has an output for an instruction, shape (M, G).
        predicted: predictions of the preferences − 1, shape (M, G).
        shares: preferences − 1, NaN where there is none; shape (M, G).
        asked: about how many of the instructions each model was judged, or tried to be.
        sides: of two models, above where the first is better; by population. Those that are missing are open.
    """

    there: npt.NDArray[np.bool_]
    predicted: Floats
    shares: Floats
    asked: list[int]
    sides: dict[Population, dict[Two, Side]]

    @classmethod
    def begun(cls, there: npt.NDArray[np.bool_], predicted: Floats) -> "Comparisons":
        """Begin without a judgment."""
        shares = np.full(there.shape, np.nan)
        return cls(there, predicted, shares, [0] * len(there), {"these": {}, "like_these": {}})

    def add(self, model: int, start: int, stop: int, preferences: Sequence[float] | Floats) -> None:
        """Take one model's preferences, NaN where one is missing, on those of some instructions that it has."""
        columns = start + np.flatnonzero(self.there[model, start:stop])
        self.shares[model, columns] = np.asarray(preferences, dtype=np.float64) - 1
        self.asked[model] = min(stop, self.shares.shape[1])

    def open(self, population: Population) -> list[Two]:
        """Which comparisons are not decided."""
        return [two for two in combinations(range(len(self.asked)), 2) if two not in self.sides[population]]

    def decide(self, population: Population, alpha: float = FAMILY_ERROR) -> None:
        """Decide what can be decided, so that one claim or more is wrong with a chance of at most α.

        Holm's procedure (1979): of k comparisons that are open, each is tried at α/k, and as some are decided, the
        rest at more. It holds at any stopping time, as the tests do, whose evidence is the most that there ever was.
        """
        while still := self.open(population):
            found = {two: side for two in still if (side := self._side(two, population, alpha / len(still)))}
            if not found:
                break
            self.sides[population] |= found

    def _side(self, two: Two, population: Population, alpha: float) -> Side | None:
        first, second = two
        n_asked = min(self.asked[first], self.asked[second])
        ahead = (self.shares[first] - self.shares[second] + 1) / 2
        bears = self.there[first] & self.there[second]
        bears[:n_asked] &= ~np.isnan(ahead[:n_asked])  # what could not be judged is none of them
        columns = np.flatnonzero(bears)
        values = ahead[columns[columns < n_asked]]
        guessed = (self.predicted[first] - self.predicted[second] + 1)[columns] / 2
        if not len(values):
            return None
        predicted = Predicted.of(guessed, np.arange(len(values)))
        return decide(values, len(columns), population, alpha, predicted=predicted).side
