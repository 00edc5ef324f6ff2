"""Arena-Hard's questions, and models' answers to them: v0.1's files, v2.0's and the mixed ones of forks."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from autoeval.data.arena_hard import ArenaSet, label_of, model_of, optional_text
from autoeval.data.benchmark_folders import BenchmarkFolder
from autoeval.data.fastchat import Answer
from autoeval.data.hub import dataset_file
from autoeval.data.instructions import Instruction
from autoeval.data.loading import Row, describe, expand, read_rows
from autoeval.data.records import read_field, read_key
from autoeval.errors import UsageError, nearest

DATASET = "lmarena-ai/arena-hard-auto"
"""The dataset of the hub that has the files."""
QUESTIONS = "question.jsonl"
_ROLE = "--evaluation_dataset"


def load_questions(
    arena: ArenaSet, source: Any, reference_answers: Any, near: Iterable[Any]
) -> list[Instruction]:
    """Load the questions of an eval set.

    Args:
        arena: the eval set.
        source: upstream's `question.jsonl`, or the folder that holds it; None for the one nearest to `near`, else the
            hub's.
        reference_answers: there are none.
        near: files that may lie in upstream's folder.

    Raises:
        UsageError: a file is wrong, a question stands twice, or the questions are nowhere to be found.
    """
    if reference_answers is not None:
        raise UsageError(
            f"--reference_answers: {arena.name} has no right answers; its judge answers first itself. Leave it out, or "
            "name whose answers to compare with: --reference_outputs."
        )
    source = _folder(arena).named(source, QUESTIONS, near)
    rows = read_rows(_of_hub(arena, QUESTIONS, _ROLE) if source is None else source, _ROLE)
    questions: dict[str, Instruction] = {}
    for row in rows:
        one = _question(row)
        name = str(one.fields["question_id"])
        if name in questions:
            raise UsageError(f"{row.where}: the question {name} stands twice. Remove one of them.")
        questions[name] = one
    return list(questions.values())


def find_answers(arena: ArenaSet, model: str, near: Iterable[Any]) -> Path:
    """Return the file of a model's answers: the one nearest to some files, else the hub's.

    Raises:
        UsageError: it is nowhere to be found.
    """
    name = f"model_answer/{model}.jsonl"
    return _folder(arena).nearest(name, near) or _of_hub(arena, name, "--reference_outputs")


def is_answer(row: Row) -> bool:
    """Whether a row is an answer in one of Arena-Hard's forms."""
    if "messages" in row.fields:
        return "instruction" not in row.fields
    return isinstance(_first_turn_as_written(row.fields.get("choices")), Mapping)


def read_answers(source: Any, role: str = "--model_outputs") -> dict[str, dict[str, Answer]]:
    """Read answers by model and question; the model is whom the row names, else the file.

    Raises:
        UsageError: a field is missing or wrong, or a model answers a question twice.
    """
    answers: dict[str, dict[str, Answer]] = {}
    for entry in expand(source, role):
        for row in read_rows(entry, role):
            model, question = answered(row, entry if isinstance(entry, Path) else None)
            of_model = answers.setdefault(model, {})
            if question in of_model:
                raise UsageError(
                    f"{row.where}: {model} answers the question {question} twice. Remove one of them."
                )
            of_model[question] = Answer(question, model, (answer_text(row),))
    return answers


def answer_row(answer: Answer, question: str, answer_id: str, time: float) -> dict[str, Any]:
    """Return an answer as upstream writes it; `time` is in seconds since the epoch."""
    return {
        "uid": answer.question_id,
        "ans_id": answer_id,
        "model": answer.model,
        "messages": [
            {"role": "user", "content": question},
            {"role": "assistant", "content": {"answer": answer.turns[0]}},
        ],
        "tstamp": time,
    }


def answered(row: Row, path: Path | None) -> tuple[str, str]:
    """Return whose answer a row is, and to which question."""
    name = next((name for name in ("model", "model_id") if name in row.fields), None)
    if name is None and path is None:
        raise UsageError(f"{row.where} has no field 'model_id'. {nearest('model_id', map(str, row.fields))}")
    return label_of(row, name) if name else model_of(path or Path()), read_key(row, "uid", "question_id")


def answer_text(row: Row) -> str:
    """Return the text of an answer: the assistant's last message (v2.0), or the first choice's first turn (v0.1)."""
    messages = row.fields.get("messages")
    if isinstance(messages, list | tuple) and messages:
        content = messages[-1].get("content") if isinstance(messages[-1], Mapping) else None
        content = content.get("answer") if isinstance(content, Mapping) else content
    else:
        content = _first_turn(row.fields.get("choices"))
    if not isinstance(content, str):
        raise UsageError(
            f"{row.where} has no answer: neither messages with content.answer nor choices[0].turns[0].content is text."
        )
    return content


def _first_turn(choices: Any) -> Any:
    turn = _first_turn_as_written(choices)
    return turn.get("content") if isinstance(turn, Mapping) else turn


def _first_turn_as_written(choices: Any) -> Any:
    choice = choices[0] if isinstance(choices, list | tuple) and choices else None
    turns = choice.get("turns") if isinstance(choice, Mapping) else None
    return turns[0] if isinstance(turns, list | tuple) and turns else None


def _question(row: Row) -> Instruction:
    """Read a question: its text is `prompt` (v2.0), or the content of its turns (v0.1)."""
    name, category = read_key(row, "uid", "question_id"), optional_text(row, "category") or ""
    if "prompt" in row.fields or "turns" not in row.fields:
        turns = [label_of(row, "prompt")]
    else:
        turns = [_turn(row, turn) for turn in _turns(row)]
    fields = {"question_id": name, "category": category}
    return Instruction(turns[0], category or None, tuple(turns[1:]), fields=fields)


def _turns(row: Row) -> list[Any]:
    turns = read_field(row, "turns")
    if not isinstance(turns, list | tuple) or not turns:
        raise UsageError(f"{row.where}: `turns` is {describe(turns)}; it should be a list of turns.")
    return list(turns)


def _turn(row: Row, turn: Any) -> str:
    content = turn.get("content") if isinstance(turn, Mapping) else turn
    if not isinstance(content, str):
        raise UsageError(
            f"{row.where}: a turn is {describe(turn)}; it should be text, or an object with `content`."
        )
    return content


def _folder(arena: ArenaSet) -> BenchmarkFolder:
    return BenchmarkFolder(("", arena.bench, f"data/{arena.bench}"))


def _of_hub(arena: ArenaSet, name: str, flag: str) -> Path:
    return dataset_file(DATASET, f"data/{arena.bench}/{name}", flag)
