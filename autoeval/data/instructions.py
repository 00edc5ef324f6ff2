"""The instructions of any eval set, to generate outputs for."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import Any

from autoeval.data.loading import Source, read_rows
from autoeval.data.records import read_instruction, read_label
from autoeval.data.spool import draw, instruction_key
from autoeval.errors import UsageError

SAID = "said"
"""The field of a conversation that has gone on for a while: a list of (role, words), the last ones the user's."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction (`input` merged into it) and the subset that it belongs to.

    `later` is what the user says after each answer, where there are several turns. `parameters` replace the model's
    own on this instruction. `fields` are further columns that a judge's prompt can show, such as a reference answer.
    """

    text: str
    dataset: str | None = None
    later: tuple[str, ...] = ()
    parameters: Mapping[str, object] = field(default_factory=dict)
    fields: Mapping[str, object] = field(default_factory=dict)

    @property
    def turns(self) -> tuple[str, ...]:
        """All that the user says, turn by turn."""
        return (self.text, *self.later)

    @property
    def opening(self) -> list[tuple[str, str]]:
        """What was said before the model's first answer: who said it (`user`, `assistant`), and the words."""
        said: Any = self.fields.get(SAID)
        return [(role, words) for role, words in said] if said else [("user", self.text)]

    @property
    def conversation(self) -> str:
        """All that the user says, as one text."""
        return "\n\n".join(self.turns)


def load_instructions(
    source: Source, role: str = "--evaluation_dataset", *, max_instances: int | None = None, seed: int = 0
) -> list[Instruction]:
    """Load the distinct instructions of an eval set, in its order.

    Args:
        source: any source that `loading` reads; only `instruction`, `input` and `dataset` are looked at.
        role: the flag that named it.
        max_instances: take a sample of that many, the one that `load_pairs` takes for the same seed.
        seed: decides which.

    Raises:
        UsageError: a row has no instruction, or `max_instances` is below 1.
    """
    check_max_instances(max_instances)
    found: dict[bytes, Instruction] = {}
    for row in read_rows(source, role):
        text = read_instruction(row)
        found.setdefault(instruction_key(text), Instruction(text, read_label(row, "dataset")))
    return sampled(list(found.values()), max_instances, seed)


def sampled(instructions: list[Instruction], max_instances: int | None, seed: int = 0) -> list[Instruction]:
    """Return a sample of instructions in their order, the one that `load_pairs` takes; None for all.

    Raises:
        UsageError: `max_instances` is below 1.
    """
    check_max_instances(max_instances)
    if max_instances is None:
        return instructions
    by_key = {instruction_key(instruction.text): instruction for instruction in instructions}
    chosen = set(nsmallest(max_instances, by_key, key=lambda key: draw(key, seed)))
    return [instruction for key, instruction in by_key.items() if key in chosen]


def hash_of(instructions: Iterable[Instruction]) -> str:
    """Return a hash of a set of instructions that does not depend on their order, as `Pairs.eval_set_hash` is."""
    digest = hashlib.sha256()
    for key in sorted(instruction_key(instruction.conversation) for instruction in instructions):
        digest.update(key)
    return digest.hexdigest()[:16]


def check_max_instances(max_instances: int | None) -> None:
    """Refuse a sample of less than one instruction.

    Raises:
        UsageError: it is.
    """
    if max_instances is not None and max_instances < 1:
        raise UsageError(f"--max_instances is {max_instances}; it should be at least 1, or None for all.")
