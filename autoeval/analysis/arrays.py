"""Sums and means over groups of rows, without loops."""

import numpy as np

from autoeval.analysis.tables import Codes
from autoeval.metrics.observations import Floats


def totals_by(clusters: Codes, rows: Floats) -> Floats:
    """Add up the rows of each cluster that occurs; shapes (n,) and (n, k) to (G, k)."""
    _, codes = np.unique(clusters, return_inverse=True)
    totals = np.zeros((int(codes.max(initial=-1)) + 1, rows.shape[1]))
    np.add.at(totals, codes, rows)
    return totals


def means_by(cells: Codes, values: Floats, n_cells: int) -> Floats:
    """Average the values in each cell, NaN left out; NaN for an empty cell; shape (n,) to (n_cells,)."""
    present = ~np.isnan(values)
    counts = np.bincount(cells[present], minlength=n_cells)
    sums = np.bincount(cells[present], weights=values[present], minlength=n_cells)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def row_means(values: Floats) -> Floats:
    """Average each row, NaN left out; NaN for a row without a value; shape (n, k) to (n,)."""
    present = ~np.isnan(values)
    counts = present.sum(axis=1)
    return np.where(counts > 0, np.where(present, values, 0).sum(axis=1) / np.maximum(counts, 1), np.nan)
