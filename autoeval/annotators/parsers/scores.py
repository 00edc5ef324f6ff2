"""The judge scores both outputs; the higher score is better."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import field_validator

from autoeval.annotators.parsers.base import Parser, Reading, agreed, body
from autoeval.annotators.parsers.labels import Labels
from autoeval.annotators.parsers.literals import split_values
from autoeval.types import Completion, Unparsed, Verdict

_NUMBER = r"([-+]?\d+(?:\.\d+)?)"
Scores = tuple[Any, Any]


class ScoresParser(Labels, Parser):
    """Two numbers: `{"a": 7, "b": 9}`, `[7, 9]`, `a: 7` and `b: 9`, or a line with nothing but `7 9`."""

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
        scored = [(_number(first), _number(second)) for first, second in self._pairs(text)]
        verdicts = [
            Verdict(1.5 if first == second else 1.0 if first > second else 2.0)
            for first, second in scored
            if first is not None and second is not None
        ]
        return [agreed(verdicts, "the reply does not score both outputs")]

    def _pairs(self, text: str) -> Iterator[Scores]:
        if self.pattern is not None:
            yield from ((match[1], match[2]) for match in re.finditer(self.pattern, text))
            return
        values, prose = split_values(text)
        for value in values:
            yield from self._of_value(value)
        yield from self._named(prose)
        yield from (tuple(parts) for parts in map(_split, prose.splitlines()) if len(parts) == 2)  # type: ignore[misc]

    def _of_value(self, value: Any) -> Iterator[Scores]:
        if isinstance(value, list | tuple) and len(value) == 2:
            yield value[0], value[1]
        if isinstance(value, Mapping):
            sides = [(self.preference(label), score) for label, score in value.items()]
            by_side = {side: score for side, score in sides if side in (1.0, 2.0)}
            if len(by_side) == 2 == sum(side in by_side for side, _ in sides):
                yield by_side[1.0], by_side[2.0]

    def _named(self, text: str) -> list[Scores]:
        flags = 0 if self.exact else re.IGNORECASE
        found = [
            re.findall(rf"(?<!\w){re.escape(label)}(?!\w)\W{{0,8}}[:=]\W{{0,8}}{_NUMBER}", text, flags)
            for label in (self.first, self.second)
        ]
        return list(zip(*found, strict=True)) if len(found[0]) == len(found[1]) else []


def _split(line: str) -> list[str]:
    return [part for part in re.split(r"[,;\s]", line) if part]


def _number(score: Any) -> float | None:
    if isinstance(score, bool):
        return None
    try:
        number = float(score)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
