"""FastChat's reviews: two answers to a question, each scored from 1 to 10 in one reply."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autoeval.data.loading import Row, describe, expand, is_missing, listed, read_rows
from autoeval.data.records import read_instruction, read_key, read_label, read_text
from autoeval.errors import UsageError, nearest
from autoeval.texts.patterns import lazy_pattern

LOWEST, HIGHEST = 1.0, 10.0
_KEYS = ("question_id", "idx", "uid")

_TWO_SCORES = lazy_pattern(r"\s*(\d+(?:\.\d+)?)(?:\s*,\s*|\s+)(\d+(?:\.\d+)?)\s*(?:\n|$)")


@dataclass(frozen=True, slots=True)
class Review:
    """A review; `scores` are the first answer's and the second's, None where the reply gives none."""

    question_id: str
    first: str
    second: str
    scores: tuple[float, float] | None
    where: str


def read_reviews(source: Any, role: str = "--reviews") -> Iterator[Review]:
    """Read reviews in the order of their files, `review_<first>_<second>.jsonl`.

    Rows have `question_id` and `score` (two numbers, [-1, -1] for none), or a `text` whose first line has the two.

    Raises:
        UsageError: a file's name does not say whose answers they are, or a field is missing or wrong.
    """
    for entry in expand(source, role):
        first, second = models_of(entry, role)
        for row in read_rows(entry, role):
            yield Review(question_of(row), first, second, scores_of(row), row.where)


def models_of(entry: Any, role: str) -> tuple[str, str]:
    """Return the two models that a file of reviews is named after, the one that is shown first first."""
    if not isinstance(entry, Path):
        return "first", "second"
    name = entry.name.split(".json")[0]
    parts = name.removeprefix("review_").split("_", 1)
    if len(parts) != 2 or not all(parts):
        raise UsageError(
            f"{role}: the name of {entry} does not say whose answers it is about. Name it "
            "review_<first>_<second>.jsonl."
        )
    return parts[0], parts[1]


def read_groups(source: Any, columns: list[str], role: str = "--questions") -> dict[str, tuple[str, ...]]:
    """Read what questions are of: the values of some columns, by question (`question_id`, `idx` or `uid`).

    Raises:
        UsageError: a column is missing.
    """
    return {question_of(row): _groups(row, columns) for row in read_rows(source, role)}


@dataclass(frozen=True, slots=True)
class Question:
    """A question that answers name by its number (`key`) or its words; `groups` are its values of some columns."""

    key: str | None
    text: str
    groups: tuple[str, ...]


def read_questions(source: Any, columns: list[str], role: str) -> list[Question]:
    """Read questions with their words: `instruction`, `Instruction` (WizardLM's), `text` or `turns` (FastChat's).

    Raises:
        UsageError: a row has none of them, or a column is missing.
    """
    return [
        Question(
            question_of(row) if any(name in row.fields for name in _KEYS) else None,
            _words(row),
            _groups(row, columns),
        )
        for row in read_rows(source, role)
    ]


def answers_to(questions: list[Question], source: Any, role: str) -> Any:
    """Return outputs with the words of their questions; those that have them are returned as they are.

    Args:
        questions: what answers can be to.
        source: outputs, or FastChat's answers (`question_id`, `text`, `model_id`), which name questions by number.
        role: the flag that named it.

    Raises:
        UsageError: an answer is to none of the questions.
    """
    if not _is_answer(next(iter(read_rows(source, role)))):
        return source
    texts = {question.key: question.text for question in questions}
    found = []
    for entry in expand(source, role):
        of_file = entry.name.split(".json")[0].removeprefix("answer_") if isinstance(entry, Path) else None
        for row in read_rows(entry, role):
            key = question_of(row)
            if key not in texts:
                raise UsageError(
                    f"{row.where} answers question {key}, whose words are not known. Name the file that has them with "
                    "--questions."
                )
            found.append(
                {
                    "instruction": texts[key],
                    "output": read_text(row, "text"),
                    "generator": of_file or read_label(row, "model_id"),
                }
            )
    return found


def _is_answer(row: Row) -> bool:
    return "instruction" not in row.fields and "text" in row.fields and "question_id" in row.fields


def _words(row: Row) -> str:
    if "instruction" in row.fields or "Instruction" in row.fields:
        return read_instruction(row)
    turns = row.fields.get("turns")
    if isinstance(turns, list) and len(turns) == 1 and isinstance(turns[0], str):
        return turns[0]
    return read_text(row, "text" if "text" in row.fields else "instruction")


def _groups(row: Row, columns: list[str]) -> tuple[str, ...]:
    for name in columns:
        if name not in row.fields:
            raise UsageError(
                f"{row.where} has no column {name!r} (--by). {nearest(name, map(str, row.fields))}"
            )
    return tuple(str(row.fields[name]) for name in columns)


def question_of(row: Row) -> str:
    """Return the question that a row is about, a number or a name."""
    return read_key(row, *_KEYS)


def scores_in(text: str) -> tuple[float, float] | None:
    """Return the two scores that the first line of a reply is, None where it is something else."""
    found = _TWO_SCORES.match(text)
    return (float(found[1]), float(found[2])) if found else None


def scores_of(row: Row) -> tuple[float, float] | None:
    """Return a review's two scores, None where it has none.

    Raises:
        UsageError: what stands there is something else.
    """
    value: Any = row.fields.get("score")
    if is_missing(value):
        text = row.fields.get("text")
        if not isinstance(text, str):
            raise UsageError(
                f"{row.where} has neither `score` nor `text`. It has: {', '.join(map(str, row.fields))}."
            )
        return scores_in(text)
    value = listed(value)
    is_two = isinstance(value, list | tuple) and len(value) == 2
    if not is_two or not all(_is_number(one) for one in value):
        raise UsageError(f"{row.where}: `score` is {describe(value)}; it should be two numbers.")
    first, second = value
    return None if first < 0 or second < 0 else (float(first), float(second))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 1e6
