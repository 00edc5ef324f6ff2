"""What can be wrong with an output whoever judges it: found once, where it is loaded, and counted."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from autoeval.texts.thinking import without_thinking


class Flaw(IntEnum):
    """What is wrong with one output; an empty one holds no reasoning."""

    NONE = 0
    EMPTY = 1
    THINKING = 2


@dataclass
class Flaws:
    """How many outputs of one side there are, and how many of them have which flaw."""

    n: int = 0
    n_empty: int = 0
    n_thinking: int = 0

    @classmethod
    def of(cls, outputs: Iterable[str]) -> Self:
        """Count those of some outputs."""
        counted = cls()
        for output in outputs:
            counted.add(flaw_of(output))
        return counted

    def add(self, flaw: Flaw, n: int = 1) -> None:
        """Count a number of outputs with the same flaw."""
        self.n += n
        self.n_empty += n * (flaw is Flaw.EMPTY)
        self.n_thinking += n * (flaw is Flaw.THINKING)


def flaw_of(output: str) -> Flaw:
    """Return what is wrong with an output: it is empty, or it holds reasoning (`<think>` or another mark)."""
    if not output or output.isspace():
        return Flaw.EMPTY
    return Flaw.NONE if without_thinking(output) == output else Flaw.THINKING
