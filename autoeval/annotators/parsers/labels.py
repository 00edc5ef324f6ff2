"""The names under which a prompt shows the two outputs, and what naming one of them means."""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

PACKAGING = " \t\r\n\f\v\u00a0\u200b\ufeff\"'`*_()[]{}.:,;!“”‘’«»▁Ġ"
"""What may stand around a label: space, quotes, emphasis, brackets, punctuation, marks of tokenizers."""
_MARKS = re.escape("\"'`*_()[]{}“”‘’«»")


def plain(label: Any) -> str:
    """Return a label as it is compared: without packaging and case."""
    return str(label).strip(PACKAGING).casefold()


class Labels(BaseModel):
    """What the prompt calls the outputs; a parser that reads labels inherits these fields."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    first: str
    """What the prompt calls the output that it shows first."""
    second: str
    """What the prompt calls the output that it shows second."""
    tie: str | None = None
    """What the judge says when neither is better, if it may."""

    exact: bool = False
    """Compare letter for letter: case, quotes and spaces count (for labels such as `m` and `M`)."""

    @model_validator(mode="after")
    def _distinct(self) -> "Labels":
        words = [self._word(label) for label in (self.first, self.second, self.tie) if label is not None]
        if len(set(words)) < len(words) or not all(words):
            raise ValueError(
                "'first', 'second' and 'tie' must be different words (without 'exact', case does not count)"
            )
        return self

    def _word(self, label: Any) -> str:
        return str(label) if self.exact else plain(label)

    def preference(self, label: Any) -> float | None:
        """Return the preference that naming `label` as the better one expresses, None for another word."""
        return self._by_word.get(self._word(label)) if isinstance(label, str | int) else None

    @cached_property
    def _by_word(self) -> dict[str, float]:
        words = {self._word(self.first): 1.0, self._word(self.second): 2.0}
        return words if self.tie is None else {**words, self._word(self.tie): 1.5}

    def alone(self, line: str) -> float | None:
        """Return the preference of a line that is nothing but a label. A heading (`b:`) announces, and names none."""
        is_heading = line.rstrip(PACKAGING.replace(":", "")).endswith(":")
        return None if is_heading else self.preference(line.strip() if self.exact else line)

    def named_in(self, text: str) -> Iterator[tuple[float, re.Match[str]]]:
        """Find the labels that prose speaks of, with the preference that naming each expresses.

        A label that could be an ordinary word or number (`a`, `first`, `2`) counts only where quotes, emphasis or
        brackets set it off.
        """
        for match in self._mention.finditer(text):
            preference = self.preference(match[0])
            if preference is not None:
                yield preference, match

    @cached_property
    def _mention(self) -> re.Pattern[str]:
        labels = [self.first, self.second, *([self.tie] if self.tie else [])]
        patterns = [
            rf"(?<=[{_MARKS}]){re.escape(label)}(?=[{_MARKS}])"
            if label.isalpha() or label.isdigit()
            else rf"(?<!\w){re.escape(label)}(?!\w)"
            for label in sorted(labels, key=len, reverse=True)  # `gpt-4` is not a mention of `gpt`
        ]
        return re.compile("|".join(patterns), 0 if self.exact else re.IGNORECASE)

    def compared_in(self, text: str) -> Iterator[tuple[list[float], str]]:
        """Find `a > b`, `a = b` and longer chains of that kind: what naming each label expresses, and the chain."""
        for chain in self._comparison.finditer(text):
            labels = [self.preference(label) for label in self._either.findall(chain[0])]
            yield [label for label in labels if label is not None], chain[0]

    @cached_property
    def _either(self) -> re.Pattern[str]:
        labels = sorted((self.first, self.second), key=len, reverse=True)
        either = "|".join(re.escape(label) for label in labels)
        return re.compile(rf"(?<!\w)(?:{either})(?!\w)", 0 if self.exact else re.IGNORECASE)

    @cached_property
    def _comparison(self) -> re.Pattern[str]:
        label, around = self._either.pattern, rf"[ \t{_MARKS}]{{0,8}}"
        not_in_html = r"(?<![<>/=])"
        return re.compile(
            rf"{not_in_html}{label}(?:{around}(?:>+|≻|=+){around}{label})+",
            self._either.flags & re.IGNORECASE,
        )
