"""One model's outputs as cases: each by itself, with what the user said and whatever a judge's prompt shows besides."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autoeval.data.instructions import Instruction, hash_of, sampled
from autoeval.data.loading import shorten
from autoeval.data.pairing import DEFAULT_MODEL_NAME
from autoeval.data.said import Said, read_said
from autoeval.errors import UsageError
from autoeval.texts.thinking import without_thinking
from autoeval.types import Case, Output

_SHOWN = 3


@dataclass(frozen=True)
class OutputCases:
    """The outputs of one model, in the eval set's order.

    Attributes:
        cases: the outputs.
        generator: the model's name.
        eval_set_hash: identifies the set of instructions, whatever their order, missing ones included.
        reference_hash: identifies the reference answers; empty without any.
        n_missing_outputs: instructions of the eval set without an output.
        n_stripped: outputs that reasoning was left out of.
    """

    cases: Sequence[Case]
    generator: str
    eval_set_hash: str
    reference_hash: str = ""
    n_missing_outputs: int = 0
    n_stripped: int = 0

    @property
    def reference(self) -> str:
        """What the outputs are judged against: the right answers, where there are some."""
        return f"answers {self.reference_hash}" if self.reference_hash else ""

    def __len__(self) -> int:
        return len(self.cases)

    def __iter__(self) -> Iterator[Case]:
        return iter(self.cases)

    def __getitem__(self, index: int) -> Case:
        return self.cases[index]


@dataclass
class _Model:
    """Whose outputs they are."""

    name: str | None

    def named(self, given: str | None, where: str) -> None:
        if given is None or self.name == given:
            return
        if self.name is not None:
            raise UsageError(
                f"{where}: `generator` is {given!r}, but the rows before are by {self.name!r}. Keep one model's rows, "
                "or pass --name to take them as one."
            )
        self.name = given


def load_cases(
    model_outputs: Any,
    questions: Sequence[Instruction] | None = None,
    *,
    role: str = "--model_outputs",
    name: str | None = None,
    allow_partial: bool = False,
    max_instances: int | None = None,
    strips_thinking: bool = False,
) -> OutputCases:
    """Load a model's outputs.

    Args:
        model_outputs: any source that `loading` reads: rows with `instruction` and `output` (of several turns:
            `turns`), whose other columns become fields; or FastChat's `model_answer/<model>.jsonl`.
        questions: the eval set; None takes the instructions of the outputs themselves.
        role: the flag that named the outputs.
        name: what to call the model; otherwise its `generator` column does, or its file.
        allow_partial: go on where outputs and eval set do not cover the same instructions.
        max_instances: take a sample of that many instructions, the same for every model.
        strips_thinking: leave the reasoning out of every output.

    Raises:
        UsageError: a row is wrong, or the outputs do not fit the eval set.
    """
    model = _Model(None)
    outputs: list[Said] = []
    for generator, one in read_said(model_outputs, questions, role):
        model.named(None if name else generator, one.where)
        outputs.append(one)
    how = _How(role, allow_partial, max_instances, strips_thinking)
    return _cases(outputs, name or model.name or DEFAULT_MODEL_NAME, questions, how)


def load_cases_by_generator(
    all_model_outputs: Any,
    questions: Sequence[Instruction] | None = None,
    *,
    role: str = "--all_model_outputs",
    allow_partial: bool = False,
    max_instances: int | None = None,
    strips_thinking: bool = False,
) -> dict[str, OutputCases]:
    """Load the outputs of many models, told apart by `generator` or by file; the arguments are those of `load_cases`.

    Raises:
        UsageError: a row is wrong, nothing says whose outputs they are, or they do not fit the eval set.
    """
    by_model: dict[str, list[Said]] = {}
    for generator, one in read_said(all_model_outputs, questions, role):
        if not generator:
            raise UsageError(
                f"{one.where}: there is no `generator`, and nothing else says whose output it is. Name the model there."
            )
        by_model.setdefault(generator, []).append(one)
    how = _How(role, allow_partial, max_instances, strips_thinking)
    return {name: _cases(outputs, name, questions, how) for name, outputs in by_model.items()}


@dataclass(frozen=True)
class _How:
    """How outputs become cases; see `load_cases`."""

    role: str
    allow_partial: bool
    max_instances: int | None
    strips_thinking: bool


def _cases(
    outputs: Sequence[Said], generator: str, questions: Sequence[Instruction] | None, how: _How
) -> OutputCases:
    """Make one model's outputs cases, in the eval set's order."""
    if not outputs:
        raise UsageError(f"{how.role}: there is no output.")
    wanted = sampled(list(questions or _distinct(outputs)), how.max_instances)
    by_text = {instruction.text: instruction for instruction in wanted}
    said = _by_instruction(outputs, how.role)
    missing = [text for text in by_text if text not in said]
    _refuse_mismatch(missing, len(by_text), how.allow_partial, how.role)
    cases = [
        Case(
            index=0,
            turns=one.instruction.turns,
            outputs=(Output(one.turns, generator),),
            dataset=one.instruction.dataset,
            sample=one.sample,
            fields=one.instruction.fields,
        )
        for text in by_text
        for one in said.get(text, ())
    ]
    stripped = [_stripped(case) if how.strips_thinking else case for case in cases]
    return OutputCases(
        cases=tuple(replace(case, index=index) for index, case in enumerate(stripped)),
        generator=generator,
        eval_set_hash=hash_of(wanted),
        reference_hash=_reference_hash(wanted),
        n_missing_outputs=len(missing),
        n_stripped=sum(one is not other for one, other in zip(cases, stripped, strict=True)),
    )


def _distinct(outputs: Sequence[Said]) -> list[Instruction]:
    return list({one.instruction.conversation: one.instruction for one in reversed(outputs)}.values())[::-1]


def _by_instruction(outputs: Sequence[Said], role: str) -> dict[str, list[Said]]:
    """Sort outputs by instruction, each a sample of its own.

    Raises:
        UsageError: one sample has two different outputs.
    """
    found: dict[tuple[str, int], Said] = {}
    for one in outputs:
        key = (one.instruction.text, one.sample)
        first = found.setdefault(key, one)
        if first.turns != one.turns:
            raise UsageError(
                f"{role}: {first.where} and {one.where} are different outputs for one instruction. Number "
                "several outputs in a column `sample`, or remove one."
            )
    by_text: dict[str, list[Said]] = {}
    for (text, _), one in sorted(found.items(), key=lambda item: item[0][1]):
        by_text.setdefault(text, []).append(replace(one, sample=len(by_text.get(text, ()))))
    return by_text


def _refuse_mismatch(missing: Sequence[str], n_wanted: int, allow_partial: bool, role: str) -> None:
    if not missing or (allow_partial and len(missing) < n_wanted):
        return
    listed = "; ".join(map(shorten, missing[:_SHOWN]))
    more = f"; and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
    go_on = (
        "" if len(missing) == n_wanted else " Mend them, or pass --is_allow_partial to go on with the rest."
    )
    raise UsageError(
        f"{role}: no output for {len(missing)} of the {n_wanted} instructions of the eval set: "
        f"{listed}{more}.{go_on}"
    )


def _reference_hash(instructions: Sequence[Instruction]) -> str:
    """Return a hash of the reference answers, which decide grades as the questions do."""
    known = [
        Instruction(f"{one.text}\0{one.fields['reference']}")
        for one in instructions
        if "reference" in one.fields
    ]
    return hash_of(known)[:8] if known else ""


def _stripped(case: Case) -> Case:
    (output,) = case.outputs
    turns = tuple(map(without_thinking, output.turns))
    return case if turns == output.turns else replace(case, outputs=(replace(output, turns=turns),))
