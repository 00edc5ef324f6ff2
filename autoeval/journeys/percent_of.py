"""The journey from reviews with two scores to "% of ChatGPT": how much of a reference's score a model reaches."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Unpack

from autoeval.checks import check_number, require_source
from autoeval.data.reviews import HIGHEST, LOWEST, Review, read_groups, read_reviews
from autoeval.errors import UsageError, nearest
from autoeval.journeys.parameters.asking import AskingParameters, checked, refuse_asking
from autoeval.journeys.parameters.forwarding import also_takes
from autoeval.journeys.percent_asked import (
    JUDGE,
    Percentages,
    Reviewing,
    ask_for_reviews,
    asker,
    percentages_of,
)
from autoeval.leaderboards.boards import refuse_unwritable_board
from autoeval.leaderboards.percentages import Scored
from autoeval.runs.estimate import DryRun


@also_takes(AskingParameters)
def percent_of(
    reviews: Any = None,
    by: Any = None,
    questions: Any = None,
    reference: str | None = None,
    compatible: bool = False,
    leaderboard_path: str | Path | None = None,
    model_outputs: Any = None,
    reference_outputs: Any = None,
    annotators_config: str | Path = JUDGE,
    name: str | None = None,
    output_path: str | Path | None = None,
    max_instances: int | None = None,
    is_allow_partial: bool = False,
    is_strip_thinking: bool = False,
    seed: int = 0,
    **asking: Unpack[AskingParameters],
) -> Percentages | DryRun:
    """Say how much of a reference's score models reach, from reviews that score both answers from 1 to 10.

    Reviews are read from files, or a judge is asked for them: with model_outputs and reference_outputs.

    Args:
        reviews: FastChat's reviews, files named review_<first>_<second>.jsonl, or a glob.
        by: Columns of the questions to say it for apart, such as 'Skill,Difficulty'.
        questions: The questions' file, which has those columns: WizardLM_testset.jsonl or question.jsonl. Where a judge
            is asked: default, the rows of reference_outputs.
        reference: Of reviews that are read, the model that all are compared with. Default: the first of the two in a
            file's name.
        compatible: Count as the tool did: scores outside 1 to 10 too, and one order, with the reference shown first. A
            judge is asked in that order only.
        leaderboard_path: A CSV file for the board. Default: it is printed only.
        model_outputs: The model's outputs, as evaluate takes them, or FastChat's answers (answer_<model>.jsonl, with
            questions).
        reference_outputs: The outputs to compare with.
        annotators_config: Who scores: percent_of_review, which sees both outputs, a judge of yours of that kind, or
            one of single outputs, which sees each by itself.
        name: What to call the model. Default: the outputs' `generator`, or their file's name.
        output_path: Folder for annotations.json, with the judge's scores and words. Default: none is written.
        max_instances: Ask about a sample of this many instructions.
        is_allow_partial: Go on where outputs and reference do not cover the same instructions.
        is_strip_thinking: Leave the reasoning out of all outputs.
        seed: Another seed is another vote of the judge.
        **asking: How the judge is asked.

    Returns:
        A Percentages; a DryRun with dry_run.

    Raises:
        UsageError: a file, row, column or config is wrong, or no review that is read has two scores.
        NothingJudgedError: not a single pair has two scores; every reply is in the cache.
    """
    columns = [column.strip() for column in by.split(",")] if isinstance(by, str) else list(by or ())
    parameters = checked(asking, percent_of)
    check_number("max_instances", max_instances, 1, whole=True)
    check_number("seed", seed, 0, whole=True, optional=False)
    path = None if leaderboard_path is None else Path(leaderboard_path)
    if path is not None:
        refuse_unwritable_board(path)
    if model_outputs is None:
        refuse_asking(parameters, reviews=reviews)
        return _of_reviews(reviews, columns, questions, reference, compatible, path)
    if reviews is not None or reference is not None:
        raise UsageError(
            "--reviews and --reference are for reviews that are read; --model_outputs and --reference_outputs are what "
            "a judge is asked about. Give one of the two."
        )
    how = Reviewing(
        asking=asker(annotators_config, parameters, compatible),
        columns=columns,
        questions=questions,
        name=name,
        output_path=output_path,
        max_instances=max_instances,
        allows_partial=is_allow_partial,
        strips_thinking=is_strip_thinking,
        seed=seed,
    )
    return ask_for_reviews(model_outputs, reference_outputs, how, path)


def _of_reviews(
    reviews: Any,
    columns: Sequence[str],
    questions: Any,
    reference: str | None,
    compatible: bool,
    path: Path | None,
) -> Percentages:
    """Count reviews that are there."""
    require_source(reviews, "--reviews", "name the files of reviews, or --model_outputs to ask a judge")
    if bool(columns) != (questions is not None):
        raise UsageError("--by and --questions go together: the columns, and the file that has them.")
    known = read_groups(questions, list(columns)) if columns else {}
    scored, notes = _scored(read_reviews(reviews), reference, compatible)
    for question in (question for one in scored for question in (*one.scores, *one.missing)):
        if columns and question not in known:
            raise UsageError(f"--questions: there is no question {question!r}, which a review is about.")
    percentages = percentages_of(scored, columns, known, notes, path)
    if not percentages.board.rows:
        raise UsageError("--reviews: no review has two scores from 1 to 10.")
    return percentages


def _scored(
    reviews: Iterable[Review], reference: str | None, compatible: bool
) -> tuple[list[Scored], list[str]]:
    """Sort reviews by model and reference, both orders of a pair together."""
    found: dict[frozenset[str], Scored] = {}
    models: set[str] = set()
    n_outside = n_other = 0
    for review in reviews:
        pair = (review.first, review.second)
        models.update(pair)
        if reference is not None and reference not in pair:
            n_other += 1
            continue
        chosen = reference or review.first
        one = found.setdefault(
            frozenset(pair), Scored(review.second if chosen == review.first else review.first, chosen)
        )
        is_reference_first = one.reference == review.first
        if compatible and not is_reference_first and reference is None:
            continue
        scores = review.scores
        if scores is not None and not compatible and not all(LOWEST <= score <= HIGHEST for score in scores):
            n_outside += 1
            scores = None
        if scores is None:
            one.missing[review.question_id] += 1
            continue
        one.scores.setdefault(review.question_id, []).append(scores[::-1] if is_reference_first else scores)
    if reference is not None and not found:
        raise UsageError(
            f"--reference: no review is of the model {reference!r}. {nearest(reference, models)}"
        )
    notes = [
        f"{n_outside} reviews with a score outside 1 to 10 are missing (--compatible counts them)"
    ] * bool(n_outside)
    notes += [f"{n_other} reviews are not of {reference} and left out"] * bool(n_other)
    return list(found.values()), notes
