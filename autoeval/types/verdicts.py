"""What a judge said of a case: numbers on a scale, or why there is none."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from autoeval.types.cases import Case


@dataclass(frozen=True, slots=True)
class Scale:
    """The numbers that a verdict can be, both ends among them; None where there is no end, as of a reward."""

    low: float | None = None
    high: float | None = None

    def holds(self, value: object) -> bool:
        """Whether a value is a number of the scale."""
        if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
            return False
        return (self.low is None or self.low <= value) and (self.high is None or value <= self.high)

    @property
    def ends(self) -> tuple[float, float] | None:
        """Both ends, None where one of them is open."""
        return None if self.low is None or self.high is None else (self.low, self.high)

    def __str__(self) -> str:
        low, high = ("" if end is None else f"{end:g}" for end in (self.low, self.high))
        return (
            f"from {low} to {high}"
            if low and high
            else f"from {low}"
            if low
            else f"to {high}"
            if high
            else ""
        )


PREFERENCE = Scale(1.0, 2.0)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge said of a case as it was shown: a number on the judge's scale.

    Of a pair, 1 = the output shown first is better, 2 = the second one, 1.5 = a tie. `parts` are the numbers of
    aspects that it is made of, by name. `weight`: how many times it counts.
    """

    value: float
    explanation: str | None = None
    parts: Mapping[str, float] = field(default_factory=dict)
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A reply from which no verdict can be read without guessing."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unfinished(Unparsed):
    """A reply that has not come to a verdict, or not to its end; more words could bring one."""


@dataclass(frozen=True, slots=True)
class Inapplicable(Unparsed):
    """A reply that says that what was asked about does not apply to the output, and why: no number, and no failure."""

    reason: str = "it does not apply"
    explanation: str | None = None


@dataclass(frozen=True, slots=True)
class Judgment:
    """One verdict on one case, turned back to the case's own order; several can make an annotation.

    `part` is what of the case it is about, such as a turn; empty for the whole. `raw_completion` is the judge's text,
    or an OpenAI-shaped choice where log probabilities matter. `is_switched` says whether the outputs changed places for
    it (None: a file does not tell, or one output was shown by itself). `price` is in US dollars (None: unknown),
    `seconds` is the time the call took.
    `model` is the name that the server gave for the model that judged, `adapted` in which ways it was asked otherwise
    than planned. `parts` and `weight` are the verdict's. `applies`: where it is false, the judge said that what was
    asked about does not apply, so that there is neither a value nor a failure. `output` is the one of a pair, 1 or 2,
    that it scores by itself; 0: it is about the whole case.
    """

    annotator: str
    value: float | None
    is_switched: bool | None = False
    raw_completion: Any = None
    explanation: str | None = None
    price: float | None = None
    seconds: float | None = None
    failure: str | None = None
    model: str | None = None
    adapted: tuple[str, ...] = ()
    part: str = ""
    parts: Mapping[str, float] = field(default_factory=dict)
    weight: float = 1.0
    applies: bool = True
    output: int = 0


@dataclass(frozen=True, slots=True)
class Annotation:
    """The final word on one case. `value` is None exactly when `failure` says why.

    `parts` has the values of its turns and aspects by name, those that there are, also where the whole has none.
    """

    case: Case
    annotator: str
    value: float | None
    failure: str | None = None
    judgments: tuple[Judgment, ...] = ()
    parts: Mapping[str, float] = field(default_factory=dict)
    weight: float = 1.0
