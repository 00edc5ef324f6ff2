"""What travels while answers are checked: an answer, and what a check found."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from autoeval.data.loading import Row


@dataclass(frozen=True, slots=True)
class Answer:
    """One output and what it is checked against.

    Attributes:
        row: where it was read, for messages.
        instruction: what was asked; a question's samples share it, so it is also the cluster.
        output: what the model wrote.
        target: what is right, as the check at hand reads it.
        generator: the model.
        dataset: the subset.
        task_id: which task it is for, where tasks have names.
    """

    row: Row
    instruction: str
    output: str
    target: Any
    generator: str | None = None
    dataset: str | None = None
    task_id: str | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found.

    Attributes:
        score: 1 where the answer is right, 0 where it is not; None where it could not be checked.
        parts: other readings of the same answer, each a list of scores (mostly one).
        extracted: what was taken for the answer; None where none was found.
        note: what else there is to say of it, such as how a program ended.
        failure: why there is no score.
    """

    score: float | None
    parts: Mapping[str, Sequence[float]] = field(default_factory=dict)
    extracted: str | None = None
    note: str | None = None
    failure: str | None = None


Check: TypeAlias = Callable[[Iterable[Answer]], Iterator[Checked]]
"""Checks answers, in their order."""


def one_by_one(check: Callable[[Answer], Checked]) -> Check:
    """Make a check of a stream of one of an answer."""
    return lambda answers: map(check, answers)
