"""One model's outputs as cases: each by itself, with what the user said and whatever a judge's prompt shows besides."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from autoeval.data.fastchat import Answer, file_model, read_answers
from autoeval.data.instructions import Instruction, hash_of, sampled
from autoeval.data.loading import Row, expand, read_rows, shorten
from autoeval.data.pairing import DEFAULT_MODEL_NAME
from autoeval.data.records import read_instruction, read_label, read_sample, read_text, read_turns
from autoeval.errors import UsageError
from autoeval.texts.thinking import without_thinking
from autoeval.types import Case, Output

_KNOWN = frozenset(
    {"instruction", "input", "output", "turns", "user_turns", "generator", "dataset", "sample"}
    | {"finish_reason", "model", "parameters", "date"}
)
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


@dataclass(frozen=True)
class _Said:
    """What a model said to an instruction."""

    instruction: Instruction
    turns: tuple[str, ...]
    sample: int
    where: str


@dataclass
class _Model:
    """Whose outputs they are."""

    name: str | None
    outputs: list[_Said] = field(default_factory=list)

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
    for entry in expand(model_outputs, role):
        for row in read_rows(entry, role):
            if "choices" in row.fields:
                model.outputs += _of_fastchat(entry, questions, role)
                model.named(_file_name(entry), row.where)
                break
            model.named(None if name else read_label(row, "generator"), row.where)
            model.outputs.append(_of_row(row, questions, role))
    if not model.outputs:
        raise UsageError(f"{role}: there is no output.")
    wanted = sampled(list(questions or _distinct(model.outputs)), max_instances)
    by_text = {instruction.text: instruction for instruction in wanted}
    said = _by_instruction(model.outputs, role)
    missing = [text for text in by_text if text not in said]
    _refuse_mismatch(missing, len(by_text), allow_partial, role)
    generator = name or model.name or DEFAULT_MODEL_NAME
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
    stripped = [_stripped(case) if strips_thinking else case for case in cases]
    return OutputCases(
        cases=tuple(replace(case, index=index) for index, case in enumerate(stripped)),
        generator=generator,
        eval_set_hash=hash_of(wanted),
        reference_hash=_reference_hash(wanted),
        n_missing_outputs=len(missing),
        n_stripped=sum(one is not other for one, other in zip(cases, stripped, strict=True)),
    )


def _of_row(row: Row, questions: Sequence[Instruction] | None, role: str) -> _Said:
    """Read one of our rows; its instruction is found in the eval set, or is what the row says."""
    text = read_instruction(row)
    turns = _listed(row, "turns") or (read_text(row, "output"),)
    instruction = (
        own_instruction(row) if questions is None else _found(questions, text, f"{role}: {row.where}")
    )
    if len(turns) != len(instruction.turns):
        raise UsageError(
            f"{row.where} has {_turns(len(turns))} where the user has {_turns(len(instruction.turns))}: "
            f"{shorten(text)}."
        )
    return _Said(instruction, turns, read_sample(row), row.where)


def _listed(row: Row, name: str) -> tuple[str, ...]:
    """Return the turns that a row has; none where it is of one turn."""
    value = row.fields.get(name)
    return () if value is None else read_turns(row, name, value)


def own_instruction(row: Row) -> Instruction:
    """Return the instruction that a row of outputs brings, with its further columns.

    Raises:
        UsageError: it has none.
    """
    text = read_instruction(row)
    user_turns = _listed(row, "user_turns") or (text,)
    fields = {str(name): value for name, value in row.fields.items() if name not in _KNOWN}
    return Instruction(user_turns[0], read_label(row, "dataset"), user_turns[1:], fields=fields)


def load_questions(source: Any, role: str = "--evaluation_dataset") -> list[Instruction]:
    """Load an eval set's instructions with their further columns, such as a checklist; outputs are not looked at.

    Raises:
        UsageError: a row has no instruction, or there is none.
    """
    questions: dict[str, Instruction] = {}
    for entry in expand(source, role):
        for row in read_rows(entry, role):
            question = own_instruction(row)
            questions.setdefault(question.text, question)
    if not questions:
        raise UsageError(f"{role}: there is no instruction.")
    return list(questions.values())


def _found(questions: Sequence[Instruction], text: str, where: str) -> Instruction:
    found = next((question for question in questions if question.text == text), None)
    if found is None:
        raise UsageError(f"{where} answers an instruction that the eval set does not have: {shorten(text)}.")
    return found


def _of_fastchat(entry: Any, questions: Sequence[Instruction] | None, role: str) -> Iterator[_Said]:
    """Read FastChat's answers, which name questions by their numbers."""
    if questions is None:
        raise UsageError(
            f"{role} holds answers as FastChat writes them, which name no question. Say which questions they answer: "
            "--eval_set mt_bench."
        )
    by_id = {str(question.fields.get("question_id")): question for question in questions}
    answers: Mapping[str, Mapping[str, Answer]] = read_answers(entry, role)
    for of_model in answers.values():
        for answer in of_model.values():
            question = by_id.get(answer.question_id)
            where = f"the answer to question {answer.question_id}"
            if question is None:
                raise UsageError(
                    f"{role}: {where} answers none of the {len(by_id)} questions of the eval set."
                )
            if len(answer.turns) != len(question.turns):
                raise UsageError(
                    f"{role}: {where} has {_turns(len(answer.turns))} where the question has "
                    f"{_turns(len(question.turns))}."
                )
            yield _Said(question, answer.turns, 0, where)


def _file_name(entry: Any) -> str | None:
    return file_model(entry) if isinstance(entry, Path) else None


def _distinct(outputs: Sequence[_Said]) -> list[Instruction]:
    return list({one.instruction.conversation: one.instruction for one in reversed(outputs)}.values())[::-1]


def _by_instruction(outputs: Sequence[_Said], role: str) -> dict[str, list[_Said]]:
    """Sort outputs by instruction, each a sample of its own.

    Raises:
        UsageError: one sample has two different outputs.
    """
    found: dict[tuple[str, int], _Said] = {}
    for one in outputs:
        key = (one.instruction.text, one.sample)
        first = found.setdefault(key, one)
        if first.turns != one.turns:
            raise UsageError(
                f"{role}: {first.where} and {one.where} are different outputs for one instruction. Number "
                "several outputs in a column `sample`, or remove one."
            )
    by_text: dict[str, list[_Said]] = {}
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


def _turns(n: int) -> str:
    return "1 turn" if n == 1 else f"{n} turns"
