"""The judge's first token, as probabilities: how sure it is, not only which it takes."""

import math
from typing import Annotated, Literal

from pydantic import Field

from autoeval.annotators.parsers.base import Parser, Reading, refusal
from autoeval.annotators.parsers.labels import Labels
from autoeval.types import Completion, TokenLogprobs, Unparsed, Verdict


class LogprobsParser(Labels, Parser):
    """Preference 1 + P(second) / (P(first) + P(second)) over the alternatives of one token.

    Variants of a label (`a`, ` a`, `"a`, `A`) count together unless `exact` is on. With `tie`, a tie's probability
    counts half for each side.
    """

    kind: Literal["logprobs"]
    """Names this parser."""
    token: Annotated[int, Field(ge=0)] = 0
    """Which generated token holds the label, from 0."""
    least_mass: Annotated[float, Field(gt=0, le=1)] = 1e-4
    """With less probability than this on the labels together, the reply counts as no verdict."""

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
        mass = self._mass(completion.logprobs[self.token])
        total = math.fsum(mass.values())
        if total < self.least_mass:
            return [Unparsed(f"none of the likely tokens is {self.first!r} or {self.second!r}")]
        return [Verdict(1 + (mass[2.0] + 0.5 * mass[1.5]) / total)]

    def _mass(self, token: TokenLogprobs) -> dict[float, float]:
        """Return the probability of first (1.0), second (2.0) and tie (1.5)."""
        alternatives = {token.token: token.logprob, **dict(token.top)}
        mass = {1.0: 0.0, 2.0: 0.0, 1.5: 0.0}
        for text, logprob in alternatives.items():
            side = self.preference(text)
            if side is not None and not math.isnan(logprob):
                mass[side] += math.exp(min(logprob, 0.0))
        return mass
