"""The judge scores both outputs on a line, `8 9`, and says why on the others: a review, as FastChat's were."""

import re
from collections.abc import Sequence, Set
from typing import Literal

from autoeval.annotators.parsers.base import CONTRADICTION, CUT_OFF, Parser, Reading, body, is_complete
from autoeval.annotators.parsers.markup import without_markup
from autoeval.texts.patterns import lazy_pattern
from autoeval.types import Completion, Unfinished, Unparsed, Verdict

_NUMBER = r"[-+]?\d+(?:\.\d+)?"
_LABEL = r"(?:(?:the\s+)?(?:assistant|answer|output|response)?\s*(?:{})\s*[:=]\s*)?"
_ONE = r"(?P<{0}>" + _NUMBER + r")(?:\s*(?:/|out of)\s*(?P<{0}_of>" + _NUMBER + r"))?"
_TWO_SCORES = lazy_pattern(
    r"(?:(?:output|scores?)\s*[:=]\s*)?[^\w<>≤≥≈~–—]{0,3}?"
    + _LABEL.format("1|a|one|first")
    + _ONE.format("first")
    + r"(?:\s*[,;|]\s+|\s+(?:and\s+|[|]\s+)?)"
    + _LABEL.format("2|b|two|second")
    + _ONE.format("second")
    + r"\W{0,3}",
    re.IGNORECASE,
)
_BY_NAME = lazy_pattern(
    r"\W*(?:assistant|answer|output|response)\s*(?P<place>[12])\W{0,4}[:=]\W{0,4}"
    + _ONE.format("score")
    + r"\s*(?:\(.*\))?\W*",
    re.IGNORECASE,
)
_EDGES = " \t*_`\"'“”[](){}"


class ReviewParser(Parser):
    """A line with nothing but two numbers, the score of the output shown first and that of the second.

    For `kind: reviewed`. It is the first line, or stands below the judge's own solution of a problem, where each score
    can have a line of its own (`Answer 1: 8`). Scores that differ contradict each other. Numbers with a comma and no
    space between them (`8,9`) could be one number, and are none.
    """

    kind: Literal["review"]
    """Names this parser."""
    out_of: float = 10.0
    """The highest score, which a judge may write behind it (`8/10`)."""

    def read(self, completion: Completion) -> list[Reading]:
        """Read a score for each of the two outputs."""
        text = body(completion)
        if isinstance(text, Unparsed):
            return [text]
        lines = without_markup(text).strip().split("\n")
        scores = list(map(self._scores, lines))
        if not is_complete(completion) and (scores[0] is None or len(lines) == 1):
            return [CUT_OFF]
        found = [pair for pair in scores if pair is not None] + self._by_name(lines)
        if not found:
            return [Unfinished("the reply has no line with two scores")]
        if len(set(found)) > 1:
            return [CONTRADICTION]
        said = (line for line, pair in zip(lines, scores, strict=True) if pair is None)
        why = "\n".join(said).strip() or None
        return [Verdict(score, why) for score in found[0]]

    def _scores(self, line: str) -> tuple[float, float] | None:
        match = _TWO_SCORES.fullmatch(line.strip(_EDGES))
        if match is None:
            return None
        if not self._is_out_of({match["first_of"], match["second_of"]}):
            return None
        return float(match["first"]), float(match["second"])

    def _by_name(self, lines: Sequence[str]) -> list[tuple[float, float]]:
        """Read scores that have a line each; where one of the two lacks some, there is none."""
        matches = [match for match in map(_BY_NAME.fullmatch, lines) if match]
        first, second = ([match for match in matches if match["place"] == place] for place in "12")
        if len(first) != len(second) or not self._is_out_of({match["score_of"] for match in matches}):
            return []
        return [
            (float(one["score"]), float(other["score"])) for one, other in zip(first, second, strict=True)
        ]

    def _is_out_of(self, totals: Set[str | None]) -> bool:
        """Whether what stands behind scores is nothing, or the highest score behind each."""
        return totals <= {None} or all(total is not None and float(total) == self.out_of for total in totals)
