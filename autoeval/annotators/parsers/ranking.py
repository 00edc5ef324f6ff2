"""The judge orders the two outputs from better to worse."""

import re
from collections.abc import Mapping
from typing import Any, Literal

from autoeval.annotators.parsers.base import Parser, Reading, agreed, body, values_in
from autoeval.annotators.parsers.labels import Labels
from autoeval.types import Completion, Unparsed, Verdict

_SEPARATORS = re.compile(r"\s*(?:>+|,|;|\n|\bthen\b|\bover\b)\s*", re.IGNORECASE)


class RankingParser(Labels, Parser):
    """A reply that ranks both labels, best first.

    Understood: `a > b`, `a, b`, `["a", "b"]`, `[{"model": "a", "rank": 1}, …]`, `{"a": 1, "b": 2}`,
    `{"ranking": […]}`, `a = b` for a tie, and a bare `a` that names the best.
    """

    kind: Literal["ranking"]
    """Names this parser."""

    def read(self, completion: Completion) -> list[Reading]:
        """Read the order of the two labels."""
        text = body(completion)
        if isinstance(text, Unparsed):
            return [text]
        structured = [self._from_value(value) for value in values_in(text)]
        verdicts = [Verdict(found) for found in structured if found is not None]
        if not verdicts:
            whole = self._from_line(text)
            lines = [whole] if whole is not None else [self._from_line(line) for line in text.splitlines()]
            verdicts = [Verdict(found) for found in lines if found is not None]
        return [agreed(verdicts, f"the reply does not rank {self.first!r} and {self.second!r}")]

    def _from_line(self, line: str) -> float | None:
        """Read `a > b`, `a, b`, `a = b` or a bare label; anything else on the line makes it prose."""
        bare = self.preference(line)
        if bare is not None:
            return bare
        if {self.preference(part) for part in line.split("=")} == {1.0, 2.0}:
            return 1.5
        return self._from_order([part for part in _SEPARATORS.split(line.strip()) if part])

    def _from_value(self, value: Any) -> float | None:
        if isinstance(value, Mapping):
            return self._from_mapping(value)
        if isinstance(value, list | tuple) and all(isinstance(item, Mapping) for item in value):
            return self._from_ranks([(_label_of(item), _rank_of(item)) for item in value])
        if isinstance(value, list | tuple):
            return self._from_order(list(value))
        return None

    def _from_mapping(self, value: Mapping[Any, Any]) -> float | None:
        ranked = self._from_ranks(list(value.items()))
        if ranked is not None:
            return ranked
        inner = [found for item in value.values() if (found := self._from_value(item)) is not None]
        return inner[0] if len(set(inner)) == 1 else None

    def _from_order(self, labels: list[Any]) -> float | None:
        """Read a list of exactly both labels, best first."""
        return self._from_ranks([(label, place) for place, label in enumerate(labels)])

    def _from_ranks(self, ranks: list[tuple[Any, Any]]) -> float | None:
        """Read (label, rank) of exactly both labels; equal ranks are a tie."""
        by_side = {self.preference(label): _number(rank) for label, rank in ranks}
        first, second = by_side.get(1.0), by_side.get(2.0)
        if len(ranks) != 2 or first is None or second is None:
            return None
        if first == second:
            return 1.5
        return 1.0 if first < second else 2.0


def _label_of(item: Mapping[str, Any]) -> Any:
    return next((item[key] for key in ("model", "output", "label", "name", "id") if key in item), None)


def _rank_of(item: Mapping[str, Any]) -> Any:
    return next((item[key] for key in ("rank", "position", "place") if key in item), None)


def _number(rank: Any) -> float | None:
    try:
        return float(rank)
    except (TypeError, ValueError):
        return None
