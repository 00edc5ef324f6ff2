"""The journey from reviews with two scores to "% of ChatGPT": how much of a reference's score a model reaches."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from autoeval.checks import require_source
from autoeval.completions.ask import Display
from autoeval.data.reviews import HIGHEST, LOWEST, Review, read_groups, read_reviews
from autoeval.errors import UsageError, nearest
from autoeval.leaderboards.boards import save_board
from autoeval.leaderboards.table import Board
from autoeval.metrics.columns import Cell, Column, ColumnType
from autoeval.metrics.observations import Observations
from autoeval.metrics.student import student_quantile

COLUMNS = (
    *(
        Column(name, ColumnType.NUMBER, name)
        for name in ("percent", "low", "high", "sum_model", "sum_reference")
    ),
    Column("n_total", ColumnType.COUNT, "n"),
    Column("n_missing", ColumnType.COUNT, "missing"),
    Column("reference", ColumnType.TEXT),
)


@dataclass
class Scored:
    """What a model and its reference got: a (model, reference) pair a review, by question."""

    model: str
    reference: str
    scores: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    n_missing: int = 0


@dataclass(frozen=True)
class Percentages:
    """Models' shares of their references' scores.

    Attributes:
        board: a row a model, the highest share first.
        groups: for each column of --by, a board with a row a model and value.
        notes: what is to be known of the numbers.
        path: the board's file; None where none was written.
    """

    board: Board
    groups: dict[str, Board]
    notes: Sequence[str]
    path: Path | None


def percent_of(
    reviews: Any = None,
    by: Any = None,
    questions: Any = None,
    reference: str | None = None,
    compatible: bool = False,
    leaderboard_path: str | Path | None = None,
    display: Display | None = None,  # noqa: ARG001 - every journey has one
) -> Percentages:
    """Say how much of a reference's score models reach, from reviews that score both answers from 1 to 10.

    Args:
        reviews: FastChat's reviews, files named review_<first>_<second>.jsonl, or a glob.
        by: Columns of the questions to say it for apart, such as 'Skill,Difficulty'.
        questions: The questions' file, which has those columns: WizardLM_testset.jsonl or question.jsonl.
        reference: The model that all are compared with. Default: the first of the two in a file's name.
        compatible: Count as the tool did: scores outside 1 to 10 too, and one order, with the reference shown first.
        leaderboard_path: A CSV file for the board. Default: it is printed only.
        display: Shows the progress (Python only).

    Returns:
        A Percentages.

    Raises:
        UsageError: a file, row or column is wrong, or no review has two scores.
    """
    require_source(reviews, "--reviews", "name the files of reviews")
    columns = [name.strip() for name in by.split(",")] if isinstance(by, str) else list(by or ())
    if bool(columns) != (questions is not None):
        raise UsageError("--by and --questions go together: the columns, and the file that has them.")
    known = read_groups(questions, columns) if columns else {}
    scored, notes = _scored(read_reviews(reviews), reference, compatible)
    board = _board({_name(one, scored): (one, one.scores) for one in scored})
    if not board.rows:
        raise UsageError("--reviews: no review has two scores from 1 to 10.")
    groups = {column: _board(_grouped(scored, known, place)) for place, column in enumerate(columns)}
    path = None if leaderboard_path is None else Path(leaderboard_path)
    if path is not None:
        save_board(_joined(board, groups), path)
    return Percentages(board, groups, notes, path)


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
            one.n_missing += 1
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


def _name(one: Scored, scored: Sequence[Scored]) -> str:
    is_alone = sum(other.model == one.model for other in scored) == 1
    return one.model if is_alone else f"{one.model} / {one.reference}"


def _grouped(
    scored: Sequence[Scored], known: dict[str, tuple[str, ...]], place: int
) -> dict[str, tuple[Scored, dict[str, list[tuple[float, float]]]]]:
    parts: dict[str, tuple[Scored, dict[str, list[tuple[float, float]]]]] = {}
    for one in scored:
        for question, scores in one.scores.items():
            if question not in known:
                raise UsageError(f"--questions: there is no question {question!r}, which a review is about.")
            name = (
                f"{_name(one, scored)}: {known[question][place]}"
                if len(scored) > 1
                else known[question][place]
            )
            parts.setdefault(name, (Scored(one.model, one.reference), {}))[1][question] = scores
    return parts


def _board(parts: dict[str, tuple[Scored, dict[str, list[tuple[float, float]]]]]) -> Board:
    rows = {name: _row(one, scores) for name, (one, scores) in parts.items() if scores}
    return Board(rows, COLUMNS).sorted_by("percent")


def _row(one: Scored, scores: dict[str, list[tuple[float, float]]]) -> dict[str, Cell]:
    """Return Σ model / Σ reference with its interval: a ratio of sums over questions, Student's t."""
    sums = np.array([[sum(column) for column in zip(*reviews, strict=True)] for reviews in scores.values()])
    ours, theirs = sums[:, 0], sums[:, 1]
    row: dict[str, Cell] = {
        "percent": None,
        "sum_model": float(ours.sum()),
        "sum_reference": float(theirs.sum()),
        "n_total": sum(len(reviews) for reviews in scores.values()),
        "n_missing": one.n_missing,
        "reference": one.reference,
    }
    if theirs.sum() > 0:
        observed = Observations(ours, theirs)
        row["percent"] = 100 * float(observed.mean)
        if observed.n > 1:
            half = 100 * student_quantile(observed.n - 1, 0.95) * float(observed.standard_error)
            row |= {
                "low": max(100 * float(observed.mean) - half, 0.0),
                "high": 100 * float(observed.mean) + half,
            }
    return row


def _joined(board: Board, groups: dict[str, Board]) -> Board:
    """Put the rows of groups below the models', with the column and value that each is of."""
    rows = dict(board.rows)
    for column, part in groups.items():
        rows |= {f"{column}: {name}": row for name, row in part.rows.items()}
    return Board(rows, COLUMNS)
