"""Pairs with a right answer, and what a judge was recorded to say of them."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from autoeval.data.loading import Row, describe, is_missing
from autoeval.data.records import read_field
from autoeval.errors import UsageError

Preference = float | None
"""Between output_1 (1) and output_2 (2), 1.5 for a tie; None where there is no verdict."""


@dataclass(frozen=True, slots=True)
class LabelledPair:
    """Two outputs of which one is known to be better: `label` is 1 or 2, or 1.5 where neither is."""

    key: str
    instruction: str
    output_1: str
    output_2: str
    label: float
    subset: str | None
    where: str = ""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What a judge said of one pair, an entry an order that it was asked in.

    An entry is whether output_2 was shown first (None where that is not known), and the verdict, which is about the
    pair and not about what was shown.
    """

    given: tuple[tuple[bool | None, Preference], ...]

    @classmethod
    def in_orders(cls, *verdicts: Preference) -> "Verdicts":
        """Make them of the verdict with output_1 shown first and, where it was asked, the one with output_2 first."""
        return cls(tuple(zip((False, True), verdicts, strict=False)))


@dataclass
class RecordedJudge:
    """A judge's verdicts by pair; `n_by_winner` counts replies whose verdict was taken from the file beside them.

    `accuracies` by subset, from 0 to 1, are in place of verdicts where a file has nothing else.
    """

    name: str
    verdicts: dict[str, Verdicts] = field(default_factory=dict)
    n_by_winner: int = 0
    accuracies: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Labelled:
    """A labelled set.

    Attributes:
        name: its format.
        pairs: with the right answer.
        sections: subsets that stand together, by section; empty where there are no sections.
        weights: how much a subset counts in its section; the number of its pairs where it says nothing.
        n_left_out: rows without a right answer.
    """

    name: str
    pairs: Sequence[LabelledPair]
    sections: Mapping[str, Sequence[str]] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    n_left_out: int = 0


@dataclass(frozen=True)
class Format:
    """How a labelled set is read.

    Attributes:
        read: reads the set from its files.
        recorded: reads what judges were recorded to say of it.
        credit_of_a_tie: what saying that neither is better earns where one is.
        is_accuracy_combined: a pair counts as right as a whole, where more verdicts are right than turned round.
    """

    read: Callable[[Any], Labelled]
    recorded: Callable[[Any, Labelled], list[RecordedJudge]]
    credit_of_a_tie: float = 0.0
    is_accuracy_combined: bool = False


_ALONE = re.compile(r"\W*output \(?([ab12])\)?\W*", re.IGNORECASE)
_BETTER = re.compile(r"output \(([ab])\) is (?:the )?better", re.IGNORECASE)
_BRACKETS = re.compile(r"\[\[([^\[\]]{1,5})\]\]")
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


def known_pair(row: Row, key: str, labelled: Mapping[str, object]) -> str:
    """Return the key of a recorded row's pair.

    Raises:
        UsageError: the set has no such pair.
    """
    if key not in labelled:
        raise UsageError(
            f"{row.where}: the set has no such pair ({key[:60]!r}). Is it recorded on another --dataset?"
        )
    return key
