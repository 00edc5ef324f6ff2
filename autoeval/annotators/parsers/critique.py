"""The judge writes a critique, and then one overall score: `Overall Score: 8 (good)`.

UltraFeedback's critiques held 2,628 scores of 10 where the words meant a 1: a slip that a number alone does not show.
So the score is held against what the reply says besides.
"""

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, field_validator

from autoeval.annotators.parsers.against import FAULTS
from autoeval.annotators.parsers.base import Reading, TextParser, agreed
from autoeval.annotators.parsers.doubted import is_doubted
from autoeval.annotators.parsers.markup import without_markup
from autoeval.annotators.parsers.numbers import as_number, goes_on, out_of
from autoeval.texts.patterns import lazy_pattern
from autoeval.types import Unfinished, Unparsed, Verdict

_SCORE = lazy_pattern(rf"[\s*_\"'`\[(]{{0,6}}(?P<score>\d+(?:[.,]\d+)?){out_of()}")
_HEAD = lazy_pattern(r"^\s*(?:critique|feedback)\s*[:：]\s*", re.IGNORECASE)
_NOT = lazy_pattern(
    r"(?:\b(?:not|no|never|nothing|without|hardly|barely|free of)|n['’]t)[ \t]+(?:\w+[ \t]+){0,2}$",
    re.IGNORECASE,
)
_PRAISE = lazy_pattern(
    r"\b(?:excellent|perfect\w*|outstanding|flawless\w*|great|superb|impressive\w*|good|well|right|correct\w*|"
    r"accurate\w*|helpful|useful|clear\w*|complete\w*|comprehensive\w*|thorough\w*|precise\w*|concise\w*|relevant|"
    r"effective\w*|strong|truthful\w*|insightful|fully)\b",
    re.IGNORECASE,
)


class CritiqueParser(TextParser):
    """Words, the mark, and a score that is all of its line, but for a word that says it again.

    A score is none where the word belongs to other scores (`10 (very poor)`), or where it is the best and the critique,
    in English, speaks more against the output than for it: that is a 10 for a 1 as likely as a 10. `8/10` is 8; another
    total is none.
    """

    kind: Literal["critique"]
    """Names this parser."""
    after: Annotated[str, Field(min_length=1)] = "Overall Score:"
    """What stands before the score."""
    out_of: float = 10.0
    """The best score."""
    levels: Mapping[str, tuple[float, float]] = {}
    """Words that say a score again, each with the lowest and the highest score that it stands for."""

    @field_validator("levels")
    @classmethod
    def _apart(cls, levels: Mapping[str, tuple[float, float]]) -> Mapping[str, tuple[float, float]]:
        ends = sorted(levels.values())
        if any(low > high for low, high in ends) or any(one[1] >= other[0] for one, other in pairwise(ends)):
            raise ValueError("each of the 'levels' has a lowest and a highest score, and no two share one")
        return levels

    def _of_text(self, text: str) -> Reading:
        seen = without_markup(text)
        marks = list(
            re.finditer(re.escape(self.after.rstrip(" :")) + r"[\s*_]{0,4}[:：]", seen, re.IGNORECASE)
        )
        if not marks:
            return Unfinished(f"the reply has no {self.after}")
        words = _HEAD.sub("", seen[: marks[0].start()]).strip(" \t\n*_#")
        readings = [self._score(seen, mark, words) for mark in marks]
        if unread := next((one for one in readings if isinstance(one, Unparsed)), None):
            return unread
        return agreed([one for one in readings if isinstance(one, Verdict)], f"the reply has no {self.after}")

    def _is_entire(self, text: str) -> bool:  # noqa: ARG002 - what was cut off at "1" may have meant 10
        return False

    def _score(self, text: str, mark: re.Match[str], words: str) -> Verdict | Unparsed:
        line = text[mark.end() :].lstrip(" \t\n").partition("\n")[0]
        found = _SCORE.match(line)
        if found is None or is_doubted(text, mark.start(), mark.start()):
            return Unparsed(f"what follows {self.after} is not one number")
        rest = line[found.end() :]
        total = found["total"]
        is_more = re.search(r"\d", rest) or goes_on(line, found.end()) or is_doubted(line, 0, found.end())
        score = as_number(found["score"])
        if score is None or is_more or (total and as_number(total) != self.out_of):
            return Unparsed(f"what follows {self.after} is not one number of {self.out_of:g}")
        said = self._level(rest)
        if said is not None:
            low, high = self.levels[said]
            if not low <= score <= high:
                return Unparsed(f"the score {score:g} and the word {said!r} contradict each other")
        elif score >= self.out_of and _speaks_against(words):
            return Unparsed(
                f"the score is {score:g}, and the words speak against the output; a slip for 1 looks so"
            )
        return Verdict(score, words or None)

    def _level(self, rest: str) -> str | None:
        """Return the word behind a score; of two that fit, such as `poor` and `very poor`, the longer one."""
        fitting = [
            level for level in self.levels if re.search(rf"\b{re.escape(level)}\b", rest, re.IGNORECASE)
        ]
        return max(fitting, key=len, default=None)


def _speaks_against(words: str) -> bool:
    """Whether a critique finds more fault than merit, in English; what is denied counts as the other."""
    praise, faults = _counted(_PRAISE, words), _counted(FAULTS, words)
    return faults[True] + praise[False] > praise[True] + faults[False]


def _counted(pattern: re.Pattern[str], words: str) -> Mapping[bool, int]:
    """Count what is said, and what is denied."""
    said = [
        _NOT.search(words[max(0, match.start() - 40) : match.start()]) is None
        for match in pattern.finditer(words)
    ]
    return {True: sum(said), False: len(said) - sum(said)}
