"""Two scores become a preference: the higher one wins, or the preference grows with the difference."""

import math
from dataclasses import dataclass

_NOISE = 1e-9  # of subtracting scores such as 0.3 and 0.1


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a judge of single outputs prefers one of two.

    Attributes:
        margin: a score wins that is higher by more than this; otherwise it is a tie. None: the preference is
            1 + σ(score 2 − score 1), the Bradley–Terry probability that reward models are trained to give.
    """

    margin: float | None

    def preference(self, first: float, second: float) -> float:
        """Return a preference from 1 (the first score is the better one) to 2."""
        difference = second - first
        if self.margin is None:
            return 1.5 + 0.5 * math.tanh(difference / 2)
        if abs(difference) <= self.margin + _NOISE:
            return 1.5
        return 2.0 if difference > 0 else 1.0

    def __str__(self) -> str:
        return "sigmoid" if self.margin is None else f"{self.margin:g}"
