"""The judge ends with one of Arena-Hard's five verdicts: [[A>>B]], [[A>B]], [[A=B]], [[B>A]], [[B>>A]]."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from autoeval.annotators.parsers.base import (
    CONTRADICTION,
    CUT_OFF,
    Reading,
    TextParser,
    agreed,
    is_complete,
    refusal,
)
from autoeval.annotators.parsers.choice import Take
from autoeval.annotators.parsers.doubted import is_doubted
from autoeval.annotators.parsers.markup import without_markup
from autoeval.texts.patterns import lazy_pattern
from autoeval.types import Completion, Unfinished, Unparsed, Verdict

_MARKED = (
    lazy_pattern(r"\[\[([AB<>= ]+)\]\]", re.IGNORECASE),
    lazy_pattern(r"\[([AB<>= ]+)\]", re.IGNORECASE),
)
_LETTERS = {"A": -1, "B": 1, "C": 0, "TIE": 0}
_ANY_MARK = lazy_pattern(r"\[((?:[AB][ ]*[<>=]+[ ]*[AB])|(?<=\[\[)(?:[ABC]|tie))[ ]*\]", re.IGNORECASE)
_COMPARED = lazy_pattern(r"(?:\A|:)[\s*_\"'`]*([AB][ ]?(?:>>?|<<?|=)[ ]?[AB])[\s*_\"'`.]*\Z")
_PREFERENCES = {"A>>B": 1.0, "A>B": 1.25, "A=B": 1.5, "B>A": 1.75, "B>>A": 2.0}
_LISTED = lazy_pattern(
    r"[ \t*_`\"',;/|、，]*(?:or|and|oder|und|ou|et|o|y|или|и|或者?|和|または|또는)?[ \t*_`\"',;/|]*",
    re.IGNORECASE,
)
_TIE, _CLEAR = 1.5, (1.0, 2.0)
_MIRRORED = {"B<<A": 1.0, "B<A": 1.25, "B=A": 1.5, "A<B": 1.75, "A<<B": 2.0}


_NONE = "the reply holds none of the verdicts [[A>>B]], [[A>B]], [[A=B]], [[B>A]], [[B>>A]]"


class VerdictsParser(TextParser):
    """A reply with one of five verdicts in double brackets (or, where there are none, single ones).

    A is the output shown first. A much better output is 1 or 2, a better one 1.25 or 1.75, neither 1.5. Other letters
    and signs in brackets, as in [[A]], are no verdict, but one for the other side or for none contradicts it. Nor is
    what the reply denies or asks.

    With `clear_win`, as Arena-Hard counts, a better output is 1 or 2 and a much better one too, so many times. With
    `patterns`, what they find in all that the judge said is the verdict, or none.
    """

    kind: Literal["verdicts"]
    """Names this parser."""
    take: Take = "only"
    """Which of several verdicts counts: `only` wants them to agree, `last` takes the last one, as Arena-Hard does."""

    clear_win: Annotated[int, Field(ge=1)] | None = None
    """How many times a clear win counts; without it, it is graded higher than another win."""
    patterns: tuple[str, ...] = ()
    """Regular expressions in place of the brackets; the first that matches counts, its group is the verdict."""

    def read(self, completion: Completion) -> list[Reading]:
        """Read the one verdict of the reply."""
        if not self.patterns:
            return super().read(completion)
        if (refused := refusal(completion)) is not None:
            return [refused]
        return [self._of_patterns(completion.text) if is_complete(completion) else CUT_OFF]

    def label(self, value: float, weight: float) -> str:
        """Return the verdict that a value and its weight were read from."""
        graded = value if self.clear_win is None else self._graded(value, weight)
        return next(name for name, one in _PREFERENCES.items() if one == graded)

    def _of_text(self, text: str) -> Reading:
        seen = _seen(text)
        for marked in _MARKED:
            found = [match for match in marked.finditer(seen) if _known(_bare(match[1])) is not None]
            if self.take == "last":
                found = (
                    found[-2:]
                    if len(found) > 1 and _is_list(seen[found[-2].end() : found[-1].start()])
                    else found[-1:]
                )
            if found:
                if any(is_doubted(seen, *match.span()) for match in found):
                    return CONTRADICTION
                known = [_known(_bare(match[1])) or _TIE for match in found]
                said = seen[found[0].end() :] if self.take == "last" else seen
                read = [self._verdict(one, text) for one in known]
                is_other = not {_side(one) for one in known} >= set(_sides(said))
                return (
                    CONTRADICTION if is_other or len({one.weight for one in read}) > 1 else agreed(read, "")
                )
        return Unfinished(_NONE)

    def _of_patterns(self, text: str) -> Reading:
        """Read what the patterns find, whatever it is: of several finds the last, or none unless they agree."""
        for pattern in self.patterns:
            marks = [mark for mark in re.findall(pattern, text, re.IGNORECASE) if mark]
            if marks:
                if self.take == "only" and len({_bare(mark) for mark in marks}) > 1:
                    return CONTRADICTION
                known = _known(_bare(marks[-1]))
                return Unparsed(_NONE) if known is None else self._verdict(known, text)
        return Unfinished(_NONE)

    def _verdict(self, graded: float, text: str) -> Verdict:
        if self.clear_win is None or graded == _TIE:
            return Verdict(graded, text)
        is_clear = graded in _CLEAR
        return Verdict(1.0 if graded < _TIE else 2.0, text, weight=self.clear_win if is_clear else 1)

    @staticmethod
    def _graded(value: float, weight: float) -> float:
        if value == _TIE or weight > 1:
            return value
        return 1.25 if value < _TIE else 1.75

    def _is_entire(self, text: str) -> bool:
        """Whether a text is nothing but a verdict in double brackets."""
        match = _MARKED[0].fullmatch(_seen(text))
        return match is not None and _known(_bare(match[1])) is not None


def _seen(text: str) -> str:
    return without_markup(text.replace("≫", ">>").replace("≪", "<<"), has_tags=False)


def _is_list(between: str) -> bool:
    """Whether what stands between two verdicts makes a list of them, of which neither is the last word."""
    return _LISTED.fullmatch(between) is not None


def _sides(text: str) -> Iterator[int]:
    """Find for whom a text speaks elsewhere: in any mark in brackets, and in a comparison that ends its last line."""
    for mark in _ANY_MARK.findall(text):
        known = _known(_bare(mark))
        yield _LETTERS[_bare(mark)] if known is None else _side(known)
    last = _COMPARED.search(text.rstrip().rpartition("\n")[2])
    if last and (known := _known(_bare(last[1]))) is not None:
        yield _side(known)


def _side(known: float) -> int:
    return (known > _TIE) - (known < _TIE)


def _bare(mark: str) -> str:
    return re.sub(r"\s+", "", mark).upper()


def _known(mark: str) -> float | None:
    return _PREFERENCES.get(mark, _MIRRORED.get(mark))
