"""Shares of a reference's score: Σ model / Σ reference with its interval, over questions or a group of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

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
Reviews = dict[str, list[tuple[float, float]]]
"""What a model and its reference got, a pair a review, by question."""


@dataclass
class Scored:
    """What a model and its reference got, and how many reviews of each question have no two scores."""

    model: str
    reference: str
    scores: Reviews = field(default_factory=dict)
    missing: Counter[str] = field(default_factory=Counter)


def board_of(scored: Sequence[Scored]) -> Board:
    """Return a row a model, the highest share first."""
    return _board({_name(one, scored): one for one in scored})


def boards_by(
    columns: Sequence[str], known: Mapping[str, tuple[str, ...]], scored: Sequence[Scored]
) -> dict[str, Board]:
    """Return a board for each column that groups questions, with a row a model and value.

    Args:
        columns: the columns.
        known: their values, by question.
        scored: what models got.

    Raises:
        KeyError: a question that was reviewed is not known.
    """
    return {column: _board(_grouped(scored, known, place)) for place, column in enumerate(columns)}


def joined(board: Board, groups: Mapping[str, Board]) -> Board:
    """Put the rows of groups below the models', with the column and value that each is of."""
    rows = dict(board.rows)
    for column, part in groups.items():
        rows |= {f"{column}: {name}": row for name, row in part.rows.items()}
    return Board(rows, COLUMNS)


def _name(one: Scored, scored: Sequence[Scored]) -> str:
    is_alone = sum(other.model == one.model for other in scored) == 1
    return one.model if is_alone else f"{one.model} / {one.reference}"


def _grouped(scored: Sequence[Scored], known: Mapping[str, tuple[str, ...]], place: int) -> dict[str, Scored]:
    parts: dict[str, Scored] = {}
    for one in scored:
        for question in (*one.scores, *one.missing.keys() - one.scores):
            group = known[question][place]
            name = f"{_name(one, scored)}: {group}" if len(scored) > 1 else group
            part = parts.setdefault(name, Scored(one.model, one.reference))
            part.scores |= {question: one.scores[question]} if question in one.scores else {}
            part.missing[question] = one.missing[question]
    return parts


def _board(parts: Mapping[str, Scored]) -> Board:
    rows = {name: _row(one) for name, one in parts.items() if one.scores}
    return Board(rows, COLUMNS).sorted_by("percent")


def _row(one: Scored) -> dict[str, Cell]:
    """Return Σ model / Σ reference with its interval: a ratio of sums over questions, Student's t."""
    sums = np.array(
        [[sum(column) for column in zip(*reviews, strict=True)] for reviews in one.scores.values()]
    )
    ours, theirs = sums[:, 0], sums[:, 1]
    row: dict[str, Cell] = {
        "percent": None,
        "sum_model": float(ours.sum()),
        "sum_reference": float(theirs.sum()),
        "n_total": sum(map(len, one.scores.values())),
        "n_missing": one.missing.total(),
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
