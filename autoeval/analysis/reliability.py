"""Do raters agree more than chance would have them: Krippendorff's alpha and Cohen's kappa."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from autoeval.analysis.arrays import totals_by
from autoeval.analysis.results import Statistic, from_resamples, resampled_totals
from autoeval.analysis.tables import matched_tables, vote_table
from autoeval.errors import UsageError
from autoeval.metrics.observations import Floats

if TYPE_CHECKING:
    import pandas as pd

Level: TypeAlias = Literal["interval", "nominal"]


def krippendorff_alpha(votes: pd.DataFrame, level: Level = "interval", seed: int = 0) -> Statistic:
    """Compute Krippendorff's alpha, the agreement of raters who are anonymous and differ from pair to pair.

    α = 1 − D_o / D_e, with D_o the mean squared difference between two votes on one pair and D_e between any
    two votes (Krippendorff, "Content Analysis", 2018, chapter 12). 1 is full agreement, 0 what chance gives.
    The interval is a percentile bootstrap over instructions.

    Args:
        votes: a row a vote; pairs with one vote only are left out.
        level: `interval`, the difference is (a − b)²; `nominal`, it is 1 where a and b differ.
        seed: of the bootstrap's draws.

    Returns:
        Alpha with n the number of pairs that have two votes; NaN where all votes are the same, so that
        there is nothing to agree on.

    Raises:
        UsageError: a column is missing, or a preference is not in [1, 2].
    """
    table = vote_table(votes)
    several = (~np.isnan(table.preferences)).sum(axis=1) > 1
    preferences, instructions = table.preferences[several], table.instructions[several]
    if not several.any():
        return Statistic(*(float("nan"),) * 4, n=0)
    present = ~np.isnan(preferences)
    points = _points(preferences, level)
    counts = present.sum(axis=1).astype(np.float64)
    sums = points.sum(axis=1)
    squares = (points**2).sum(axis=(1, 2))
    within = 2 * (counts * squares - (sums**2).sum(axis=1)) / (counts - 1)
    totals = totals_by(instructions, np.column_stack([within, counts, squares, sums]))
    value = float(_alpha(totals.sum(axis=0, keepdims=True))[0])
    return from_resamples(value, _alpha(resampled_totals(totals, seed)), len(counts))


def cohen_kappa(first: pd.DataFrame, second: pd.DataFrame, seed: int = 0) -> Statistic:
    """Compute Cohen's kappa between two named judges over win, tie and loss.

    κ = (p_o − p_e) / (1 − p_e), with p_o the share of pairs on which they give the same verdict and p_e the
    share if they gave theirs independently (Cohen 1960). The interval is a percentile bootstrap over
    instructions. For raters who rotate, use `krippendorff_alpha`.

    Args:
        first: one judge's annotations, one a pair.
        second: the other's.
        seed: of the bootstrap's draws.

    Returns:
        Kappa over the pairs that both judged; NaN where both always give one and the same verdict.

    Raises:
        UsageError: a missing column, a preference outside [1, 2], no pair in common, or several
            annotations of one pair in one table.
    """
    one, other = matched_tables(first, second)
    if max(one.n_votes, other.n_votes) > 1:
        raise UsageError(
            "Cohen's kappa compares two judges with one annotation a pair each; a table has several on one "
            "pair. Keep one annotator_index, or use krippendorff_alpha."
        )
    verdicts = np.sign(np.column_stack([one.preferences, other.preferences]) - 1.5)
    both = ~np.isnan(verdicts).any(axis=1)
    if not both.any():
        return Statistic(*(float("nan"),) * 4, n=0)
    cell = (3 * (verdicts[both, 0] + 1) + verdicts[both, 1] + 1).astype(np.int64)
    totals = totals_by(one.instructions[both], np.eye(9)[cell])
    value = float(_kappa(totals.sum(axis=0, keepdims=True))[0])
    return from_resamples(value, _kappa(resampled_totals(totals, seed)), int(both.sum()))


def _points(preferences: Floats, level: Level) -> Floats:
    """Place votes so that squared distances are the level's differences, missing at 0; shape (P, V, k)."""
    if level == "interval":
        return np.nan_to_num(preferences - 1.5)[:, :, None]
    values = np.unique(preferences[~np.isnan(preferences)])
    points: Floats = (preferences[:, :, None] == values) / np.sqrt(2)
    return points


def _alpha(totals: Floats) -> Floats:
    """Compute alpha from totals of (within, count, squares, sums...); shape (R, 3 + k) to (R,)."""
    within, count, squares, sums = totals[:, 0], totals[:, 1], totals[:, 2], totals[:, 3:]
    observed = within / count
    expected = 2 * (count * squares - (sums**2).sum(axis=1)) / (count * (count - 1))
    varied = expected > 1e-12
    return np.where(varied, 1 - observed / np.where(varied, expected, 1), np.nan)


def _kappa(cells: Floats) -> Floats:
    """Compute kappa from the 3 × 3 counts of verdicts; shape (R, 9) to (R,)."""
    table: Floats = cells.reshape(-1, 3, 3) / cells.sum(axis=1)[:, None, None]
    observed = np.trace(table, axis1=1, axis2=2)
    expected = (table.sum(axis=1) * table.sum(axis=2)).sum(axis=1)
    varied = expected < 1 - 1e-12
    return np.where(varied, (observed - expected) / np.where(varied, 1 - expected, 1), np.nan)
