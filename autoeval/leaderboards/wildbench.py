"""Boards of WildBench's grades."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from autoeval.data.wildbench import MIDDLE, SCALE, STRETCH, WildBenchGrade
from autoeval.leaderboards.grades import ADJUSTED
from autoeval.leaderboards.table import Board
from autoeval.metrics.columns import Cell, Column, ColumnType
from autoeval.metrics.estimates import Adjustment
from autoeval.metrics.grades import mean_grade

COLUMNS: tuple[Column, ...] = (
    Column("score", ColumnType.NUMBER, "score"),
    Column("standard_error", ColumnType.ERROR, "SE"),
    Column("low", ColumnType.NUMBER),
    Column("high", ColumnType.NUMBER),
    *ADJUSTED,
    Column("n_total", ColumnType.COUNT, "n"),
    Column("n_missing", ColumnType.COUNT, "missing"),
)


def wildbench_board(grades: Iterable[WildBenchGrade]) -> Board:
    """Make a board, best first: the mean grade, and (mean − 5) · 2, which WildBench publishes as adjusted."""
    by_model: dict[str, list[WildBenchGrade]] = defaultdict(list)
    for grade in grades:
        by_model[grade.model].append(grade)
    rows: dict[str, Mapping[str, Cell]] = {model: _row(found) for model, found in by_model.items()}
    return Board(rows, COLUMNS).sorted_by("score")


def _row(grades: list[WildBenchGrade]) -> dict[str, Cell]:
    whole = mean_grade([grade.score for grade in grades], [grade.session_id for grade in grades], SCALE)
    return {
        "score": whole.mean,
        "standard_error": whole.standard_error,
        "low": whole.low,
        "high": whole.high,
        **Adjustment(MIDDLE, STRETCH).cells(whole),
        "n_total": whole.n,
        "n_missing": whole.n_missing,
    }
