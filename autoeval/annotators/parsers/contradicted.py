"""Fields of a reply beside the one that is read, and whether they say something else: a loser, ranks, scores."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from autoeval.annotators.parsers.base import CONTRADICTION, Reading
from autoeval.annotators.parsers.labels import Labels
from autoeval.annotators.parsers.words import (
    BETTER,
    FILLER,
    NAME,
    NOT,
    RANK,
    SCORE,
    TIE,
    TRUTHS,
    WHOLE,
    WORSE,
    words_of,
)
from autoeval.texts.patterns import lazy_pattern
from autoeval.types import Verdict

_LESS = frozenset({"less", "least", "second", "weniger", "moins", "meno", "menos", "менее"})
_FIRST = frozenset({"first"})
_SUM = frozenset({"total", "overall"})
_FINAL = WHOLE - {"total"}
_POINTS = frozenset({"points", "probability", "probabilities"})
_KNOWN = BETTER | WORSE | TIE | SCORE | RANK | NOT | _LESS | _FIRST | NAME | WHOLE | FILLER
_DEEPEST = 6


def unless_contradicted(reading: Reading, beside: Sequence[Any], labels: Labels, field: str = "") -> Reading:
    """Return a reading, or that there is none where fields beside it name another output as the better one.

    Names are taken by their words (`scoreA`, `a_score`, `scores: {a: …}`), and only where all of these are known: what
    a judge says of an aspect, or said at first, is no verdict. Scores contradict only the other way round: equal ones
    leave a choice, and a tie may allow for a difference.

    Args:
        reading: what was read; of how sure a judge is, only the side counts.
        beside: the values that the reply holds, with or without what was read.
        labels: how the outputs are called.
        field: the name of the field that was read.
    """
    if not isinstance(reading, Verdict):
        return reading
    side = 1.5 if reading.value == 1.5 else 1.0 if reading.value < 1.5 else 2.0
    found = _Beside(labels)
    for path, leaf in found.leaves(list(beside), (), _DEEPEST):
        found.take(path, leaf)
    # a field that names the worse one has labels that have changed places
    side = 3 - side if WORSE & set(words_of(field)) else side
    return CONTRADICTION if found.differs(side) else reading


def same_measure(fields: Mapping[str, Any], field: str) -> list[str]:
    """Return the other fields that are called a score of the whole, as a field is: `final_score` beside `score`."""
    return [name for name in fields if name != field and _is_score_of_all(name) and _is_score_of_all(field)]


def _is_score_of_all(name: str) -> bool:
    words = set(words_of(str(name)))
    return words <= SCORE | WHOLE and bool(words & SCORE - _POINTS)


_BETWEEN_FIELDS = lazy_pattern(r",(?!\d)|[;|{}()，；、（）]|[.。](?:\s|$)")


def lines_of(prose: str) -> list[dict[str, str]]:
    """Return what the lines of a text give a name (`Winner: a`, `winner: a, loser: b`), as fields."""
    lines = [line for line in prose.splitlines() if ":" in line]
    parted = [part.rpartition(":") for line in lines for part in (line, *fields_of(line))]
    return [{name: said} for name, colon, said in parted if colon]


def fields_of(line: str) -> list[str]:
    """Return the parts of a line that give several things a name (`winner: a, loser: b`); none of another line."""
    parts = [part for part in _BETWEEN_FIELDS.split(line) if ":" in part] if line.count(":") > 1 else []
    return parts if len(parts) > 1 else []


class _Beside:
    """What the fields beside a verdict say: preferences, preferences that it is not, scores, and ranks turned round."""

    def __init__(self, labels: Labels) -> None:
        self._labels = labels
        self._names = {1.0: words_of(labels.first), 2.0: words_of(labels.second)}
        self._said: set[float] = set()
        self._denied: set[float] = set()
        self._scores: dict[float, set[float]] = {1.0: set(), 2.0: set()}
        self._ranks: dict[float, set[float]] = {1.0: set(), 2.0: set()}

    def leaves(self, value: Any, path: tuple[str, ...], depth: int) -> Iterator[tuple[tuple[str, ...], Any]]:
        """Walk through the fields of a value; a list of plain values is one of them."""
        if not depth:
            return
        if isinstance(value, Mapping):
            names = {name: str(item) for name, item in value.items() if self._is_name(str(name), item)}
            for name, inner in value.items():
                about = () if name in names or len(names) != 1 else tuple(names.values())
                yield from self.leaves(inner, (*path, *about, str(name)), depth - 1)
        elif isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value):
            for item in value:
                yield from self.leaves(item, path, depth - 1)
        else:
            yield path, value

    def _is_name(self, name: str, item: Any) -> bool:
        """Whether a field says which output its neighbours are about: `{model: a, rank: 1}`."""
        words = set(words_of(name))
        return bool(words) and words <= NAME and self._labels.preference(item) in self._names

    def take(self, path: Sequence[str], leaf: Any) -> None:
        """Note what a field says, where its name is understood."""
        words, side = self._without_label([word for name in path for word in words_of(name)])
        if not words <= _KNOWN:
            return
        if isinstance(leaf, list) and len(leaf) == 1:
            (leaf,) = leaf
        measure = self._scores if words & (SCORE | _SUM) else self._ranks if words & RANK else None
        number = _number(leaf)
        if side is None:
            self._take_named(words, leaf)
        elif measure is None:
            self._take_truth(words, side, leaf)
        elif number is not None:
            measure[side].add(number if measure is self._scores else -number)

    def _take_named(self, words: set[str], leaf: Any) -> None:
        truth, is_for = _truth(leaf), _speaks_for(words)
        if words & SCORE:
            return
        if truth is not None and words & TIE:
            (self._said if truth else self._denied).add(1.5)
        elif (named := self._named(leaf)) is None:
            return
        elif is_for is False:
            self._said.add(3 - named)
        elif is_for or words & _FINAL or (words & RANK and self._labels.preference(leaf) is None):
            self._said.add(named)

    def _take_truth(self, words: set[str], side: float, leaf: Any) -> None:
        truth, is_for = _truth(leaf), _speaks_for(words)
        if truth is not None and is_for is not None:
            (self._said if truth else self._denied).add(side if is_for else 3 - side)

    def _named(self, leaf: Any) -> float | None:
        """Return the preference of a label, of a list with the best first, or of a comparison."""
        if isinstance(leaf, list):
            order = [self._labels.preference(item) for item in leaf]
            return order[0] if set(order) == {1.0, 2.0} else None
        if (preference := self._labels.preference(leaf)) is not None or not isinstance(leaf, str):
            return preference
        if not self._labels.is_comparison(leaf.strip()):
            return None
        ((sides, chain),) = self._labels.compared_in(leaf)
        orders = {sign for sign in "<=>" if sign in chain[0]}
        return {">": sides[0], "<": sides[-1], "=": 1.5}[orders.pop()] if len(orders) == 1 else None

    def _without_label(self, words: list[str]) -> tuple[set[str], float | None]:
        """Take the name of an output out of a path, where it holds one and not the other."""
        found = {}
        for side, name in self._names.items():
            at = next((i for i in range(len(words)) if name and words[i : i + len(name)] == name), None)
            if at is not None:
                found[side] = words[:at] + words[at + len(name) :]
        if len(found) != 1 or self._names[1.0] == self._names[2.0]:
            return set(words), None
        ((side, rest),) = found.items()
        return set(rest), side

    def differs(self, preference: float) -> bool:
        """Whether anything of it goes against a preference."""
        by_score, by_rank = _higher(self._scores), _higher(self._ranks)
        said = {*self._said, *(() if by_rank is None else (by_rank,))}
        return bool(said - {preference}) or preference in self._denied or by_score == 3 - preference != 1.5


def _speaks_for(words: set[str]) -> bool | None:
    """Whether words are of the better output, or (False) of the worse one; None where that is not clear."""
    is_turned = bool(words & (NOT | _LESS))
    if words & WORSE:
        return None if is_turned or words & BETTER else False
    return not is_turned if words & BETTER or (words & RANK and words & (_FIRST | _LESS)) else None


def _higher(values: Mapping[float, set[float]]) -> float | None:
    """Return which side has more, 1.5 where both have the same, None where that is not said."""
    first, second = values[1.0], values[2.0]
    if not first or not second:
        return None
    if min(first) > max(second):
        return 1.0
    if min(second) > max(first):
        return 2.0
    return 1.5 if first == second and len(first) == 1 else None


def _truth(leaf: Any) -> bool | None:
    return (
        leaf
        if isinstance(leaf, bool)
        else TRUTHS.get(leaf.strip().casefold())
        if isinstance(leaf, str)
        else None
    )


def _number(leaf: Any) -> float | None:
    if isinstance(leaf, bool) or not isinstance(leaf, int | float | str):
        return None
    try:
        return float(leaf)
    except (ValueError, OverflowError):
        return None
