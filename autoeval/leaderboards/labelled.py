"""The columns that a board of evaluators has of judges on labelled sets, and reading a board that has either kind."""

from dataclasses import replace
from pathlib import Path

from autoeval.errors import UsageError
from autoeval.leaderboards.table import EVALUATORS, Board, read_board
from autoeval.metrics.columns import Column, ColumnType

STATISTICS = ("accuracy", "accuracy_both", "agreement", "first_shown")
LABELLED: tuple[Column, ...] = (
    *(Column(f"{name}{end}", ColumnType.NUMBER) for name in STATISTICS for end in ("", "_low", "_high")),
    Column("n_total", ColumnType.COUNT),
    Column("n_missing", ColumnType.COUNT),
    Column("n_unparsed", ColumnType.COUNT),
    Column("price_per_1000_pairs", ColumnType.NUMBER),
    Column("labelled_set", ColumnType.TEXT),
)
"""What a row says of a judge, in percent with 95% intervals; then the same by section and subset."""


def read_evaluators(path: Path) -> Board:
    """Read a board of evaluators, on people's votes or on a labelled set.

    Raises:
        UsageError: it cannot be read, or is neither.
    """
    try:
        return read_board(path, EVALUATORS)
    except UsageError:
        try:
            found = read_board(path, LABELLED)
        except UsageError:
            found = None
        if found is None:
            raise
        return replace(found, known=(*EVALUATORS, *LABELLED))
