"""The judge says something that a regular expression finds."""

import re
from typing import Literal

from pydantic import field_validator

from autoeval.annotators.parsers.base import CONTRADICTION, Reading, TextParser, agreed
from autoeval.annotators.parsers.choice import Take
from autoeval.annotators.parsers.markup import without_markup
from autoeval.types import Verdict


class RegexParser(TextParser):
    """A reply in which a regular expression finds the verdict."""

    kind: Literal["regex"]
    """Names this parser."""
    first: str
    """A pattern that matches when the output shown first is better."""
    second: str
    """A pattern that matches when the output shown second is better."""
    tie: str | None = None
    """A pattern that matches when neither is better."""
    take: Take = "only"
    """Which of several matches counts: `only` wants them to agree, `last` takes the last one."""

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

    def _of_text(self, text: str) -> Reading:
        if self.take == "last":
            return self._last(text)
        seen = without_markup(text)
        matched = [
            Verdict(preference, text)
            for preference, pattern in self._patterns.items()
            if re.search(pattern, text) or re.search(pattern, seen)
        ]
        return agreed(matched, _NOTHING)

    def _last(self, text: str) -> Reading:
        """Read the match that begins last; matches of other patterns must not overlap with it."""
        matches = {
            preference: list(re.finditer(pattern, text)) for preference, pattern in self._patterns.items()
        }
        last = [
            (found[-1].start(), found[-1].end(), preference) for preference, found in matches.items() if found
        ]
        if not last:
            return agreed([], _NOTHING)
        start, _, preference = max(last)
        if any(end > start for _, end, other in last if other != preference):
            return CONTRADICTION
        return Verdict(preference, text)

    def _is_entire(self, text: str) -> bool:
        """Whether a text is one match whose end shows that it is the end: a bracket, or a single letter."""
        ends = len(text) == 1 or not text[-1].isalnum()
        return ends and any(re.fullmatch(pattern, text) for pattern in self._patterns.values())

    @property
    def _patterns(self) -> dict[float, str]:
        patterns = {1.0: self.first, 2.0: self.second, 1.5: self.tie}
        return {preference: pattern for preference, pattern in patterns.items() if pattern is not None}


_NOTHING = "no pattern matches the reply"
