"""The columns of Arena-Hard's boards. Needs no numpy, so that help is quick."""

from dataclasses import replace

from autoeval.leaderboards.columns import COLUMNS as WIN_RATE_COLUMNS
from autoeval.leaderboards.columns import names_of
from autoeval.leaderboards.tally import Tally
from autoeval.metrics.columns import Cell, Column, ColumnType

COLUMNS: tuple[Column, ...] = (
    Column("score", ColumnType.NUMBER, "score"),
    Column("standard_error", ColumnType.ERROR),
    Column("low", ColumnType.NUMBER),
    Column("high", ColumnType.NUMBER),
    Column("n_total", ColumnType.COUNT, "n"),
    Column("n_missing", ColumnType.COUNT, "missing"),
    *(
        Column(f"{name}{end}", ColumnType.COUNT if end == "_n" else ColumnType.NUMBER, "" if end else name)
        for name in ("hard_prompt", "creative_writing")
        for end in ("", "_low", "_high", "_n")
    ),
)
"""What a row says first; then each category's score, the baseline and the judge."""

ARENA_COLUMNS: tuple[Column, ...] = (
    *(replace(column, title="") if column.name == "win_rate" else column for column in WIN_RATE_COLUMNS),
    *(column for column in COLUMNS if column.name not in names_of(WIN_RATE_COLUMNS)),
    Column("same_language", ColumnType.PERCENT, "same language"),
)
"""What a row of a run says: what a row of win rates does, the same as `score`, and each category's score."""


def arena_cells(tally: Tally) -> dict[str, Cell]:
    """Return what a run's row says besides the win rate, which is the score: it too, and that of each category."""
    row: dict[str, Cell] = {"score": tally.win_rate().win_rate}
    for name, rate in tally.by_subset().items():
        ends = {f"{name}_low": rate.low, f"{name}_high": rate.high}
        row |= {name: rate.win_rate, **ends, f"{name}_n": rate.n_total}
    return row
