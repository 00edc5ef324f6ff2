"""The judge scores both outputs; the higher score is better."""

import math
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Literal

from pydantic import field_validator

from autoeval.annotators.parsers.base import Reading, TextParser, agreed
from autoeval.annotators.parsers.contradicted import lines_of, unless_contradicted
from autoeval.annotators.parsers.labels import Labels
from autoeval.annotators.parsers.numbers import goes_on
from autoeval.annotators.parsers.words import RANK, pattern_of
from autoeval.texts.literals import is_one_value
from autoeval.texts.patterns import lazy_pattern
from autoeval.types import Unparsed, Verdict

_NUMBER = r"([-+]?(?:\d+(?:[.,]\d+)?|[.,]\d+))"
_TOTAL = r"(?:\s{0,3}(?:/|out of|of)\s{0,3}(\d+(?:[.,]\d+)?)|\s?(%))?"
_NO_MORE = r"(?!\w|[.,]\d|\s{0,3}[-–—~/%]\s{0,3}\d)"
_FILLER = r"(?:[^\w+.,–—~<>≤≥≈-]|[-+.,](?!\d)){0,8}"
_LESS_IS_BETTER = lazy_pattern(
    r"\b(?:lower|fewer|smaller|less)\b[^.\n]{0,20}\bbetter\b|越[低少小]越好|"
    r"[低少小]いほど良|[낮적작]을수록 좋",
    re.IGNORECASE,
)
_RANKS = lazy_pattern(rf"^[^\w\n]*{pattern_of(RANK)}[^\w\n]*?(?::|$)", re.IGNORECASE | re.MULTILINE)
Scores = tuple[Any, Any]


class ScoresParser(Labels, TextParser):
    """Two numbers: `{"a": 7, "b": 9}`, `[7, 9]`, `a: 7` and `b: 9`, or a line with nothing but `7 9`.

    A comma within a number is a decimal one. Numbers of which that is not certain (`1,000`; `7,9` as two scores), or
    that are out of different totals (`7/10` and `60/100`) or go on (`7 or 8`), are no scores.
    """

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

    def _of_text(self, text: str) -> Reading:
        if _LESS_IS_BETTER.search(text):
            return Unparsed("the reply says that the lower number is better")
        if self.pattern is not None:
            pairs, hints, beside = self._matched(self.pattern, text), [], []
        else:
            values, doubted, prose = self.parts_of(text)
            beside = values + lines_of(prose)
            lines = [line for line in prose.splitlines() if line.strip()]
            pairs = [*map(_of_line, lines), *self._named_scores(prose)]
            pairs += [pair for value in values for pair in self._of_value(value)]
            hints = [pair for value in doubted for pair in self._of_value(value)]
            hints += [_of_line(line.rpartition(": ")[2].lstrip("> #|-")) for line in lines]
            if _RANKS.search(prose):  # the best has the first
                hints += [(second, first) for first, second in pairs]
            if self._turned.search(prose):  # a line of scores may be in this order
                hints += [(second, first) for first, second in map(_of_line, lines)]
        verdicts = [Verdict(preference) for preference in map(_compared, pairs) if preference is not None]
        said = [preference for preference in map(_compared, hints) if preference is not None]
        scored = agreed(verdicts, "the reply does not score both outputs", said)
        return unless_contradicted(scored, beside, self)

    def _is_entire(self, text: str) -> bool:
        """Whether a text is nothing but scores that a bracket ends: a bare number might have had more digits."""
        if self.pattern is not None:
            return not text[-1].isalnum() and re.fullmatch(self.pattern, text) is not None
        return is_one_value(text)

    def _matched(self, pattern: str, text: str) -> list[Scores]:
        matches = re.finditer(pattern, text)
        return [(match[1], match[2]) for match in matches if _is_whole(match, 1) and _is_whole(match, 2)]

    def _of_value(self, value: Any) -> Iterator[Scores]:
        if isinstance(value, list | tuple) and len(value) == 2:
            yield value[0], value[1]
        if isinstance(value, Mapping):
            sides = [(self.preference(label), score) for label, score in value.items()]
            by_side = {side: score for side, score in sides if side in (1.0, 2.0)}
            if len(by_side) == 2 == sum(side in by_side for side, _ in sides):
                yield by_side[1.0], by_side[2.0]

    def _named_scores(self, text: str) -> Iterator[Scores]:
        """Read `a: 7` and `b: 9`, as often as each is scored; all of them out of one total."""
        found: dict[float, list[str]] = {1.0: [], 2.0: [], 1.5: []}
        totals = set()
        matches = list(self._scored.finditer(text))
        ends = [match.start() for match in matches[1:]] + [len(text)]
        for match, end in zip(matches, ends, strict=False):
            label, number, total, percent = match.groups()
            if goes_on(text[match.start() : end], match.end() - match.start()):
                return
            found[self.preference(label) or 1.5].append(number)
            totals.add(total or percent)
        if len(found[1.0]) == len(found[2.0]) and len(totals) == 1:
            yield from zip(found[1.0], found[2.0], strict=True)

    @cached_property
    def _turned(self) -> re.Pattern[str]:
        """Finds both labels side by side, the second one first."""
        first, second = map(re.escape, (self.first, self.second))
        return re.compile(
            rf"(?<!\w){second}\W{{1,6}}(?:(?:and|then|und|et|y|e|и)\W{{1,3}})?{first}(?!\w)",
            self.either.flags,
        )

    @cached_property
    def _scored(self) -> re.Pattern[str]:
        label = self.either.pattern
        return re.compile(rf"({label}){_FILLER}[:=]{_FILLER}{_NUMBER}{_TOTAL}{_NO_MORE}", self.either.flags)


def _is_whole(match: re.Match[str], group: int) -> bool:
    """Whether what a group found is a number, not a part of one."""
    before, after = match.string[: match.start(group)][-2:], match.string[match.end(group) :][:2]
    return match[group] is not None and not re.search(r"\d[.,]?$", before) and not re.match(r"[.,]?\d", after)


def _of_line(line: str) -> Scores:
    """Read a line with nothing but two scores, split at spaces: a comma within a word may be a decimal one."""
    parts = [part.rstrip(",").strip("\"'`*()/=|>") for part in re.split(r"[;\s]", line) if part.strip(",")]
    return (parts[0], parts[1]) if len(parts) == 2 else (None, None)


def _compared(scores: Scores) -> float | None:
    first, second = map(_number, scores)
    if first is None or second is None:
        return None
    return 1.5 if first == second else 1.0 if first > second else 2.0


def _number(score: Any) -> float | None:
    if isinstance(score, bool):
        return None
    if isinstance(score, str):
        if not re.fullmatch(_NUMBER, score.strip()) or re.fullmatch(r"[-+]?\d{1,3},\d{3}", score.strip()):
            return None
        score = score.strip().replace(",", ".")
    try:
        number = float(score)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
