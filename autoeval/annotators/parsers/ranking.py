"""The judge orders the two outputs from better to worse."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

from autoeval.annotators.parsers.base import Parser, Reading, agreed, body
from autoeval.annotators.parsers.labels import Labels, plain
from autoeval.annotators.parsers.literals import split_values
from autoeval.types import Completion, Unparsed, Verdict

_SEPARATORS = re.compile(r"[,;\n]|\bthen\b|\bover\b", re.IGNORECASE)
_NUMBERED = re.compile(r"^[ \t]*(\d{1,2})[.)][ \t]+(.+)$", re.MULTILINE)
_BEST, _WORST = 1, 2
_DEEPEST = 2


class RankingParser(Labels, Parser):
    """A reply that ranks both labels, best first.

    Understood: `a > b`, `a = b` for a tie, `a, b`, a numbered list, `["a", "b"]`, `{"a": 1, "b": 2}`,
    `[{"model": "a", "rank": 1}, …]`, `{"ranking": …}`, and a bare `a` that names the best.
    """

    kind: Literal["ranking"]
    """Names this parser."""

    def read(self, completion: Completion) -> list[Reading]:
        """Read the order of the two labels."""
        text = body(completion)
        if isinstance(text, Unparsed):
            return [text]
        return [_read_text(self, text)]

    def _of_text(self, text: str) -> Reading:
        values, prose = split_values(text)
        found = [self._of_value(value, _DEEPEST) for value in values] + [*self._of_prose(prose)]
        verdicts = [Verdict(preference) for preference in found if preference is not None]
        return agreed(verdicts, f"the reply does not rank {self.first!r} and {self.second!r}")

    def _of_prose(self, text: str) -> Iterator[float | None]:
        whole = self._of_labels(text)
        if whole is not None:
            yield whole
            return
        for line in text.splitlines():
            yield self._of_labels(line)
        for labels, chain in self.compared_in(text):
            yield from _of_comparison(labels, chain)
        numbered = [(label, number) for number, label in _NUMBERED.findall(text)]
        yield self._of_ranks(
            [(label, rank) for label, rank in numbered if self.preference(label) is not None]
        )

    def _of_labels(self, text: str) -> float | None:
        """Read a text that is nothing but one label, or both in order."""
        bare = self.alone(text)
        if bare is not None:
            return bare
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
        inner = {self._of_value(item, depth - 1) for item in value.values()} - {None}
        return inner.pop() if len(inner) == 1 else None

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
    return parser._of_text(text)


def _of_comparison(labels: list[float], chain: str) -> list[float]:
    """Read `a > b` or `a = b`; a longer chain says everything and nothing."""
    if len(labels) > 2:
        return [1.0, 2.0]
    if len(set(labels)) < 2:
        return []
    return [1.5 if "=" in chain else labels[0]]


def _label_of(item: Mapping[str, Any]) -> Any:
    return next((item[key] for key in ("model", "output", "label", "name", "id") if key in item), None)


def _rank_of(item: Mapping[str, Any]) -> Any:
    return next((item[key] for key in ("rank", "position", "place") if key in item), None)


def _number(rank: Any) -> int | None:
    """Return a rank, None for anything else: scores look like ranks, and mean the opposite."""
    text = str(rank).strip()
    return int(text) if text in (str(_BEST), str(_WORST)) else None
