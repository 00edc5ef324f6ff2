"""What is judged: what a user said, and what models wrote for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Output:
    """What a model wrote: one turn, or several; `generator` names the model."""

    turns: tuple[str, ...]
    generator: str = ""

    @property
    def text(self) -> str:
        """All that the model wrote."""
        return self.turns[0] if len(self.turns) == 1 else "\n\n".join(self.turns)


@dataclass(frozen=True, slots=True)
class Case:
    """What is judged: what the user said, and one output for it (graded alone) or two (a pair).

    `turns` is what the user said, `index` the case's place in the run, from 0. `sample` counts a model's outputs for
    the same instruction, from 0. `fields` are further columns that a prompt can show, such as a reference answer.
    In a pair, output 1 is the reference and output 2 is the evaluated model's.
    """

    index: int
    turns: tuple[str, ...]
    outputs: tuple[Output, ...]
    dataset: str | None = None
    sample: int = 0
    fields: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def pair(
        cls,
        index: int,
        instruction: str,
        output_1: str,
        output_2: str,
        generator_1: str = "",
        generator_2: str = "",
        dataset: str | None = None,
        sample: int = 0,
    ) -> "Case":
        """Return two outputs for one instruction."""
        outputs = (Output((output_1,), generator_1), Output((output_2,), generator_2))
        return cls(index, (instruction,), outputs, dataset, sample)

    @property
    def instruction(self) -> str:
        """What the user said; of several turns the first."""
        return self.turns[0]

    @property
    def conversation(self) -> str:
        """All that the user said: what tells the instructions of an eval set apart."""
        return self.turns[0] if len(self.turns) == 1 else "\n\n".join(self.turns)

    @property
    def question(self) -> str:
        """What is one observation: the instruction, or what is the same in several languages (`same_question`)."""
        return str(self.fields.get("same_question") or self.conversation)

    @property
    def output(self) -> str:
        """The evaluated model's output."""
        return self.outputs[-1].text

    @property
    def generator(self) -> str:
        """The evaluated model."""
        return self.outputs[-1].generator

    @property
    def output_1(self) -> str:
        """The first output of a pair, the reference's."""
        return self.outputs[0].text

    @property
    def output_2(self) -> str:
        """The second output of a pair, the model's."""
        return self.outputs[1].text

    @property
    def generator_1(self) -> str:
        """Whose the first output of a pair is."""
        return self.outputs[0].generator

    @property
    def generator_2(self) -> str:
        """Whose the second output of a pair is."""
        return self.outputs[1].generator
