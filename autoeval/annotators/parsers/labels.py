"""The names under which a prompt shows the two outputs, and what naming one of them means."""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from autoeval.annotators.parsers.doubted import is_doubted
from autoeval.annotators.parsers.markup import shown, without_markup
from autoeval.texts.literals import found_in, prose_around

PACKAGING = " \t\r\n\f\v\u00a0\u200b\ufeff\"'`*_()[]{}.:,;!“”‘’«»▁Ġ"
"""What may stand around a label: space, quotes, emphasis, brackets, punctuation, marks of tokenizers."""
_MARKS = re.escape("\"'`*_()[]{}“”‘’«»|~")
# Scripts that write words without spaces between them: a label beside such a character is a word of its own.
_UNSPACED = "\u0e00-\u0eff\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
# None of them has case, which to look for takes longer than everything else that compiling a pattern does.
_IN_WORD = rf"(?-i:[^\W{_UNSPACED}])"
_NO_WORD_BEFORE, _NO_WORD_AFTER = rf"(?<!{_IN_WORD})", rf"(?!{_IN_WORD})"
_ORDER = "<>=≻≺≥≤≠"


def plain(label: Any) -> str:
    """Return a label as it is compared: without packaging and case."""
    return shown(str(label)).strip(PACKAGING).casefold()


class Labels(BaseModel):
    """What the prompt calls the outputs; a parser that reads labels inherits these fields."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

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

    def seen(self, text: str) -> str:
        """Return a text without its markup, so that labels are found where a reader sees them."""
        return without_markup(text, has_tags=not any("<" in label for label in self._labels))

    def parts_of(self, text: str) -> tuple[list[Any], list[Any], str]:
        """Return the values that a text says, those that it only asks about or denies, and the prose as it is seen."""
        values: list[Any] = []
        doubted: list[Any] = []
        for _ in range(2):  # what is escaped becomes a value when it is seen
            found = found_in(text)
            for value, start, end in found:
                (doubted if is_doubted(text, start, end) else values).append(value)
            prose = prose_around(found, text)
            text = self.seen(prose)
            if text == prose:
                break
        return values, doubted, text

    def alone(self, line: str) -> float | None:
        """Return the preference of a line that is nothing but a label. A heading (`b:`) announces, and names none."""
        is_heading = line.rstrip(PACKAGING.replace(":", "")).endswith(":")
        return None if is_heading else self.preference(line.strip() if self.exact else line)

    def announced(self, line: str) -> tuple[float | None, str]:
        """Return the preference of a line that ends in a label after a colon, and what stands before the colon."""
        announcement, _, rest = line.rpartition(":")
        return self.alone(rest) if announcement else None, announcement

    def ends_entirely(self, text: str) -> bool:
        """Whether the label at the end of a text is whole, not the beginning of another one."""
        ending = text if self.exact else plain(text)
        words = [self._word(label) for label in self._labels]
        found = [word for word in words if ending.endswith(word)]
        return bool(found) and not any(
            longer.startswith(word) and longer != word for word in found for longer in words
        )

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
    def _labels(self) -> list[str]:
        labels = [self.first, self.second, *([self.tie] if self.tie else [])]
        # `gpt-4` is not a mention of `gpt`
        return sorted((label if self.exact else shown(label) for label in labels), key=len, reverse=True)

    @cached_property
    def _mention(self) -> re.Pattern[str]:
        patterns = [
            rf"(?<=[{_MARKS}]){re.escape(label)}(?=[{_MARKS}])"
            if label.isalpha() or label.isdigit()
            else rf"{_NO_WORD_BEFORE}{re.escape(label)}{_NO_WORD_AFTER}"
            for label in self._labels
        ]
        return re.compile("|".join(patterns), self._case)

    def compared_in(self, text: str) -> Iterator[tuple[list[float], re.Match[str]]]:
        """Find `a > b`, `a = b` and longer chains of that kind: what naming each label expresses, and the chain."""
        for chain in self._comparison.finditer(text):
            yield self._compared(chain), chain

    def is_comparison(self, text: str) -> bool:
        """Whether a text is nothing but a comparison of two labels, the last of which is whole."""
        chain = self._comparison.fullmatch(text)
        return chain is not None and len(self._compared(chain)) == 2 and self.ends_entirely(text)

    def _compared(self, chain: re.Match[str]) -> list[float]:
        labels = map(self.preference, self.either.findall(chain[0]))
        return [label for label in labels if label is not None]

    @property
    def _case(self) -> re.RegexFlag:
        return re.NOFLAG if self.exact else re.IGNORECASE

    @cached_property
    def either(self) -> re.Pattern[str]:
        """Finds the first or the second label as a word of its own."""
        sides = {shown(self.first), shown(self.second), self.first, self.second}
        labels = "|".join(re.escape(label) for label in sorted(sides, key=lambda label: (-len(label), label)))
        return re.compile(rf"{_NO_WORD_BEFORE}(?:{labels}){_NO_WORD_AFTER}", self._case)

    @cached_property
    def _comparison(self) -> re.Pattern[str]:
        label, around = self.either.pattern, rf"[ \t{_MARKS}]{{0,8}}"
        return re.compile(rf"{label}(?:{around}[{_ORDER}]{{1,4}}{around}{label})+", self._case)
