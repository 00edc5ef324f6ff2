"""Plan: which outputs are wanted of a model, and what it is asked for each."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from autoeval.data.instructions import Instruction
from autoeval.generators.config import Generator
from autoeval.types import Request

Key = tuple[str, int]
"""An output's instruction and sample number: what tells it from the model's other outputs."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One output to be had. `sample` counts the outputs for the same instruction, from 0."""

    instruction: Instruction
    sample: int
    request: Request

    @property
    def key(self) -> Key:
        """What tells it from the others."""
        return self.instruction.text, self.sample


@dataclass(frozen=True)
class GenerationPlan:
    """The outputs wanted of a model, in the eval set's order; iterate it as often as needed.

    `kept` are outputs that exist already.
    """

    generator: Generator
    instructions: Sequence[Instruction]
    n_samples: int = 1
    kept: Set[Key] = frozenset()

    def __iter__(self) -> Iterator[Wanted]:
        """Walk through the outputs that do not exist yet."""
        for instruction, sample in self._all():
            if (instruction.text, sample) not in self.kept:
                yield Wanted(instruction, sample, self._request(instruction, sample))

    def all_keys(self) -> Iterator[Key]:
        """Walk through all outputs, those that exist included."""
        return ((instruction.text, sample) for instruction, sample in self._all())

    @property
    def n_outputs(self) -> int:
        """How many outputs there will be, those that exist included."""
        return len(self.instructions) * self.n_samples

    def requests(self) -> Iterator[Request]:
        """Walk through everything there is to ask."""
        return (wanted.request for wanted in self)

    def _all(self) -> Iterator[tuple[Instruction, int]]:
        return ((text, sample) for text in self.instructions for sample in range(self.n_samples))

    def _request(self, instruction: Instruction, sample: int) -> Request:
        generator, rows = self.generator, [{"instruction": instruction.text}]
        parameters = generator.parameters
        if sample and isinstance(parameters.get("seed"), int):  # with one seed, all samples would be the same
            parameters = {**parameters, "seed": parameters["seed"] + sample}
        return Request(
            endpoint=generator.endpoint,
            model=generator.model,
            messages=generator.prompt.messages(rows),
            prompt=generator.prompt.text(rows),
            parameters=parameters,
            sample=sample,
        )
