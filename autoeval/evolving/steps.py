"""Instructions on their way: each with where it comes from, the step that is tried on it, and what came of that."""

from dataclasses import dataclass
from enum import StrEnum

from autoeval.evolving.operations import Operation, prompt_of


@dataclass(frozen=True, slots=True)
class Evolved:
    """An instruction with where it comes from.

    Attributes:
        text: the instruction.
        lineage: the given instruction that it descends from, from 0.
        round: the round that it was made in; 0 where it was given.
        dataset: the subset of the given instruction.
        operation: the step that made it; None where it was given.
        parent: what it was made from.
    """

    text: str
    lineage: int
    round: int = 0
    dataset: str | None = None
    operation: Operation | None = None
    parent: "Evolved | None" = None

    @property
    def origin(self) -> "Evolved":
        """The given instruction that it descends from."""
        return self if self.parent is None else self.parent.origin

    @property
    def subject(self) -> "Evolved":
        """Where what it is about came up: the given instruction, or the last that was left for another one."""
        if self.parent is None or self.operation is Operation.BREADTH:
            return self
        return self.parent.subject


@dataclass(frozen=True, slots=True)
class Step:
    """One try to take an instruction further."""

    parent: Evolved
    operation: Operation
    round: int

    @property
    def prompt(self) -> str:
        """What the writer is asked."""
        return prompt_of(self.operation, self.parent.text)

    def to(self, text: str) -> Evolved:
        """Return what it came to."""
        parent = self.parent
        return Evolved(text, parent.lineage, self.round, parent.dataset, self.operation, parent)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the writer replied to a step, its reasoning and packaging taken away."""

    text: str
    is_refused: bool = False
    is_cut_off: bool = False


class Reason(StrEnum):
    """Why what a step came to is dropped."""

    REFUSED = "refused"
    CUT_OFF = "cut off"
    ANSWER = "answer"
    TOO_SHORT = "too short"
    ECHO = "echo"
    NOTHING_GAINED = "nothing gained"
    COPY = "copy"
    OVERLAP = "overlap"
    JUDGED = "judged"


@dataclass(frozen=True, slots=True)
class Drop:
    """What a step came to and why it is dropped; `detail` says it in words."""

    step: Step
    text: str
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Lack:
    """A step that nothing is known of: without a reply, or without a verdict on it; `why` says the reason."""

    step: Step
    why: str
