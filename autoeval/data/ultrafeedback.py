"""UltraFeedback's rows: an instruction with right and wrong answers, and what up to four models completed it with."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from autoeval.data.instructions import Instruction
from autoeval.data.loading import Row, describe, is_missing, listed, read_rows
from autoeval.data.records import read_instruction, read_label, read_text
from autoeval.errors import UsageError

DATASET = "openbmb/UltraFeedback"
"""The hub's dataset."""
_ROLE = "--evaluation_dataset"
_NO_ANSWER = "None"


def load_questions(source: Any, reference_answers: Any, near: Iterable[Any]) -> list[Instruction]:  # noqa: ARG001
    """Load the instructions, with the right and wrong answers that some of them have.

    Args:
        source: files in the dataset's form; None for the hub's.
        reference_answers: there are none besides.
        near: files that are not looked at.

    Raises:
        UsageError: a row is wrong, or the hub cannot be reached.
    """
    if reference_answers is not None:
        raise UsageError("--reference_answers: UltraFeedback's rows have their right answers. Leave it out.")
    found: dict[str, Instruction] = {}
    for row in read_rows(DATASET if source is None else source, _ROLE):
        question = question_of(row)
        found.setdefault(question.text, question)
    return list(found.values())


def question_of(row: Row) -> Instruction:
    """Return a row's instruction. `reference` is its right answers, a line each; `incorrect` the wrong ones."""
    right, wrong = (_answers(row, name) for name in ("correct_answers", "incorrect_answers"))
    fields = {name: "\n".join(found) for name, found in (("reference", right), ("incorrect", wrong)) if found}
    return Instruction(read_instruction(row), read_label(row, "source"), fields=fields)


def has_completions(row: Row) -> bool:
    """Whether a row brings what several models said."""
    return "completions" in row.fields and "output" not in row.fields


def completions(row: Row) -> Iterator[tuple[str, str]]:
    """Walk through a row's completions, as (model, text).

    Raises:
        UsageError: they are no list of objects with `model` and `response`.
    """
    found = listed(row.fields["completions"])
    if not isinstance(found, list | tuple):
        raise UsageError(f"{row.where}: `completions` is {describe(found)}; it should be a list of objects.")
    for number, fields in enumerate(found, 1):
        where = f"{row.where}, completion {number}"
        if not isinstance(fields, Mapping):
            raise UsageError(f"{where} is {describe(fields)}; it should be an object.")
        one = Row(where, fields)
        yield read_text(one, "model"), read_text(one, "response")


def _answers(row: Row, name: str) -> list[str]:
    """Return the answers that a row lists; the dataset says `None` where it has none."""
    found = listed(row.fields.get(name))
    found = [] if is_missing(found) else found
    if not isinstance(found, list | tuple) or not all(isinstance(one, str) for one in found):
        raise UsageError(f"{row.where}: `{name}` is {describe(found)}; it should be a list of texts.")
    return [one for one in found if one.strip() and one != _NO_ANSWER]
