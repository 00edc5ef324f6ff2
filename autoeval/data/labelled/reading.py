"""What files of labelled sets have in common: choices of known values, raw replies, and who is recorded."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from autoeval.data.labelled.base import Labelled, LabelledPair, Preference, RecordedJudge
from autoeval.data.loading import Row, describe, expand, is_missing
from autoeval.data.records import read_field
from autoeval.errors import UsageError
from autoeval.texts.patterns import lazy_pattern

_ALONE = lazy_pattern(r"\W*output \(?([ab12])\)?\W*", re.IGNORECASE)
_BETTER = lazy_pattern(r"output \(([ab])\) is (?:the )?better", re.IGNORECASE)
_BRACKETS = lazy_pattern(r"\[\[([^\[\]]{1,5})\]\]")
_VERDICTS: Mapping[str, float] = {
    **dict.fromkeys(("A", "A>B", "A>>B", "B<A", "B<<A"), 1.0),
    **dict.fromkeys(("B", "B>A", "B>>A", "A<B", "A<<B"), 2.0),
    **dict.fromkeys(("C", "A=B", "B=A", "TIE"), 1.5),
}


def shown_verdict(text: str) -> Preference:
    """Read which of the outputs, as shown, a raw reply prefers; None where it does not say, or says two things."""
    if alone := _ALONE.fullmatch(text.strip()):
        return 1.0 if alone[1].lower() in "a1" else 2.0
    named = {name.lower() for name in _BETTER.findall(text)}
    marks = [mark.strip().upper() for mark in _BRACKETS.findall(text)]
    said = {1.0 if name == "a" else 2.0 for name in named} | {
        _VERDICTS[mark] for mark in marks if mark in _VERDICTS
    }
    return said.pop() if len(said) == 1 else None


def turned(preference: Preference, is_switched: bool) -> Preference:
    """Turn a preference from the order shown into the pair's own."""
    return 3 - preference if is_switched and preference is not None else preference


def choice_of(row: Row, name: str, choices: Mapping[str, Preference]) -> Preference:
    """Return what a field of a few known values means; its case does not count.

    Raises:
        UsageError: it holds another one.
    """
    value = read_field(row, name)
    if is_missing(value):
        return _choice(row, name, "null", None, choices)
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    return _choice(row, name, text.strip().lower(), value, choices)


def _choice(row: Row, name: str, text: str, value: Any, choices: Mapping[str, Preference]) -> Preference:
    if text not in choices:
        known = ", ".join(choices)
        raise UsageError(f"{row.where}: `{name}` is {describe(value)}; it should be one of {known}.")
    return choices[text]


def label_of(row: Row, name: str, choices: Mapping[str, Preference]) -> float:
    """Return the right answer.

    Raises:
        UsageError: there is none.
    """
    label = choice_of(row, name, choices)
    if label is None:
        raise UsageError(f"{row.where}: `{name}` says no right answer. Fill it in, or remove the row.")
    return label


def unique(pairs: Iterable[LabelledPair]) -> list[LabelledPair]:
    """Return pairs, each with a key of its own.

    Raises:
        UsageError: two have the same.
    """
    found: dict[str, LabelledPair] = {}
    for pair in pairs:
        if pair.key in found:
            raise UsageError(f"{pair.where} is the same pair as {found[pair.key].where}. Remove one of them.")
        found[pair.key] = pair
    return list(found.values())


class Recording:
    """The judges of a labelled set, as their verdicts are read."""

    def __init__(self, labelled: Labelled) -> None:
        self.pairs = {pair.key: pair for pair in labelled.pairs}
        self._judges: dict[str, RecordedJudge] = {}

    @property
    def judges(self) -> list[RecordedJudge]:
        """Those that were read, in the order in which they came."""
        return list(self._judges.values())

    def judge(self, name: str) -> RecordedJudge:
        """Return a judge, which begins without verdicts."""
        return self._judges.setdefault(name, RecordedJudge(name))

    def pair(self, row: Row, key: str) -> LabelledPair:
        """Return the pair of a recorded row.

        Raises:
            UsageError: the set has no such pair.
        """
        if key not in self.pairs:
            raise UsageError(
                f"{row.where}: the set has no such pair ({key[:60]!r}). Is it recorded on another --dataset?"
            )
        return self.pairs[key]


def named_entries(source: Any, name_of: Callable[[Path], str]) -> Iterator[tuple[str, Any]]:
    """Yield each of the recorded files or tables behind the judge that it is named after, or its number."""
    for number, entry in enumerate(expand(source, "--recorded"), 1):
        yield name_of(entry) if isinstance(entry, Path) else f"recorded {number}", entry
