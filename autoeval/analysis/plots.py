"""Plots of what the analysis finds, written to files (needs the extra `report`)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autoeval.analysis.comparison import ModelComparisons, Test
from autoeval.analysis.subsampling import PValueByN
from autoeval.analysis.tables import require
from autoeval.data.replacing import result_bytes
from autoeval.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LEVELS = (0, 0.001, 0.01, 0.05, 0.1, 1)
_FORMATS = (".pdf", ".png", ".svg")
_INCHES_A_MODEL = 0.28


def plot_p_values(comparison: ModelComparisons, path: str | Path, column: Test = "p_t") -> Path:
    """Draw a heat map of p-values a subset, every pair of models once, the best models on top.

    Args:
        comparison: from `compare_models`.
        path: the file to write; .png, .svg or .pdf.
        column: which test.

    Raises:
        UsageError: a file format that cannot be written, or an unknown column.
    """
    import matplotlib as mpl
    from matplotlib.colors import BoundaryNorm

    subsets = comparison.subsets
    n_models = len(comparison.models)
    columns = min(3, len(subsets))
    rows = -(-len(subsets) // columns)
    side = _INCHES_A_MODEL * n_models + 1.5
    figure = _figure(path, side * columns + 1, side * rows)
    colours = mpl.colormaps["viridis_r"]
    norm = BoundaryNorm(_LEVELS, colours.N)
    axes = figure.subplots(rows, columns, squeeze=False)
    for place, axis in enumerate(axes.flat):
        if place >= len(subsets):
            axis.set_visible(False)
            continue
        square = comparison.matrix(subsets[place], column).to_numpy(dtype=float)
        below = np.where(np.tri(n_models, k=-1, dtype=bool), square, np.nan)
        image = axis.imshow(below, cmap=colours, norm=norm)
        n = comparison.table.loc[comparison.table["subset"] == subsets[place], "n"].max()
        axis.set_title(f"{subsets[place]} (n = {n})")
        axis.set_xticks(range(n_models), comparison.models, rotation=90, fontsize=7)
        axis.set_yticks(range(n_models), comparison.models, fontsize=7)
    figure.colorbar(image, ax=axes, label=f"{column} (paired, unadjusted)", shrink=0.6)
    return _save(figure, path)


def plot_p_by_n(curve: PValueByN, path: str | Path) -> Path:
    """Draw how p-values fall, and how many differences are seen, as instructions are added.

    Args:
        curve: from `p_value_by_n`.
        path: the file to write; .png, .svg or .pdf.

    Raises:
        UsageError: a file format that cannot be written.
    """
    figure = _figure(path, 10, 4)
    p_axis, seen_axis = figure.subplots(1, 2)
    for column, label in (
        ("mean", "mean"),
        ("median", "median"),
        ("quantile_90", "90% quantile"),
        ("max", "largest"),
    ):
        p_axis.plot(curve.table["n"], curve.table[column], label=label)
    p_axis.axhline(curve.alpha, color="black", linestyle="--", linewidth=1, label=f"α = {curve.alpha:g}")
    p_axis.set(xlabel="instructions", ylabel="p of paired t-tests over all pairs of models", ylim=(0, 1))
    p_axis.legend()
    seen_axis.plot(curve.table["n"], curve.table["share_significant"])
    seen_axis.set(xlabel="instructions", ylabel=f"pairs with p < {curve.alpha:g} (%)", ylim=(0, 100))
    return _save(figure, path)


def plot_price_against_agreement(board: pd.DataFrame, path: str | Path) -> Path:
    """Draw each judge's agreement with people against its price.

    Args:
        board: the evaluators' board: index = judge, columns `Price [$/1000 examples]`, `Human agreement` and,
            for error bars, `Human agreement SE`. Judges without a price are left out.
        path: the file to write; .png, .svg or .pdf.

    Raises:
        UsageError: a missing column, no judge with a price, or a file format that cannot be written.
    """
    price, agreement = "Price [$/1000 examples]", "Human agreement"
    figure = _figure(path, 9, 6.5)
    axis = figure.subplots()
    _labelled_points(axis, board, price, agreement, "Human agreement SE")
    # Linear near 0, because some judges cost nothing.
    axis.set_xscale("symlog", linthresh=0.1)
    axis.set_xlim(left=0)
    axis.set(xlabel="price of 1000 examples ($)", ylabel="agreement with people (%)")
    return _save(figure, path)


def plot_length_against_win_rate(board: pd.DataFrame, path: str | Path) -> Path:
    """Draw each model's win rate against the mean length of its outputs.

    Args:
        board: a leaderboard: index = model, columns `avg_length`, `win_rate` and, for error bars,
            `standard_error`. Models without a length are left out.
        path: the file to write; .png, .svg or .pdf.

    Raises:
        UsageError: a missing column, no model with a length, or a file format that cannot be written.
    """
    figure = _figure(path, 9, 6.5)
    axis = figure.subplots()
    _labelled_points(axis, board, "avg_length", "win_rate", "standard_error")
    axis.set(xlabel="mean length of outputs (characters)", ylabel="win rate (%)")
    return _save(figure, path)


def _labelled_points(axis: Axes, board: pd.DataFrame, x: str, y: str, error: str) -> None:
    """Draw a point with its name for each row that has both coordinates; bars of two standard errors."""
    points = require(board, "the board", (x, y)).dropna(subset=[x, y])
    require(points, f"the board's rows with {x!r}", (x, y))
    bars: Any = 2 * points[error].fillna(0) if error in points.columns else None
    axis.errorbar(points[x], points[y], yerr=bars, fmt="o", capsize=2, elinewidth=1, markersize=4)
    for name, across, up in zip(points.index, points[x], points[y], strict=True):
        axis.annotate(str(name), (across, up), xytext=(4, 4), textcoords="offset points", fontsize=7)


def _figure(path: str | Path, width: float, height: float) -> Figure:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("plotting", "report") from None
    suffix = Path(path).suffix.lower()
    if suffix not in _FORMATS:
        raise UsageError(f"cannot draw into {str(path)!r}: the name must end in one of {', '.join(_FORMATS)}")
    return Figure(figsize=(width, height), layout="constrained")


def _save(figure: Figure, path: str | Path) -> Path:
    where = Path(path)
    with result_bytes(where) as file:
        figure.savefig(file, dpi=150, format=where.suffix.lower().removeprefix("."))
    return where
