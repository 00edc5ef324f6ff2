"""The judge ends with one of Arena-Hard's five verdicts: [[A>>B]], [[A>B]], [[A=B]], [[B>A]], [[B>>A]]."""

import re
from typing import Literal

from autoeval.annotators.parsers.base import Reading, TextParser, agreed
from autoeval.annotators.parsers.choice import Take
from autoeval.types import Verdict

_MARKED = (re.compile(r"\[\[([AB<>= ]+)\]\]", re.IGNORECASE), re.compile(r"\[([AB<>= ]+)\]", re.IGNORECASE))
_PREFERENCES = {"A>>B": 1.0, "A>B": 1.25, "A=B": 1.5, "B>A": 1.75, "B>>A": 2.0}
_MIRRORED = {"B<<A": 1.0, "B<A": 1.25, "B=A": 1.5, "A<B": 1.75, "A<<B": 2.0}


class VerdictsParser(TextParser):
    """A reply with one of five verdicts in double brackets (or, where there are none, single ones).

    A is the output shown first. A much better output is 1 or 2, a better one 1.25 or 1.75, neither 1.5. Other letters
    and signs in brackets, as in [[A]], are no verdict.
    """

    kind: Literal["verdicts"]
    """Names this parser."""
    take: Take = "only"
    """Which of several verdicts counts: `only` wants them to agree, `last` takes the last one, as Arena-Hard does."""

    def _of_text(self, text: str) -> Reading:
        for marked in _MARKED:
            marks = [re.sub(r"\s+", "", mark).upper() for mark in marked.findall(text)]
            found = [known for mark in marks if (known := _known(mark)) is not None]
            if found:
                return agreed([Verdict(one, text) for one in found[-1 if self.take == "last" else 0 :]], "")
        return agreed(
            [], "the reply holds none of the verdicts [[A>>B]], [[A>B]], [[A=B]], [[B>A]], [[B>>A]]"
        )

    def _is_entire(self, text: str) -> bool:
        """Whether a text is nothing but a verdict in double brackets."""
        match = _MARKED[0].fullmatch(text)
        return match is not None and _known(re.sub(r"\s+", "", match[1]).upper()) is not None


def _known(mark: str) -> float | None:
    return _PREFERENCES.get(mark, _MIRRORED.get(mark))
