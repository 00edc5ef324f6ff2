"""Outputs that are checked without a judge: read from their files, and written as rows."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from autoeval.answers.checked import Answer, Checked
from autoeval.answers.code import Task
from autoeval.data.loading import read_rows
from autoeval.data.records import read_instruction, read_label, read_text
from autoeval.errors import UsageError, nearest


def read_answers(model_outputs: Any) -> Iterator[Answer]:
    """Read rows with instruction, output and target.

    Raises:
        UsageError: a field is missing or wrong; the message names file, row and field.
    """
    for row in read_rows(model_outputs, "--model_outputs"):
        if "target" not in row.fields:
            raise UsageError(
                f"{row.where} has no field 'target', which says what is right. "
                f"{nearest('target', map(str, row.fields))}"
            )
        yield Answer(
            row,
            read_instruction(row),
            read_text(row, "output"),
            row.fields["target"],
            read_label(row, "generator"),
            read_label(row, "dataset"),
        )


def read_completions(model_outputs: Any, tasks: Mapping[str, Task]) -> Iterator[Answer]:
    """Read rows with task_id and completion.

    Raises:
        UsageError: a field is missing or wrong, or there is no such task.
    """
    for row in read_rows(model_outputs, "--model_outputs"):
        task_id = read_text(row, "task_id")
        if task_id not in tasks:
            raise UsageError(f"{row.where}: there is no task {task_id!r}. {nearest(task_id, tasks)}")
        yield Answer(
            row,
            tasks[task_id].prompt,
            read_text(row, "completion"),
            None,
            read_label(row, "generator"),
            read_label(row, "dataset"),
            task_id,
        )


def read_tasks(tasks: Any) -> dict[str, Task]:
    """Read tasks of HumanEval's form: task_id, prompt, entry_point, test.

    Raises:
        UsageError: a field is missing or wrong, or a task is there twice.
    """
    found: dict[str, Task] = {}
    for row in read_rows(tasks, "--tasks"):
        fields = {name: read_text(row, name) for name in ("task_id", "prompt", "entry_point", "test")}
        task = Task(**fields)
        if task.task_id in found:
            raise UsageError(f"{row.where}: the task {task.task_id!r} is there twice. Remove one.")
        if not task.entry_point.isidentifier():
            raise UsageError(
                f"{row.where}: `entry_point` is {task.entry_point!r}; it should be a function's name."
            )
        found[task.task_id] = task
    return found


def of_one_generator(answers: Iterable[Answer]) -> Iterator[Answer]:
    """Pass on answers of one model.

    Raises:
        UsageError: one is of another model than the first.
    """
    first: Answer | None = None
    for answer in answers:
        first = first or answer
        if answer.generator != first.generator:
            raise UsageError(
                f"{answer.row.where}: `generator` is {answer.generator!r}, but {first.row.where} is of "
                f"{first.generator!r}. Check one model at a time."
            )
        yield answer


def row_of(answer: Answer, checked: Checked, annotator: str, generator: str) -> dict[str, Any]:
    """Return an answer and what its check found as a row of annotations.json."""
    return {
        **({"task_id": answer.task_id} if answer.task_id is not None else {}),
        "instruction": answer.instruction,
        "dataset": answer.dataset,
        "generator": generator,
        "output": answer.output,
        **({"target": answer.target} if isinstance(answer.target, str | int | float) else {}),
        "annotator": annotator,
        "score": checked.score,
        "parts": {name: sum(values) / len(values) for name, values in checked.parts.items()},
        **_several(checked),
        "extracted": checked.extracted,
        "explanation": checked.note,
        "failure": checked.failure,
    }


def _several(checked: Checked) -> dict[str, Any]:
    """Return the scores of parts that are several, of which `parts` has the mean."""
    several = {name: list(values) for name, values in checked.parts.items() if len(values) > 1}
    return {"observations": several} if several else {}
