"""MT-Bench: its questions with their reference answers, and what differs between categories."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from autoeval.data.benchmark_folders import BenchmarkFolder
from autoeval.data.fastchat import Answer, Turns, read_answers, read_questions
from autoeval.data.hub import space_file
from autoeval.data.instructions import Instruction
from autoeval.errors import UsageError

SPACE = "lmsys/mt-bench"
"""The space of the hub that has the files."""
NAME = "mt_bench"
HASH = "f9093be5d24a4457"
"""Of the 80 questions, as `instructions.hash_of` gives it."""

TEMPERATURES: Mapping[str, float] = {
    "writing": 0.7,
    "roleplay": 0.7,
    "reasoning": 0.0,
    "math": 0.0,
    "coding": 0.0,
    "extraction": 0.0,
    "stem": 0.1,
    "humanities": 0.1,
}
"""The categories in the questions' order, each with the temperature that models answer it at."""

WITH_REFERENCE = frozenset({"math", "reasoning", "coding", "arena-hard-200"})
"""Categories whose answers are graded beside a right one; the last is of another set that the same prompts grade."""

_FIRST, _IN_A_CATEGORY = 81, 10


def category_of(question_id: str) -> str | None:
    """Return the category of one of the 80 questions, None for another."""
    categories = list(TEMPERATURES)
    place = int(question_id) - _FIRST if question_id.isdecimal() else -1
    return categories[place // _IN_A_CATEGORY] if 0 <= place < _IN_A_CATEGORY * len(categories) else None


QUESTIONS, ANSWERS = "question.jsonl", "reference_answer/gpt-4.jsonl"
_HUB_FOLDER = "data/mt_bench"
_FOLDER = BenchmarkFolder(("", "mt_bench", "data/mt_bench"))


def load_questions(source: Any, reference_answers: Any, near: Iterable[Any]) -> list[Instruction]:
    """Load the questions, those of some categories with right answers.

    Args:
        source: FastChat's `question.jsonl`, or the folder that holds it; None for the one nearest to `near`, else the
            hub's.
        reference_answers: FastChat's `reference_answer/gpt-4.jsonl`; None for the one beside the questions, where
            there is one.
        near: files that may lie in a FastChat folder.

    Raises:
        UsageError: a file is wrong, or the questions are nowhere to be found.
    """
    source = _FOLDER.named(source, QUESTIONS, near)
    if reference_answers is None:
        beside = _FOLDER.find(source.parent, ANSWERS) if isinstance(source, Path) else None
        reference_answers = beside or (_hub_answers() if source is None else None)
    questions = read_questions(space_file(SPACE, f"{_HUB_FOLDER}/{QUESTIONS}") if source is None else source)
    answers = _only(read_answers(reference_answers, "--reference_answers")) if reference_answers else {}
    return [
        Instruction(
            text=question.turns[0],
            dataset=question.category,
            later=question.turns[1:],
            parameters={"temperature": TEMPERATURES[question.category]}
            if question.category in TEMPERATURES
            else {},
            fields={
                "question_id": question.question_id,
                **_reference(question.question_id, question.category, answers),
            },
        )
        for question in questions
    ]


def _reference(question_id: str, category: str, answers: Mapping[str, Answer]) -> dict[str, Turns]:
    if category not in WITH_REFERENCE or question_id not in answers:
        return {}
    return {"reference": answers[question_id].turns}


def _only(answers: Mapping[str, Mapping[str, Answer]]) -> Mapping[str, Answer]:
    if len(answers) != 1:
        raise UsageError(f"--reference_answers: give the answers of one model, not of {len(answers)}.")
    return next(iter(answers.values()))


def _hub_answers() -> Path:
    return space_file(SPACE, f"{_HUB_FOLDER}/{ANSWERS}", "--reference_answers")
