"""Boards of ratings from battles: a row a model, with its rating, its place, and how sure both are."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from autoeval.data.replacing import result_file
from autoeval.data.spreadsheet import as_cell
from autoeval.leaderboards.rating_columns import RATINGS
from autoeval.leaderboards.table import Board
from autoeval.metrics.battle_ratings import Ratings
from autoeval.metrics.columns import Cell
from autoeval.metrics.observations import Floats
from autoeval.metrics.strengths import Contests


def ratings_board(ratings: Ratings, contests: Contests) -> Board:
    """Make a board of ratings, the best first."""
    n, wins, ties = battle_counts(contests)
    errors = np.sqrt(np.diag(ratings.covariance))
    rows: dict[str, dict[str, Cell]] = {
        model: {
            "rating": float(ratings.ratings[i]),
            "standard_error": float(errors[i]),
            "low": float(ratings.low[i]),
            "high": float(ratings.high[i]),
            "rank": int(ratings.ranks.rank[i]),
            "rank_low": int(ratings.ranks.low[i]),
            "rank_high": int(ratings.ranks.high[i]),
            "n": int(n[i]),
            "n_wins": int(wins[i]),
            "n_ties": int(ties[i]),
            "n_losses": int(n[i] - wins[i] - ties[i]),
        }
        for i, model in enumerate(ratings.models)
    }
    return Board(rows, RATINGS).sorted_by("rating")


def battle_counts(contests: Contests) -> tuple[Floats, Floats, Floats]:
    """Count battles, wins (of more than half) and ties of each model; shape (m,) each."""
    first, second, wins, m = contests.first, contests.second, contests.wins, contests.m
    n = np.bincount(first, minlength=m) + np.bincount(second, minlength=m)
    won = np.bincount(first[wins > 0.5], minlength=m) + np.bincount(second[wins < 0.5], minlength=m)
    tied = np.bincount(first[wins == 0.5], minlength=m) + np.bincount(second[wins == 0.5], minlength=m)
    return n.astype(float), won.astype(float), tied.astype(float)


def save_differences(ratings: Ratings, path: Path) -> None:
    """Write who differs from whom: every two models with the better one's lead and its p-values.

    Raises:
        UsageError: the file cannot be written.
    """
    with result_file(path, "--differences_path: ") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["model", "against", "difference", "standard_error", "p", "p_holm"])
        writer.writerows(_differences(ratings))


def _differences(ratings: Ratings) -> Iterator[Sequence[object]]:
    better, worse, difference, errors = ratings.differences()
    p = _p_values(difference, errors)
    for i, j, *numbers in zip(better, worse, difference, errors, p, holm(p), strict=True):
        yield [as_cell(ratings.models[i]), as_cell(ratings.models[j]), *(float(number) for number in numbers)]


def n_different(ratings: Ratings, alpha: float = 0.05) -> tuple[int, int]:
    """Count the pairs of models that differ after Holm's adjustment, and all of them."""
    _, _, difference, errors = ratings.differences()
    adjusted = holm(_p_values(difference, errors))
    return int((adjusted < alpha).sum()), len(adjusted)


def _p_values(difference: Floats, errors: Floats) -> Floats:
    from scipy.special import ndtr

    z = np.divide(difference, errors, out=np.zeros_like(difference), where=errors > 0)
    return np.asarray(2 * ndtr(-np.abs(z)))


def holm(p: Floats) -> Floats:
    """Adjust p-values so that the chance of any false finding stays below the level (Holm 1979)."""
    order = np.argsort(p)
    raised = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(raised, 1)
    return adjusted
