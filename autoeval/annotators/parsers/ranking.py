"""The judge orders the two outputs from better to worse."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, Literal

from autoeval.annotators.parsers.against import LONGEST_HEADING, is_of_another, lines_said
from autoeval.annotators.parsers.base import Reading, TextParser, agreed
from autoeval.annotators.parsers.contradicted import unless_contradicted
from autoeval.annotators.parsers.directions import (
    BEST_FIRST,
    goes_upward,
    is_worst_first,
    without_best_to_worst,
)
from autoeval.annotators.parsers.doubted import is_doubted
from autoeval.annotators.parsers.labels import Labels, plain
from autoeval.texts.literals import is_one_value
from autoeval.texts.patterns import lazy_pattern
from autoeval.types import Unparsed, Verdict

_SEPARATORS = lazy_pattern(r"[,;\n]|\bthen\b|\bover\b", re.IGNORECASE)
_NUMBERED = lazy_pattern(r"^[ \t]*(\d{1,2})[.)][ \t]+(.+)$", re.MULTILINE)
_SIGN = lazy_pattern("[<>=≻≺≥≤≠]")
_LIST_BEST_FIRST = lazy_pattern(
    rf"{BEST_FIRST}(?: ranking| order)?[^\w\n:：]{{0,5}}[:：][ \t*_]*(.+|(?:\n.+)+|\n+(?:\n.+)+)"
)
"""A list under such a heading, in its line or below it."""
_BEST, _WORST = 1, 2
_DEEPEST = 2


class RankingParser(Labels, TextParser):
    """A reply that ranks both labels, best first.

    Understood: `a > b`, `a = b` for a tie, `a, b`, a numbered list, `["a", "b"]`, `{"a": 1, "b": 2}`,
    `[{"model": "a", "rank": 1}, …]`, `{"ranking": …}`, and a bare `a` that names the best.
    """

    kind: Literal["ranking"]
    """Names this parser."""

    def _of_text(self, text: str) -> Reading:
        return _read_text(self, text)

    def _is_entire(self, text: str) -> bool:
        """Whether a text is nothing but a comparison or a value; a label alone may be the first of a tie."""
        return is_one_value(text) or self.is_comparison(text)

    def _ranked(self, text: str) -> Reading:
        text = without_best_to_worst(text)
        values, doubted, prose = self.parts_of(text)
        headings = (line for line in prose.splitlines() if line.rstrip(" *_").endswith((":", "：")))
        is_headed = any(len(line) < LONGEST_HEADING and is_worst_first(line) for line in headings)
        if is_headed or goes_upward(text.replace("_", " ")):
            return Unparsed("the reply lists the worst first, or only the worst")
        found = [self._of_value(value, _DEEPEST) for value in values] + [*self._of_prose(prose)]
        hints = [self._of_value(value, _DEEPEST) for value in doubted] + [*self._hints(prose)]
        verdicts = [Verdict(preference) for preference in found if preference is not None]
        nothing = f"the reply does not rank {self.first!r} and {self.second!r}"
        ranking = agreed(verdicts, nothing, [hint for hint in hints if hint is not None])
        return unless_contradicted(ranking, values, self)

    def _of_prose(self, text: str) -> Iterator[float | None]:
        whole = self._of_labels(text)
        if whole is not None:
            yield whole
            return
        lists = [(found.span(), self._of_list(found[1])) for found in _LIST_BEST_FIRST.finditer(text)]
        for (start, end), order in lists[::-1]:
            yield order
            text = text if order is None else f"{text[:start]}\n{text[end:]}"
        for line in lines_said(text):
            yield self._of_labels(line)
        for labels, chain in self.compared_in(text):
            if not is_doubted(text, *chain.span()):
                yield from _of_comparison(labels, self.either.sub("", chain[0]))
        numbered = [(label, number) for number, label in _NUMBERED.findall(text)]
        yield self._of_ranks(
            [(label, rank) for label, rank in numbered if self.preference(label) is not None]
        )

    def _hints(self, text: str) -> Iterator[float]:
        """Find what is no ranking by itself, but speaks against one: `Answer: a`, `a < b`, `a > b?`, `… 1. a 2. b`."""
        for line in text.splitlines():
            announced, announcement = self.announced(line)
            if announced is not None and not is_of_another(announcement):
                yield announced
        for best in self._numbered_anywhere.findall(text) if str(_BEST) in text else ():
            yield from filter(None, [self.preference(best)])
        for labels, chain in self.compared_in(text):
            if is_doubted(text, *chain.span()) or not _of_comparison(labels, self.either.sub("", chain[0])):
                yield from {*labels[:1]} if ">" in self.either.sub("", chain[0]) else {*labels[1:]}

    @cached_property
    def _numbered_anywhere(self) -> re.Pattern[str]:
        label, around = self.either.pattern, r"[^\w\s]{0,6}"
        first, second = (rf"{number}[.)]\s{{0,3}}{around}" for number in (_BEST, _WORST))
        return re.compile(rf"(?<![\w.]){first}({label}){around}\s{{1,4}}{second}{label}", self.either.flags)

    def _of_labels(self, text: str) -> float | None:
        """Read a text that is nothing but one label, or both in order."""
        bare = self.alone(text)
        if bare is not None:
            return bare
        return self._of_list(text)

    def _of_list(self, text: str) -> float | None:
        """Read a text that is nothing but both labels in order."""
        return self._of_order([part for part in _SEPARATORS.split(text) if plain(part)])

    def _of_value(self, value: Any, depth: int) -> float | None:
        if isinstance(value, Mapping):
            return self._of_mapping(value, depth)
        if isinstance(value, list | tuple) and all(isinstance(item, Mapping) for item in value):
            return self._of_ranks([(_label_of(item), _rank_of(item)) for item in value])
        return self._of_order(value) if isinstance(value, list | tuple) else None

    def _of_mapping(self, value: Mapping[Any, Any], depth: int) -> float | None:
        """Read label: rank, rank: label, or whatever one of the fields holds."""
        by_label = [(label, rank) for label, rank in value.items() if self.preference(label) is not None]
        by_rank = [(label, rank) for rank, label in value.items() if self.preference(label) is not None]
        ranked = self._of_ranks(by_label) or self._of_ranks(by_rank)
        if ranked is not None or depth == 0:
            return ranked
        inner = [(self._of_value(item, depth - 1), str(name)) for name, item in value.items()]
        ranked_inside = {found for found, _ in inner} - {None}
        is_turned = any(found is not None and is_worst_first(name) for found, name in inner)
        return ranked_inside.pop() if len(ranked_inside) == 1 and not is_turned else None

    def _of_order(self, labels: Sequence[Any]) -> float | None:
        """Read a list of exactly both labels, best first."""
        return self._of_ranks([(label, rank) for rank, label in enumerate(labels, _BEST)])

    def _of_ranks(self, ranks: Sequence[tuple[Any, Any]]) -> float | None:
        """Read (label, rank) of exactly both labels; equal ranks are a tie."""
        by_side = {self.preference(label): _number(rank) for label, rank in ranks}
        first, second = by_side.get(1.0), by_side.get(2.0)
        if len(ranks) != 2 or first is None or second is None:
            return None
        if first == second:
            return 1.5
        return 1.0 if first < second else 2.0


@lru_cache(maxsize=1024)
def _read_text(parser: RankingParser, text: str) -> Reading:
    """Read a reply once: judges that are asked for a ranking say the same few words all the time."""
    return parser._ranked(text)


def _of_comparison(labels: list[float], chain: str) -> list[float]:
    """Read `a > b` or `a = b`; a longer chain says everything and nothing, and other signs are no ranking."""
    signs = set(_SIGN.findall(chain))
    if len(labels) > 2:
        return [1.0, 2.0]
    if len(set(labels)) < 2 or signs not in ({">"}, {"="}):
        return []
    return [1.5 if signs == {"="} else labels[0]]


def _label_of(item: Mapping[str, Any]) -> Any:
    return next((item[key] for key in ("model", "output", "label", "name", "id") if key in item), None)


def _rank_of(item: Mapping[str, Any]) -> Any:
    return next((item[key] for key in ("rank", "position", "place") if key in item), None)


def _number(rank: Any) -> int | None:
    """Return a rank, None for anything else: scores look like ranks, and mean the opposite."""
    text = str(rank).strip()
    return int(text) if text in (str(_BEST), str(_WORST)) else None
