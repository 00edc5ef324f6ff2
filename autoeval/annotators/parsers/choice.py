"""The judge names the better output, or says something that a regular expression finds."""

import re
from typing import Literal

from pydantic import field_validator

from autoeval.annotators.parsers.base import Parser, Reading, agreed, body
from autoeval.annotators.parsers.labels import Labels
from autoeval.types import Completion, Unparsed, Verdict


class ChoiceParser(Labels, Parser):
    """A reply that names one of the labels as a word of its own, as in `b`, `"b"` or `I prefer **b**`.

    A reply that is nothing but a label counts as it is. In a longer one, exactly one of the labels may occur.
    """

    kind: Literal["choice"]
    """Names this parser."""

    def read(self, completion: Completion) -> list[Reading]:
        """Read the one label that the reply names."""
        text = body(completion)
        if isinstance(text, Unparsed):
            return [text]
        whole = self.preference(text)
        if whole is not None:
            return [Verdict(whole)]
        preferences = {1.0: self.first, 2.0: self.second, 1.5: self.tie}
        named = [
            Verdict(preference, text)
            for preference, label in preferences.items()
            if label is not None and re.search(rf"(?<![\w]){re.escape(label)}(?![\w])", text)
        ]
        return [agreed(named, f"the reply names neither {self.first!r} nor {self.second!r}")]


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
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
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
