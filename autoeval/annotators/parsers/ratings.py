"""The judge rates each of several outputs, and says why: `Output 1`, `Rating: 4`, `Rationale: …`."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Literal

from autoeval.annotators.parsers.base import CONTRADICTION, CUT_OFF, Parser, Reading, body, is_complete
from autoeval.annotators.parsers.doubted import is_doubted
from autoeval.annotators.parsers.markup import without_markup
from autoeval.annotators.parsers.numbers import NUMBER, as_number, bare, goes_on, out_of
from autoeval.annotators.parsers.rating_tables import HEADER, RATING, REASON, with_ratings_said
from autoeval.texts.patterns import lazy_pattern
from autoeval.types import Completion, Inapplicable, Unfinished, Unparsed, Verdict

_NUMBER = lazy_pattern(rf"(?P<number>{NUMBER}){out_of()}")
_NOT_APPLICABLE = lazy_pattern(
    r"(?:n\s?[/.]?\s?a\.?|not applicable|does not apply|none applies)\b\.?", re.IGNORECASE
)
_MORE_NUMBERS = lazy_pattern(r"\d|\bn/a\b", re.IGNORECASE)


class RatingsParser(Parser):
    """A rating and a rationale for each output that the prompt shows, under a heading that numbers it.

    `N/A` says that what is rated does not apply to an output. Without headings, ratings belong to the outputs in their
    order. A Markdown table of ratings is read as prose that says the same. An output that is rated twice, and not
    alike, or whose rating is no one number (`3-4`, `4/10` out of 5), has no verdict, and the others keep theirs.
    """

    kind: Literal["ratings"]
    """Names this parser."""
    out_of: float = 5.0
    """The highest rating, which a judge may write behind it (`4/5`)."""

    def read(self, completion: Completion) -> list[Reading]:
        """Read a rating for each output."""
        text = body(completion)
        if isinstance(text, Unparsed):
            return [text]
        if not is_complete(completion):
            return [CUT_OFF]
        blocks = _blocks(without_markup(with_ratings_said(text)))
        if blocks is None:
            return [Unparsed("the reply has a rating that belongs to none of the outputs")]
        return [self._of_block(block) for block in blocks] or [Unfinished("the reply has no rating")]

    def _of_block(self, block: str) -> Reading:
        readings = [self._rating(match["held"]) for match in RATING.finditer(block)]
        if not readings:
            return Unparsed("the reply does not rate this output")
        if None in readings:
            return Unparsed("the reply gives a rating that is not one number")
        if len(set(readings)) > 1:
            return CONTRADICTION
        why = REASON.sub("", RATING.sub("", block)).strip() or None
        rating = readings[0]
        return (
            Inapplicable(explanation=why) if rating == _DOES_NOT_APPLY else Verdict(float(rating or 0), why)
        )

    def _rating(self, held: str) -> float | str | None:
        """Return the rating that a line holds, None where it is not one number."""
        text = bare(held).strip()
        if _NOT_APPLICABLE.match(text):
            return None if re.search(r"\d", text) else _DOES_NOT_APPLY
        match = _NUMBER.match(text)
        if match is None or _MORE_NUMBERS.search(text[match.end() :]):
            return None
        if goes_on(text, match.end()) or is_doubted(held, 0, held.find(text) + match.end()):
            return None
        total = match["total"]
        return None if total and as_number(total) != self.out_of else as_number(match["number"])


_DOES_NOT_APPLY = "N/A"


def _blocks(text: str) -> list[str] | None:
    """Return what a text says of each output, in their order; None where some of it is about none."""
    heads = list(HEADER.finditer(text))
    if not heads:
        return list(_by_rating(text))
    if RATING.search(text[: heads[0].start()]):
        return None
    found: dict[int, str] = {}
    for head, after in zip(heads, [*heads[1:], None], strict=True):
        said = text[head.end() : after.start() if after else len(text)]
        number = int(head["number"])
        found[number] = f"{found[number]}\n{said}" if number in found else said
    if 0 in found:
        return None
    return [found.get(number, "") for number in range(1, max(found) + 1)]


def _by_rating(text: str) -> Iterator[str]:
    """Split a text without headings into a block a rating; rationales stand behind them, or else before."""
    ratings = list(RATING.finditer(text))
    if not ratings:
        return
    is_behind = not text[: ratings[0].start()].strip()
    ends = [match.end() for match in ratings]
    starts = [match.start() for match in ratings]
    edges = [*starts, len(text)] if is_behind else [0, *ends[:-1], len(text)]
    for start, end in pairwise(edges):
        yield text[start:end]
