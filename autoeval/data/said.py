"""What models said to instructions: rows of outputs, of ours or of FastChat's, each with its instruction."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autoeval.data.fastchat import Answer, file_model, read_answers
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
            if "choices" in row.fields:
                for one in _of_fastchat(entry, questions, role):
                    yield _file_name(entry), one
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


def _found(questions: Sequence[Instruction], text: str, where: str) -> Instruction:
    found = next((question for question in questions if question.text == text), None)
    if found is None:
        raise UsageError(f"{where} answers an instruction that the eval set does not have: {shorten(text)}.")
    return found


def _of_fastchat(entry: Any, questions: Sequence[Instruction] | None, role: str) -> Iterator[Said]:
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
            yield Said(question, answer.turns, 0, where)


def _file_name(entry: Any) -> str | None:
    return file_model(entry) if isinstance(entry, Path) else None


def _turns(n: int) -> str:
    return "1 turn" if n == 1 else f"{n} turns"
