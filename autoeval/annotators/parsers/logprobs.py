"""The judge's first token, as probabilities: how sure it is, not only which it takes."""

import math
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from autoeval.annotators.parsers.base import Parser, Reading, refusal
from autoeval.annotators.parsers.labels import Labels
from autoeval.types import Completion, TokenLogprobs, Unparsed, Verdict

NO_NUMBERS = Unparsed("the log probabilities are not numbers that log probabilities can be")
NO_ALTERNATIVES = Unparsed(
    "the reply has no alternatives to its token; this judge needs a server that returns `top_logprobs`"
)
_ROUNDING = 1e-4
"""How far above zero a log probability may lie, and how far apart a server may write the same one twice."""


class LogprobsParser(Labels, Parser):
    """Preference 1 + P(second) / (P(first) + P(second)) over the alternatives of one token.

    Variants of a label (`a`, ` a`, `"a`, `A`) count together unless `exact` is on. With `tie`, a tie's probability
    counts half for each side. It is read also where the reply was cut off: further tokens do not change this one.
    """

    kind: Literal["logprobs"]
    """Names this parser."""
    token: Annotated[int, Field(ge=0)] = 0
    """Which generated token holds the label, from 0."""
    least_mass: Annotated[float, Field(gt=0, le=1)] = 1e-4
    """With less probability than this on the labels together, the reply counts as no verdict. The token that was said
    need not be one of them: what the model leans to is read, as AlpacaEval's weighted judges do."""

    @property
    def needs(self) -> frozenset[str]:
        """The log probabilities that it weighs."""
        return frozenset({"logprobs"})

    def read(self, completion: Completion) -> list[Reading]:
        """Weigh the labels' probabilities."""
        if (refused := refusal(completion)) is not None:
            return [refused]
        if not completion.logprobs:
            return [
                Unparsed("the reply has no log probabilities; this judge needs a server that returns them")
            ]
        if len(completion.logprobs) <= self.token:
            return [Unparsed(f"the reply has no token number {self.token}")]
        return [self._weighed(completion.logprobs[self.token])]

    def _weighed(self, token: TokenLogprobs) -> Reading:
        if not token.top:
            return NO_ALTERNATIVES
        sides: dict[float, list[float]] = {1.0: [], 2.0: [], 1.5: []}
        for text, logprob in alternatives(token):
            side = self.preference(text)
            if side is not None:
                sides[side].append(logprob)
        if not are_logprobs(logprob for logprobs in sides.values() for logprob in logprobs):
            return NO_NUMBERS
        mass = {side: math.fsum(map(math.exp, logprobs)) for side, logprobs in sides.items()}
        total = math.fsum(mass.values())
        if total < self.least_mass:
            return Unparsed(f"none of the likely tokens is {self.first!r} or {self.second!r}")
        return Verdict(1 + (mass[2.0] + 0.5 * mass[1.5]) / total)


def alternatives(token: TokenLogprobs) -> list[tuple[str, float]]:
    """Return a token and its alternatives, each once; different tokens can have equal texts."""
    found = list(dict.fromkeys(token.top))
    is_among = any(
        text == token.token and not abs(logprob - token.logprob) > _ROUNDING for text, logprob in found
    )
    return found if is_among else [(token.token, token.logprob), *found]


def are_logprobs(numbers: Iterable[float]) -> bool:
    """Whether numbers can be log probabilities: not above zero, minus infinity for what is impossible."""
    return all(number <= _ROUNDING for number in numbers)  # NaN is not
