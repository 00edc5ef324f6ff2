"""The columns that a board of evaluators has of judges on labelled sets, and reading a board that has either kind."""

from dataclasses import replace
from pathlib import Path

from autoeval.errors import UsageError
from autoeval.leaderboards.table import EVALUATOR_COLUMNS, Board, read_board

STATISTICS = ("accuracy", "accuracy_both", "agreement", "first_shown")
LABELLED_COLUMNS = (
    *(f"{name}{end}" for name in STATISTICS for end in ("", "_low", "_high")),
    "n_total",
    "n_missing",
    "n_unparsed",
    "price_per_1000_pairs",
    "labelled_set",
)
"""What a row says of a judge, in percent with 95% intervals; then the same by section and subset."""


def read_evaluators(path: Path) -> Board:
    """Read a board of evaluators, on people's votes or on a labelled set.

    Raises:
        UsageError: it cannot be read, or is neither.
    """
    try:
        return read_board(path, EVALUATOR_COLUMNS)
    except UsageError:
        try:
            found = read_board(path, LABELLED_COLUMNS)
        except UsageError:
            found = None
        if found is None:
            raise
        return replace(found, known_columns=(*EVALUATOR_COLUMNS, *LABELLED_COLUMNS))
