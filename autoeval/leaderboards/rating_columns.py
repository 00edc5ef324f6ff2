"""The columns of a board of ratings, apart from what makes one: a board is recognized without loading numpy."""

from collections.abc import Iterable

from autoeval.metrics.columns import Column, ColumnType

RATINGS = (
    *(Column(name, ColumnType.NUMBER, name) for name in ("rating", "standard_error", "low", "high")),
    *(Column(name, ColumnType.COUNT, name) for name in ("rank", "rank_low", "rank_high")),
    *(Column(name, ColumnType.COUNT, name) for name in ("n", "n_wins", "n_ties", "n_losses")),
)
"""What a row says: points, the 95% interval, the rank with its interval, and the model's battles."""


def is_ratings(header: Iterable[str]) -> bool:
    """Whether a CSV file with these columns is such a board."""
    return {"rating", "rank_low", "rank_high"} <= set(header)
