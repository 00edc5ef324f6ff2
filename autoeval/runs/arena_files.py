"""Arena-Hard's files of a run: the judgments and the answers in upstream's form, so that its own tools read them."""

import time
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from autoeval.annotators.judges import Annotator, Judge
from autoeval.annotators.kinds import View
from autoeval.annotators.parsers.verdicts import VerdictsParser
from autoeval.annotators.plan import Plan
from autoeval.data.annotations import read_annotations
from autoeval.data.arena_answers import answer_row
from autoeval.data.arena_hard import Asked, judgment_row, old_judgment_row
from autoeval.data.fastchat import Answer, as_lines
from autoeval.data.loading import read_rows
from autoeval.data.replacing import result_file
from autoeval.prompting.arena_hard import ArenaPrompt
from autoeval.types import Annotation, Completion, Verdict


def baselines_of(annotator: Annotator) -> Mapping[str, str] | None:
    """Return whom models meet, by category, where a user's config of Arena-Hard's says so."""
    prompt = annotator.judges[0].prompt
    return (prompt.config.baselines or None) if isinstance(prompt, ArenaPrompt) else None


def save_games(plan: Plan, folder: Path | None, annotations: Path | None) -> tuple[str, ...]:
    """Write a run's judgments and answers as upstream does.

    Args:
        plan: what was asked.
        folder: where they go; None writes none.
        annotations: the run's annotations.json.

    Returns:
        The names of the files, below the folder; none unless one judge gave Arena-Hard's verdicts in both orders.
    """
    judge = plan.annotator.judges[0]
    is_arenas = isinstance(judge.parser, VerdictsParser) and judge.order == "both" and judge.samples == 1
    if folder is None or annotations is None or len(plan.annotator.judges) > 1 or not is_arenas:
        return ()
    model = next(iter(plan.cases)).generator.replace("/", "_")
    judgments = f"model_judgment/{judge.model.replace('/', '_')}/{model}.jsonl"
    answers = f"model_answer/{model}.jsonl"
    for name, rows in ((judgments, _judgments(plan, annotations, judge)), (answers, _answers(plan))):
        with result_file(folder / name) as file:
            file.writelines(as_lines(rows))
    return judgments, answers


def _judgments(plan: Plan, path: Path, judge: Judge) -> Iterator[dict[str, Any]]:
    is_first_form = isinstance(judge.prompt, ArenaPrompt) and judge.prompt.config.is_first_form
    for annotation in read_annotations(read_rows(path, "annotations")):
        case = annotation.case
        if case.sample or _is_unanswered(annotation):
            continue
        question = str(case.fields.get("question_id", case.index))
        games = [_game(annotation, judge, view) for view in judge.kind.views(case, "both", plan.seed)]
        if is_first_form:
            yield old_judgment_row(question, judge.model, case.generator, games)
        else:
            category = str(case.fields.get("category", ""))
            yield judgment_row(question, category, judge.model, case.generator, case.generator_1, games)


def _is_unanswered(annotation: Annotation) -> bool:
    """Whether nobody answered in either game, so that upstream's tools are to ask again."""
    return all(one.value is None and one.raw_completion is None for one in annotation.judgments)


def _game(annotation: Annotation, judge: Judge, view: View) -> Asked:
    """Return the game in which a view shows the answers; identical ones are a tie that nobody was asked about."""
    assert judge.prompt is not None
    fields = {**judge.kind.fields(annotation.case, view), "rubric": judge.rubric}
    messages = [{"role": one.role, "content": one.content} for one in judge.prompt.messages([fields])]
    asked = [one for one in annotation.judgments if one.raw_completion is not None or one.value is None]
    if not asked:
        return Asked(messages, annotation.judgments[0].explanation, "A=B")
    judgment = next(one for one in asked if one.is_switched == view.is_switched)
    reply = None if judgment.raw_completion is None else str(judgment.raw_completion)
    return Asked(messages, reply, None if judgment.value is None or reply is None else _label(judge, reply))


def _label(judge: Judge, reply: str) -> str | None:
    assert isinstance(judge.parser, VerdictsParser)
    (read,) = judge.parser.read(Completion(reply))
    return judge.parser.label(read.value, read.weight) if isinstance(read, Verdict) else None


def _answers(plan: Plan) -> Iterator[dict[str, Any]]:
    now = time.time()
    for case in plan.cases:
        if not case.sample:
            answer = Answer(str(case.fields.get("question_id", case.index)), case.generator, (case.output,))
            digest = sha256(case.output.encode("utf-8", "surrogatepass")).hexdigest()[:22]
            yield answer_row(answer, case.conversation, digest, now)
