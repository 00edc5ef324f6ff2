"""FastChat's `<judge>_single.jsonl` of a run whose prompts are FastChat's, so that its own tools read the result."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autoeval.annotators.plan import Plan
from autoeval.data.annotations import read_annotations
from autoeval.data.fastchat import ERROR, GradedTurn, as_lines, grade_row
from autoeval.data.loading import read_rows
from autoeval.data.replacing import result_file
from autoeval.prompting.fastchat import FastChatPrompt
from autoeval.types import Annotation, Judgment

_NO_SCORE = -1


def save_judgments(plan: Plan, folder: Path | None, annotations: Path | None) -> tuple[str, ...]:
    """Write a run's judgments as FastChat does.

    Args:
        plan: what was asked.
        folder: where they go; None writes none.
        annotations: the run's annotations.json.

    Returns:
        The names of the files that were written: one where the judge's prompts are FastChat's own, else none.
    """
    judge = plan.annotator.judges[0]
    if folder is None or annotations is None or not isinstance(judge.prompt, FastChatPrompt):
        return ()
    name = f"{judge.model.replace('/', '_')}_single.jsonl"
    with result_file(folder / name) as file:
        file.writelines(as_lines(_rows(plan, annotations, judge.model, judge.prompt)))
    return (name,)


def _rows(plan: Plan, path: Path, judge: str, prompt: FastChatPrompt) -> Iterator[dict[str, Any]]:
    kind, now = plan.annotator.kind, time.time()
    for annotation in read_annotations(read_rows(path, "annotations")):
        case = annotation.case
        views = {view.part: view for view in kind.views(case, "fixed", plan.seed)}
        for turn, (part, view) in enumerate(views.items(), 1):
            judgment = _judgment_on(annotation, part)
            if judgment is None:
                continue
            chosen, fields = prompt.chosen(kind.fields(case, view)), kind.fields(case, view)
            yield grade_row(
                GradedTurn(
                    question_id=str(case.fields.get("question_id", case.index)),
                    model=case.generator,
                    judge=judge,
                    prompt=chosen.name,
                    user_prompt=chosen.messages(fields)[-1].content,
                    judgment=ERROR if judgment.raw_completion is None else str(judgment.raw_completion),
                    score=_NO_SCORE if judgment.value is None else judgment.value,
                    turn=turn,
                ),
                now,
            )


def _judgment_on(annotation: Annotation, part: str) -> Judgment | None:
    return next((one for one in annotation.judgments if one.part == part), None)
