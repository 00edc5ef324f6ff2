"""The judge scores both outputs; the higher score is better."""

import math
import re
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import field_validator

from autoeval.annotators.parsers.base import Parser, Reading, agreed, body, plain, values_in
from autoeval.annotators.parsers.labels import Labels
from autoeval.types import Completion, Unparsed, Verdict

_NUMBER = r"([-+]?\d+(?:\.\d+)?)"


class ScoresParser(Labels, Parser):
    """Two numbers: `{"a": 7, "b": 9}`, `a: 7` and `b: 9`, or a line with nothing but `7 9`."""

    kind: Literal["scores"]
    """Names this parser."""
    pattern: str | None = None
    """A regular expression with two groups, the first output's score and the second's."""

    @field_validator("pattern")
    @classmethod
    def _two_groups(cls, pattern: str | None) -> str | None:
        try:
            groups = re.compile(pattern).groups if pattern is not None else 2
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        if groups != 2:
            raise ValueError(f"the pattern needs exactly two groups, it has {groups}")
        return pattern

    def read(self, completion: Completion) -> list[Reading]:
        """Compare the two scores."""
        text = body(completion)
        if isinstance(text, Unparsed):
            return [text]
        pairs = (
            self._matches(text) if self.pattern else self._objects(text) or self._named(text) or _bare(text)
        )
        scored = [(_number(first), _number(second)) for first, second in pairs]
        verdicts = [
            Verdict(1.5 if first == second else 1.0 if first > second else 2.0)
            for first, second in scored
            if first is not None and second is not None
        ]
        return [agreed(verdicts, "the reply does not score both outputs")]

    def _matches(self, text: str) -> list[tuple[Any, Any]]:
        return [(match[1], match[2]) for match in re.finditer(self.pattern or "", text)]

    def _objects(self, text: str) -> list[tuple[Any, Any]]:
        objects = [value for value in values_in(text) if isinstance(value, Mapping)]
        by_label = [{plain(key): score for key, score in value.items()} for value in objects]
        first, second = plain(self.first), plain(self.second)
        return [
            (scores[first], scores[second]) for scores in by_label if first in scores and second in scores
        ]

    def _named(self, text: str) -> list[tuple[Any, Any]]:
        found = [
            re.findall(rf"(?<!\w){re.escape(label)}(?!\w)\W*[:=]\W*{_NUMBER}", text)
            for label in (self.first, self.second)
        ]
        return list(zip(*found, strict=True)) if len(found[0]) == len(found[1]) else []


def _bare(text: str) -> list[tuple[Any, Any]]:
    lines = (re.fullmatch(rf"\s*{_NUMBER}\s*[,;/ ]\s*{_NUMBER}\s*", line) for line in text.splitlines())
    return [(match[1], match[2]) for match in lines if match]


def _number(score: Any) -> float | None:
    try:
        number = float(score)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
