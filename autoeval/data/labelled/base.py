"""Pairs with a right answer, and what a judge was recorded to say of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

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
