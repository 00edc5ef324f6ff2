"""The judge names the better output."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from autoeval.annotators.parsers.against import (
    is_against_after,
    is_against_before,
    is_of_another,
    lines_said,
)
from autoeval.annotators.parsers.base import Reading, TextParser, agreed
from autoeval.annotators.parsers.contradicted import lines_of, unless_contradicted
from autoeval.annotators.parsers.doubted import is_doubted
from autoeval.annotators.parsers.labels import Labels
from autoeval.types import Unparsed, Verdict

Take = Annotated[Literal["only", "last"], Field(exclude_if=lambda take: take == "only")]
"""`only`: whatever a reply says must agree; `last`: what it says last counts.

Left out of a dump where it says nothing, so that judges of before keep their fingerprint."""


class ChoiceParser(Labels, TextParser):
    """A reply that names one of the labels, as in `b`, `Answer: "b"` or `I prefer **b**`.

    A line that is nothing but a label counts as it is. In prose, exactly one of the labels may occur, and a label
    that could be an ordinary word (`a`, `first`, `2`) must be set off by quotes, emphasis or brackets.
    """

    kind: Literal["choice"]
    """Names this parser."""
    take: Take = "only"
    """Which of several names counts: `only` wants them to agree, `last` takes the last one."""

    def _of_text(self, text: str) -> Reading:
        seen = self.seen(text)
        whole = self.alone(seen)
        if whole is not None:
            return Verdict(whole)
        named = [reading for line in lines_said(seen) for reading in self._named(line, text)]
        named = named[-1:] if self.take == "last" else named
        unclear = next((reading for reading in named if isinstance(reading, Unparsed)), None)
        verdicts = [reading for reading in named if isinstance(reading, Verdict)]
        chosen = agreed(verdicts, f"the reply names neither {self.first!r} nor {self.second!r}")
        beside = lines_of(seen) if self.take == "only" else []
        return unclear or unless_contradicted(chosen, beside, self)

    def _is_entire(self, text: str) -> bool:
        """Whether a text is a label, letter for letter, as judges say that may write a single token."""
        return text in (self.first, self.second, self.tie) and self.ends_entirely(text)

    def _named(self, line: str, text: str) -> Iterator[Reading]:
        preference = self.alone(line)
        announced, announcement = self.announced(line)
        if preference is not None:
            yield Verdict(preference, text)
        elif announced is not None and not is_of_another(announcement):
            yield Verdict(announced, text)
        else:
            yield from self._mentioned(line, text)

    def _mentioned(self, line: str, text: str) -> Iterator[Reading]:
        for preference, match in self.named_in(line):
            is_asked = is_doubted(line, *match.span())
            if is_asked or is_against_before(line, match.start()) or is_against_after(line, match.end()):
                yield Unparsed(f"the reply names {match[0]!r}, but perhaps not as the better one")
            else:
                yield Verdict(preference, text)
