"""Plan: which outputs are wanted of a model, and what it is asked for each, turn by turn."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from autoeval.data.instructions import Instruction
from autoeval.generators.config import Generator
from autoeval.types import Message, Request

Key = tuple[str, int]
"""An output's instruction and sample number: what tells it from the model's other outputs."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One output to be had. `sample` counts the outputs for the same instruction, from 0."""

    instruction: Instruction
    sample: int

    @property
    def key(self) -> Key:
        """What tells it from the others."""
        return self.instruction.text, self.sample


@dataclass(frozen=True)
class GenerationPlan:
    """The outputs wanted of a model, in the eval set's order; iterate it as often as needed.

    `kept` are outputs that exist already. `strip` takes the blank space around each reply away.
    """

    generator: Generator
    instructions: Sequence[Instruction]
    n_samples: int = 1
    kept: Set[Key] = frozenset()
    strip: bool = True

    def __iter__(self) -> Iterator[Wanted]:
        """Walk through the outputs that do not exist yet."""
        return (wanted for wanted in self._all() if wanted.key not in self.kept)

    def all_keys(self) -> Iterator[Key]:
        """Walk through all outputs, those that exist included."""
        return (wanted.key for wanted in self._all())

    @property
    def n_outputs(self) -> int:
        """How many outputs there will be, those that exist included."""
        return len(self.instructions) * self.n_samples

    @property
    def n_turns(self) -> int:
        """How many turns the longest conversation has."""
        return max((len(instruction.turns) for instruction in self.instructions), default=0)

    def first_requests(self) -> Iterator[Request]:
        """Walk through what is asked first; what is asked later depends on the replies (see `read.requests`)."""
        return (self.request(wanted, ()) for wanted in self)

    def request(self, wanted: Wanted, said: Sequence[str]) -> Request:
        """Return what the model is asked for the next turn of an output.

        Args:
            wanted: the output.
            said: the model's replies to the turns before.
        """
        generator, sample = self.generator, wanted.sample
        parameters = parameters_of(generator.parameters, wanted.instruction, sample)
        return generator.request(self._messages(wanted, said), self._text(wanted, said), parameters, sample)

    def _messages(self, wanted: Wanted, said: Sequence[str]) -> tuple[Message, ...]:
        """Return the conversation so far; the system's words stand at its beginning only."""
        messages: list[Message] = []
        for role, words in _so_far(wanted, said):
            if role == "assistant":
                messages.append(Message(role, words))
                continue
            asked = self.generator.prompt.messages([{"instruction": words}])
            if not asked:
                return ()
            is_first = all(part.role == "assistant" for part in messages)
            messages += asked if is_first else (part for part in asked if part.role != "system")
        return tuple(messages)

    def _text(self, wanted: Wanted, said: Sequence[str]) -> str | None:
        parts: list[str] = []
        for role, words in _so_far(wanted, said):
            text = words if role == "assistant" else self.generator.prompt.text([{"instruction": words}])
            if text is None:
                return None
            parts.append(text)
        return "".join(parts)

    def _all(self) -> Iterator[Wanted]:
        return (Wanted(text, sample) for text in self.instructions for sample in range(self.n_samples))


def parameters_of(parameters: Mapping[str, Any], instruction: Instruction, sample: int) -> dict[str, Any]:
    """Return the parameters of one output: the config's, the instruction's own, and a seed for each sample."""
    own = {**parameters, **instruction.parameters}
    seed = own.get("seed")
    if sample and isinstance(seed, int):  # with one seed, all samples would be the same
        own["seed"] = seed + sample
    return own


def _so_far(wanted: Wanted, said: Sequence[str]) -> list[tuple[str, str]]:
    """Return a conversation with the model's replies in it, up to what the user says now."""
    later = zip(said, wanted.instruction.later, strict=False)
    replied = [part for reply, turn in later for part in (("assistant", reply), ("user", turn))]
    return [*wanted.instruction.opening, *replied]
