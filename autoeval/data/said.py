"""What models said to instructions: rows of outputs, ours or another tool's, each with its instruction."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autoeval.data import arena_answers, ultrafeedback, wildbench
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


@dataclass(frozen=True)
class _EvalSet:
    """The questions that outputs can answer, found by their words or by their numbers."""

    by_text: Mapping[str, Instruction]
    by_id: Mapping[str, Instruction]

    @classmethod
    def of(cls, questions: Sequence[Instruction]) -> "_EvalSet":
        return cls(
            {one.text: one for one in reversed(questions)},
            {str(one.fields.get("question_id")): one for one in questions},
        )

    def said(self, text: str, where: str) -> Instruction:
        """Return the question with these words."""
        if text not in self.by_text:
            raise UsageError(
                f"{where} answers an instruction that the eval set does not have: {shorten(text)}."
            )
        return self.by_text[text]

    def numbered(self, key: str, where: str) -> Instruction:
        """Return the question with this number."""
        if key not in self.by_id:
            raise UsageError(f"{where} answers none of the {len(self.by_id)} questions of the eval set.")
        return self.by_id[key]


def read_said(
    source: Any, questions: Sequence[Instruction] | None, role: str
) -> Iterator[tuple[str | None, Said]]:
    """Read every output with the name of the model that wrote it, as far as its row or file says."""
    eval_set = None if questions is None else _EvalSet.of(questions)
    for entry in expand(source, role):
        for row in read_rows(entry, role):
            if "choices" in row.fields or arena_answers.is_answer(row):
                yield from _of_answers(entry, eval_set, role, arena_answers.is_answer(row))
                break
            if wildbench.is_output(row):
                yield _of_task(row, eval_set, role)
            elif ultrafeedback.has_completions(row):
                yield from _of_completions(row, eval_set, role)
            else:
                yield read_label(row, "generator"), _of_row(row, eval_set, role)


def _of_row(row: Row, eval_set: _EvalSet | None, role: str) -> Said:
    """Read one of our rows; its instruction is found in the eval set, or is what the row says."""
    text = read_instruction(row)
    turns = _listed(row, "turns") or (read_text(row, "output"),)
    instruction = _own(row, text) if eval_set is None else eval_set.said(text, f"{role}: {row.where}")
    if len(turns) != len(instruction.turns):
        raise UsageError(
            f"{row.where} has {_turns(len(turns))} where the user has {_turns(len(instruction.turns))}: "
            f"{shorten(text)}."
        )
    return Said(instruction, turns, read_sample(row), row.where)


def _of_task(row: Row, eval_set: _EvalSet | None, role: str) -> tuple[str | None, Said]:
    """Read an output of WildBench, which names its task by number."""
    model, task, text = wildbench.read_output(row)
    if eval_set is None:
        raise UsageError(
            f"{role}: {row.where} names its task by `session_id`. Say which tasks those are: --eval_set wildbench."
        )
    question = eval_set.numbered(task, f"{role}: {row.where} (`session_id` {shorten(task)})")
    return model, Said(question, (text,), 0, row.where)


def _of_completions(row: Row, eval_set: _EvalSet | None, role: str) -> Iterator[tuple[str, Said]]:
    """Read what several models said to one of UltraFeedback's instructions."""
    own = ultrafeedback.question_of(row)
    question = own if eval_set is None else eval_set.said(own.text, f"{role}: {row.where}")
    for model, text in ultrafeedback.completions(row):
        yield model, Said(question, (text,), 0, row.where)


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


def questions_with(columns: Sequence[str], *sources: Any) -> list[Instruction]:
    """Load the instructions of the first of some sources that has all of some columns; of the last where none has.

    Raises:
        UsageError: a row has no instruction.
    """
    found: list[Instruction] = []
    for source in sources:
        found = load_questions(source, "--evaluation_dataset or outputs")
        if all(name in one.fields for one in found for name in columns):
            break
    return found


def _of_answers(
    entry: Any, eval_set: _EvalSet | None, role: str, is_arenas: bool
) -> Iterator[tuple[str, Said]]:
    """Read FastChat's answers or Arena-Hard's, which name questions by their numbers; with whose they are."""
    if eval_set is None:
        whose, name = ("Arena-Hard", "arena_hard_v2.0") if is_arenas else ("FastChat", "mt_bench")
        raise UsageError(
            f"{role} holds answers as {whose} writes them, which name no question. Say which questions they answer: "
            f"--eval_set {name}."
        )
    answers: Mapping[str, Mapping[str, Answer]] = (
        arena_answers.read_answers(entry, role) if is_arenas else read_answers(entry, role)
    )
    for of_model in answers.values():
        for answer in of_model.values():
            where = f"the answer to question {answer.question_id}"
            question = eval_set.numbered(answer.question_id, f"{role}: {where}")
            if len(answer.turns) != len(question.turns):
                raise UsageError(
                    f"{role}: {where} has {_turns(len(answer.turns))} where the question has "
                    f"{_turns(len(question.turns))}."
                )
            yield answer.model, Said(question, answer.turns, 0, where)


def _turns(n: int) -> str:
    return "1 turn" if n == 1 else f"{n} turns"
