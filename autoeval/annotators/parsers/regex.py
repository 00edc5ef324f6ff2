"""The judge says something that a regular expression finds."""

import re
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from typing import Literal

from pydantic import field_validator

from autoeval.annotators.parsers.base import CONTRADICTION, Reading, TextParser, agreed
from autoeval.annotators.parsers.choice import Take
from autoeval.annotators.parsers.doubted import is_doubted
from autoeval.annotators.parsers.marks import as_asked
from autoeval.annotators.parsers.markup import without_markup
from autoeval.types import Verdict


class RegexParser(TextParser):
    """A reply in which a regular expression finds the verdict.

    What it finds counts against the others where the reply denies or asks it (`not [[A]]`, `[[A]]?`).
    """

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
        texts = (text, as_asked(without_markup(text), self._patterns.values()))
        found = self._last if self.take == "last" else self._said
        said = [preference for one in texts for preference in found(one)]
        if None in said:
            return CONTRADICTION
        return agreed([Verdict(preference, text) for preference in said if preference is not None], _NOTHING)

    def _said(self, text: str) -> Iterator[float | None]:
        """Walk through what is found; None for what is denied or asked."""
        for preference, pattern in self._patterns.items():
            for match in islice(pattern.finditer(text), _MOST_LOOKED_AT):
                yield None if is_doubted(text, *match.span()) else preference

    def _last(self, text: str) -> Iterator[float | None]:
        """Give the match that begins last, None if it is doubted or overlaps with one of another pattern."""
        found = [
            (match.start(), match.end(), preference)
            for preference, pattern in self._patterns.items()
            for match in [*pattern.finditer(text)][-1:]
        ]
        if not found:
            return
        start, end, last = max(found)
        overlaps = any(others_end > start for _, others_end, other in found if other != last)
        yield None if overlaps or is_doubted(text, start, end) else last

    def _is_entire(self, text: str) -> bool:
        """Whether a text is one match whose end shows that it is the end: a bracket, or a single letter."""
        ends = len(text) == 1 or not text[-1].isalnum()
        return ends and any(pattern.fullmatch(text) for pattern in self._patterns.values())

    @cached_property
    def _patterns(self) -> dict[float, re.Pattern[str]]:
        patterns = {1.0: self.first, 2.0: self.second, 1.5: self.tie}
        return {preference: re.compile(pattern) for preference, pattern in patterns.items() if pattern}


_MOST_LOOKED_AT = 500
"""A reply that says one verdict more often than that says nothing else; to look around each would take too long."""
_NOTHING = "no pattern matches the reply"
