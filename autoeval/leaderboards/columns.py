"""The columns of a board of win rates, in the order in which they are written."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from autoeval.leaderboards.tally import Tally
from autoeval.metrics.columns import Column, ColumnType
from autoeval.metrics.estimates import WinRate
from autoeval.plugins import plugins

PERCENT, ERROR, COUNT = ColumnType.PERCENT, ColumnType.ERROR, ColumnType.COUNT
NUMBER, TEXT = ColumnType.NUMBER, ColumnType.TEXT


@dataclass(frozen=True)
class Figures:
    """What a cell is computed from: the preferences of a run, and how many instructions have no output."""

    tally: Tally
    n_unpaired: int = 0

    @cached_property
    def rate(self) -> WinRate:
        """The win rate with its counts."""
        return self.tally.win_rate()


COLUMNS: tuple[Column, ...] = (
    Column("win_rate", PERCENT, "win rate", lambda found: found.rate.win_rate),
    Column("standard_error", ERROR, "SE", lambda found: found.rate.standard_error),
    Column("n_wins", COUNT, of=lambda found: found.rate.n_wins),
    Column("n_wins_base", COUNT, of=lambda found: found.rate.n_wins_base),
    Column("n_draws", COUNT, of=lambda found: found.rate.n_draws),
    Column("n_total", COUNT, "n", lambda found: found.rate.n_total),
    Column("n_missing", COUNT, "missing", lambda found: found.rate.n_missing + found.n_unpaired),
    Column("discrete_win_rate", PERCENT, of=lambda found: found.rate.discrete_win_rate),
    Column("mode", TEXT),
    Column("avg_length", COUNT, "length", lambda found: found.tally.avg_length),
    Column("length_controlled_winrate", PERCENT, "LC rate"),
    Column("lc_standard_error", ERROR),
    Column("lc_method", TEXT),
    Column("difficulty_free_lc_winrate", PERCENT),
    Column("low", PERCENT, of=lambda found: found.rate.low),
    Column("high", PERCENT, of=lambda found: found.rate.high),
    Column("flip_rate", PERCENT, of=lambda found: found.tally.flip_rate),
    Column("annotator", TEXT),
    Column("fingerprint", TEXT),
    Column("judge_models", TEXT),
    Column("reference", TEXT),
    Column("eval_set", TEXT),
    Column("bridged_from", TEXT),
    Column("bridged_win_rate", NUMBER),
    Column("n_paid", COUNT),
    Column("method", TEXT),
)
"""What a row of win rates says. A column that follows from preferences says how; the others the run tells."""


def all_columns() -> tuple[Column, ...]:
    """Return the columns of ours, and those that installed packages add."""
    return (*COLUMNS, *plugins("columns").values())


def names_of(columns: Iterable[Column]) -> tuple[str, ...]:
    """Return the names of columns in their order."""
    return tuple(column.name for column in columns)
