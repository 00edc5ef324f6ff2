"""What models said to instructions: rows of outputs, ours or another tool's, each with its instruction."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autoeval.data import arena_answers
from autoeval.data.fastchat import Answer, read_answers
from autoeval.data.instructions import Instruction
from autoeval.data.loading import Row, expand, read_rows, shorten
from autoeval.data.records import read_instruction, read_label, read_sample, read_text, read_turns
from autoeval.errors import UsageError

_KNOWN = frozenset(
    {"instruction", "input", "output", "turns", "user_turns", "generator", "dataset", "sample"}
    | {"finish_reason", "model", "parameters", "date"}
)


@dataclass(frozen=True)
class Said:
    """What a model said to an instruction."""

    instruction: Instruction
    turns: tuple[str, ...]
    sample: int
    where: str


def read_said(
    source: Any, questions: Sequence[Instruction] | None, role: str
) -> Iterator[tuple[str | None, Said]]:
    """Read every output with the name of the model that wrote it, as far as its row or file says."""
    for entry in expand(source, role):
        for row in read_rows(entry, role):
            if "choices" in row.fields or arena_answers.is_answer(row):
                yield from _of_answers(entry, questions, role, arena_answers.is_answer(row))
                break
            yield read_label(row, "generator"), _of_row(row, questions, role)


def _of_row(row: Row, questions: Sequence[Instruction] | None, role: str) -> Said:
    """Read one of our rows; its instruction is found in the eval set, or is what the row says."""
    text = read_instruction(row)
    turns = _listed(row, "turns") or (read_text(row, "output"),)
    instruction = _own(row, text) if questions is None else _found(questions, text, f"{role}: {row.where}")
    if len(turns) != len(instruction.turns):
        raise UsageError(
            f"{row.where} has {_turns(len(turns))} where the user has {_turns(len(instruction.turns))}: "
            f"{shorten(text)}."
        )
    return Said(instruction, turns, read_sample(row), row.where)


def _listed(row: Row, name: str) -> tuple[str, ...]:
    """Return the turns that a row has; none where it is of one turn."""
    value = row.fields.get(name)
    return () if value is None else read_turns(row, name, value)


def _own(row: Row, text: str) -> Instruction:
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
            question = _own(row, read_instruction(row))
            questions.setdefault(question.text, question)
    if not questions:
        raise UsageError(f"{role}: there is no instruction.")
    return list(questions.values())


def _found(questions: Sequence[Instruction], text: str, where: str) -> Instruction:
    found = next((question for question in questions if question.text == text), None)
    if found is None:
        raise UsageError(f"{where} answers an instruction that the eval set does not have: {shorten(text)}.")
    return found


def _of_answers(
    entry: Any, questions: Sequence[Instruction] | None, role: str, is_arenas: bool
) -> Iterator[tuple[str, Said]]:
    """Read FastChat's answers or Arena-Hard's, which name questions by their numbers; with whose they are."""
    if questions is None:
        whose, eval_set = ("Arena-Hard", "arena_hard_v2.0") if is_arenas else ("FastChat", "mt_bench")
        raise UsageError(
            f"{role} holds answers as {whose} writes them, which name no question. Say which questions they answer: "
            f"--eval_set {eval_set}."
        )
    by_id = {str(question.fields.get("question_id")): question for question in questions}
    answers: Mapping[str, Mapping[str, Answer]] = (
        arena_answers.read_answers(entry, role) if is_arenas else read_answers(entry, role)
    )
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
            yield answer.model, Said(question, answer.turns, 0, where)


def _turns(n: int) -> str:
    return "1 turn" if n == 1 else f"{n} turns"
