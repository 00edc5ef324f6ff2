"""Two models' answers to the questions of an eval set, paired: what `pairing` does for instructions of one turn."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from autoeval.data.cases import OutputCases, load_cases
from autoeval.data.flaws import Flaws
from autoeval.data.instructions import Instruction
from autoeval.types import Case


@dataclass(frozen=True)
class ConversationPairs:
    """The pairs of one model with the reference, in the eval set's order; the attributes are those of `Pairs`."""

    pairs: Sequence[Case]
    generator_1: str
    generator_2: str
    eval_set_hash: str
    n_missing_outputs: int
    n_stripped_1: int
    n_stripped_2: int
    n_extra: int = 0
    n_replaced_characters: int = 0

    @property
    def reference(self) -> str:
        """What the outputs are judged against."""
        return self.generator_1

    @property
    def datasets(self) -> tuple[str, ...]:
        """The names of the subsets, in order."""
        return tuple(dict.fromkeys(pair.dataset for pair in self.pairs if pair.dataset))

    def flaws(self) -> tuple[Flaws, Flaws]:
        """Count what is wrong with the reference's outputs, and with the model's."""
        one, other = (Flaws.of(pair.outputs[side].text for pair in self.pairs) for side in (0, 1))
        return one, other

    def __len__(self) -> int:
        return len(self.pairs)

    def __iter__(self) -> Iterator[Case]:
        return iter(self.pairs)

    def __getitem__(self, index: int) -> Case:
        return self.pairs[index]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        """Nothing is open."""


def load_conversation_pairs(
    model_outputs: Any,
    reference_outputs: Any,
    questions: Sequence[Instruction],
    *,
    name: str | None = None,
    allow_partial: bool = False,
    max_instances: int | None = None,
    strips_thinking: bool = False,
) -> ConversationPairs:
    """Load a model's answers and the reference's, and pair them by question.

    The arguments and errors are those of `load_cases`.
    """

    def loaded(source: Any, role: str, name: str | None) -> OutputCases:
        return load_cases(
            source,
            questions,
            role=role,
            name=name,
            allow_partial=allow_partial,
            max_instances=max_instances,
            strips_thinking=strips_thinking,
        )

    model = loaded(model_outputs, "--model_outputs", name)
    return paired(model, loaded(reference_outputs, "--reference_outputs", None))


def paired(model: OutputCases, reference: OutputCases) -> ConversationPairs:
    """Pair a model's answers with the reference's by question."""
    by_turns = {case.turns: case for case in reference if not case.sample}
    pairs = [
        replace(case, outputs=(by_turns[case.turns].outputs[0], case.outputs[0]))
        for case in model
        if case.turns in by_turns
    ]
    return ConversationPairs(
        pairs=tuple(replace(pair, index=index) for index, pair in enumerate(pairs)),
        generator_1=reference.generator,
        generator_2=model.generator,
        eval_set_hash=model.eval_set_hash,
        n_missing_outputs=model.n_missing_outputs + len(model) - len(pairs),
        n_stripped_1=reference.n_stripped,
        n_stripped_2=model.n_stripped,
    )
