"""The judge names the better output, or says something that a regular expression finds."""

import re
from collections.abc import Iterator
from typing import Literal

from pydantic import field_validator

from autoeval.annotators.parsers.base import Parser, Reading, agreed, body
from autoeval.annotators.parsers.labels import Labels
from autoeval.types import Completion, Unparsed, Verdict

# In the same sentence, these make a mention of a label something else than a choice of it.
_AGAINST_BEFORE = re.compile(
    r"(?:\b(?:not|never|nor|neither|cannot|no|than|over|unlike|against|worse|worst|reject)\b|n['’]t\b)[^.!?;]*$",
    re.IGNORECASE,
)
_AGAINST_AFTER = re.compile(
    r"\W*(?:\w+\W+){0,2}(?:not|never|worse|worst|fails|loses|lacks|\w+n['’]t)\b", re.IGNORECASE
)
_NEARBY = 200


class ChoiceParser(Labels, Parser):
    """A reply that names one of the labels, as in `b`, `Answer: "b"` or `I prefer **b**`.

    A line that is nothing but a label counts as it is. In prose, exactly one of the labels may occur, and a label
    that could be an ordinary word (`a`, `first`, `2`) must be set off by quotes, emphasis or brackets.
    """

    kind: Literal["choice"]
    """Names this parser."""

    def read(self, completion: Completion) -> list[Reading]:
        """Read the one label that the reply names."""
        text = body(completion)
        if isinstance(text, Unparsed):
            return [text]
        whole = self.alone(text)
        if whole is not None:
            return [Verdict(whole)]
        if completion.finish_reason == "length":
            return [Unparsed("the reply was cut off; raise the judge's token limit")]
        found = [self._choice(line, text) for line in text.splitlines()]
        named = [reading for readings in found for reading in readings]
        unclear = next((reading for reading in named if isinstance(reading, Unparsed)), None)
        verdicts = [reading for reading in named if isinstance(reading, Verdict)]
        return [unclear or agreed(verdicts, f"the reply names neither {self.first!r} nor {self.second!r}")]

    def _choice(self, line: str, text: str) -> Iterator[Reading]:
        announcement, _, rest = line.rpartition(":")
        announced = self.alone(rest)
        if announced is not None and not _AGAINST_BEFORE.search(announcement[-_NEARBY:]):
            yield Verdict(announced, text)
            return
        for preference, match in self.named_in(line):
            before = line[max(0, match.start() - _NEARBY) : match.start()]
            if _AGAINST_BEFORE.search(before) or _AGAINST_AFTER.match(
                line[match.end() : match.end() + _NEARBY]
            ):
                yield Unparsed(f"the reply names {match[0]!r}, but perhaps not as the better one")
            else:
                yield Verdict(preference, text)


class RegexParser(Parser):
    """A reply in which a regular expression finds the verdict."""

    kind: Literal["regex"]
    """Names this parser."""
    first: str
    """A pattern that matches when the output shown first is better."""
    second: str
    """A pattern that matches when the output shown second is better."""
    tie: str | None = None
    """A pattern that matches when neither is better."""

    @field_validator("first", "second", "tie")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        if pattern is None:
            return None
        try:
            matches_anything = re.search(pattern, "") is not None
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        if matches_anything:
            raise ValueError("the pattern matches every reply, even an empty one")
        return pattern

    def read(self, completion: Completion) -> list[Reading]:
        """Read which pattern matches; several that do are ambiguous."""
        text = body(completion)
        if isinstance(text, Unparsed):
            return [text]
        patterns = {1.0: self.first, 2.0: self.second, 1.5: self.tie}
        matched = [
            Verdict(preference, text)
            for preference, pattern in patterns.items()
            if pattern is not None and re.search(pattern, text)
        ]
        return [agreed(matched, "no pattern matches the reply")]
