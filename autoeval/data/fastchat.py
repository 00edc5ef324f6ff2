"""FastChat's files (MT-Bench's): questions, answers, reference answers and judgments, read and written unchanged."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autoeval.data.loading import Row, describe, expand, is_missing, read_rows
from autoeval.data.records import read_field, read_key, read_text, read_turns
from autoeval.errors import UsageError

ERROR = "$ERROR$"
"""What FastChat stores in place of a judgment after its last retry."""

Turns = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """What the user says, turn by turn. `reference` holds the right answers, where the file has them."""

    question_id: str
    category: str
    turns: Turns
    reference: Turns = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said to a question, turn by turn."""

    question_id: str
    model: str
    turns: Turns


@dataclass(frozen=True, slots=True)
class GradedTurn:
    """A judge's grade of one turn, as `<judge>_single.jsonl` has it.

    `score` is -1 where there is none; `judgment` is then the reply without a grade, or `ERROR`. `prompt` is the
    name of the prompt, `user_prompt` what it said.
    """

    question_id: str
    model: str
    judge: str
    prompt: str
    user_prompt: str
    judgment: str
    score: float
    turn: int
    where: str = ""


@dataclass(frozen=True, slots=True)
class Games:
    """Two models on one turn, in both orders, as `<judge>_pair.jsonl` has it.

    A winner is `model_1`, `model_2`, `tie` or `error`. In the first game model_1 is shown first.
    """

    question_id: str
    model_1: str
    model_2: str
    judge: str
    prompt: str
    winners: tuple[str, str]
    user_prompts: tuple[str, str]
    judgments: tuple[str, str]
    turn: int
    where: str = ""


WINNERS = ("model_1", "model_2", "tie", "error")


def read_questions(source: Any, role: str = "--eval_set") -> list[Question]:
    """Read `question.jsonl`.

    Raises:
        UsageError: a field is missing or wrong, or a question stands twice; the message names file and row.
    """
    questions: dict[str, Question] = {}
    for row in read_rows(source, role):
        name = read_key(row, "question_id")
        if name in questions:
            raise UsageError(f"{row.where}: the question {name} stands twice. Remove one of them.")
        reference = row.fields.get("reference")
        questions[name] = Question(
            question_id=name,
            category=read_text(row, "category"),
            turns=read_turns(row, "turns", row.fields.get("turns")),
            reference=() if is_missing(reference) else read_turns(row, "reference", reference),
        )
    return list(questions.values())


def read_answers(source: Any, role: str = "--model_outputs") -> dict[str, dict[str, Answer]]:
    """Read answers (`model_answer/<model>.jsonl`, `reference_answer/<judge>.jsonl`) by model and question.

    A file's name is its model's, as FastChat has it, whatever `model_id` says; rows in memory go by that field. Of
    several choices the first is taken, which is the one that FastChat judges.

    Raises:
        UsageError: a field is missing or wrong, or a model answers a question twice.
    """
    answers: dict[str, dict[str, Answer]] = {}
    for entry in expand(source, role):
        for row in read_rows(entry, role):
            model = file_model(entry) if isinstance(entry, Path) else read_text(row, "model_id")
            name, of_model = read_key(row, "question_id"), answers.setdefault(model, {})
            if name in of_model:
                raise UsageError(
                    f"{row.where}: {model} answers the question {name} twice. Remove one of them."
                )
            of_model[name] = Answer(name, model, read_turns(row, "choices[0].turns", _first_choice(row)))
    return answers


def file_model(path: Path) -> str:
    """Return the model that an answer file is named after."""
    return path.name.removesuffix(".gz").removesuffix(".jsonl")


def read_grades(source: Any, role: str = "--judgments") -> Iterator[GradedTurn]:
    """Read `<judge>_single.jsonl`, in its order.

    Raises:
        UsageError: a field is missing or wrong; the message names file, row and field.
    """
    for row in read_rows(source, role):
        judge, prompt = _judge(row)
        yield GradedTurn(
            question_id=read_key(row, "question_id"),
            model=_name(row, "model"),
            judge=judge,
            prompt=prompt,
            user_prompt=read_text(row, "user_prompt"),
            judgment=read_text(row, "judgment"),
            score=_score(row),
            turn=_turn(row),
            where=row.where,
        )


def read_games(source: Any, role: str = "--judgments") -> Iterator[Games]:
    """Read `<judge>_pair.jsonl`, in its order.

    Raises:
        UsageError: a field is missing or wrong; the message names file, row and field.
    """
    for row in read_rows(source, role):
        judge, prompt = _judge(row)
        yield Games(
            question_id=read_key(row, "question_id"),
            model_1=_name(row, "model_1"),
            model_2=_name(row, "model_2"),
            judge=judge,
            prompt=prompt,
            winners=(_winner(row, "g1_winner"), _winner(row, "g2_winner")),
            user_prompts=(read_text(row, "g1_user_prompt"), read_text(row, "g2_user_prompt")),
            judgments=(read_text(row, "g1_judgment"), read_text(row, "g2_judgment")),
            turn=_turn(row),
            where=row.where,
        )


def fastchat_judgments(source: Any, role: str) -> Iterator[GradedTurn] | Iterator[Games] | None:
    """Return the judgments of a file of FastChat's, graded or compared; None where it is another file."""
    first = next(iter(read_rows(source, role)), None)
    if first is not None and "user_prompt" in first.fields and "judgment" in first.fields:
        return read_grades(source, role)
    if first is not None and "g1_user_prompt" in first.fields:
        return read_games(source, role)
    return None


def grade_row(grade: GradedTurn, time: float) -> dict[str, Any]:
    """Return a grade as `<judge>_single.jsonl` has it; `time` is in seconds since the epoch."""
    return {
        "question_id": _as_number(grade.question_id),
        "model": grade.model,
        "judge": [grade.judge, grade.prompt],
        "user_prompt": grade.user_prompt,
        "judgment": grade.judgment,
        "score": int(grade.score) if float(grade.score).is_integer() else grade.score,
        "turn": grade.turn,
        "tstamp": time,
    }


def as_lines(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Return rows as JSON lines, as FastChat writes them."""
    return (json.dumps(row) + "\n" for row in rows)


def _as_number(question_id: str) -> int | str:
    """Return an id as the files spell it: they number MT-Bench's questions."""
    return int(question_id) if question_id.isdecimal() else question_id


def _first_choice(row: Row) -> Any:
    choices = read_field(row, "choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return first.get("turns") if isinstance(first, Mapping) else first


def _name(row: Row, field: str) -> str:
    name = read_text(row, field)
    if not name.strip():
        raise UsageError(f"{row.where}: `{field}` is empty. Name the model, or remove the row.")
    return name


def _judge(row: Row) -> tuple[str, str]:
    value = read_field(row, "judge")
    if isinstance(value, list | tuple) and len(value) == 2 and all(isinstance(name, str) for name in value):
        return value[0], value[1]
    raise UsageError(
        f"{row.where}: `judge` is {describe(value)}; it should be a list of two names, the judge's and its prompt's."
    )


def _score(row: Row) -> float:
    value = read_field(row, "score")
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) > 1e6:
        raise UsageError(f"{row.where}: `score` is {describe(value)}; it should be a number, -1 for none.")
    return float(value)


def _turn(row: Row) -> int:
    value = read_field(row, "turn")
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise UsageError(f"{row.where}: `turn` is {describe(value)}; it should be 1, 2, …")
    return value


def _winner(row: Row, name: str) -> str:
    value = read_text(row, name)
    if value not in WINNERS:
        raise UsageError(f"{row.where}: `{name}` is {value!r}; it should be one of {', '.join(WINNERS)}.")
    return value
