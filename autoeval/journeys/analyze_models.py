"""The journey that compares models: which differ, on which subsets, and how many instructions it takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from autoeval.analysis.comparison import TESTS, ModelComparisons, Test, compare_models
from autoeval.analysis.plots import (
    plot_length_against_win_rate,
    plot_p_by_n,
    plot_p_values,
    plot_price_against_agreement,
)
from autoeval.analysis.scores import COLUMNS as MODEL_COLUMNS
from autoeval.analysis.significance import ZeroMethod
from autoeval.analysis.subsampling import PValueByN, SubsetSeparation, p_value_by_n, subset_separation
from autoeval.analysis.tables import weights_of
from autoeval.checks import check_choice, check_number, require_source
from autoeval.completions.ask import Display
from autoeval.data.loading import read_rows
from autoeval.data.replacing import result_file
from autoeval.data.spreadsheet import as_cell
from autoeval.errors import MissingExtraError
from autoeval.leaderboards.table import EVALUATORS, Board, read_board
from autoeval.metrics.win_rate import win_rate
from autoeval.runs.annotation_table import annotation_table, with_files

if TYPE_CHECKING:
    import pandas as pd

ZERO_METHODS = ("wilcox", "pratt", "zsplit")
PLOT_FORMATS = ("png", "svg", "pdf")


@dataclass(frozen=True)
class ModelsAnalysis:
    """What is known of several models on the same instructions.

    Attributes:
        comparison: every pair of models, per subset and overall.
        separation: which subset tells models apart; None where there are fewer than two subsets.
        by_n: how p-values fall as instructions are added.
        board: win rate and mean length of each model, best first.
        paths: the files that were written.
    """

    comparison: ModelComparisons
    separation: SubsetSeparation | None
    by_n: PValueByN
    board: Board
    paths: tuple[Path, ...]


def analyze_models(
    annotations: Any = None,
    *,
    output_path: str | Path | None = "auto",
    adjusted_test: str = "p_t",
    zero_method: str = "wilcox",
    evaluators_leaderboard: str | Path | None = None,
    draws: int = 200,
    plots: bool = True,
    plot_format: str = "png",
    seed: int = 0,
    display: Display | None = None,  # noqa: ARG001 - every journey has one
) -> ModelsAnalysis:
    """Say which of several models differ, on which subsets, and how many instructions it takes to see it.

    Every pair of models is compared instruction by instruction, per subset and overall, with five tests; the
    p-values of the whole table are one family.

    Args:
        annotations: The annotations of the models against one reference: the runs' folders, files or globs
            (results/*/<judge>/annotations.json); in Python a list of these, or a DataFrame.
        output_path: Folder for the tables and plots. `auto`: results_models; None: write nothing.
        adjusted_test: The test whose p-values are adjusted: p_t, p_wilcoxon, p_mcnemar, p_mcnemar_mid or
            p_permutation.
        zero_method: What Wilcoxon's test does with equal scores: wilcox (drop), pratt or zsplit.
        evaluators_leaderboard: A board of analyze_evaluators, to draw price against agreement.
        draws: How many subsamples are drawn, 100 or more.
        plots: Draw the plots, which needs the extra `report`.
        plot_format: png, svg or pdf.
        seed: Of the subsamples and of the permutation test.
        display: Shows the progress (Python only).

    Returns:
        A ModelsAnalysis.

    Raises:
        UsageError: a file or a parameter is wrong, or there are fewer than two models.
        MissingExtraError: plots are wanted and cannot be drawn.
    """
    require_source(annotations, "--annotations", "name the annotations of two models or more")
    check_choice("adjusted_test", adjusted_test, TESTS)
    check_choice("zero_method", zero_method, ZERO_METHODS)
    check_choice("plot_format", plot_format, PLOT_FORMATS)
    check_number("draws", draws, 100, whole=True)
    check_number("seed", seed, 0, whole=True)
    folder = None if output_path is None else Path("results_models" if output_path == "auto" else output_path)
    draws_plots = plots and folder is not None
    if draws_plots and find_spec("matplotlib") is None:
        raise MissingExtraError("drawing plots (--noplots leaves them out)", "report")
    judges = None if evaluators_leaderboard is None else _evaluators(Path(evaluators_leaderboard))
    table = annotation_table(read_rows(with_files(annotations), "--annotations"), MODEL_COLUMNS)
    comparison = compare_models(table, cast("Test", adjusted_test), cast("ZeroMethod", zero_method), seed)
    separation = subset_separation(table, draws, seed=seed) if len(comparison.subsets) > 2 else None
    by_n = p_value_by_n(table, draws=draws, seed=seed)
    board = _board(table, comparison.models)
    paths: list[Path] = []
    if folder is not None:
        tables = {"comparisons": comparison.table, "p_by_n": by_n.table, "models": _indexed(board)}
        if separation is not None:
            tables["subsets"] = separation.table
        paths = [_save(each, folder / f"{name}.csv") for name, each in tables.items()]
    if draws_plots and folder is not None:
        paths.append(plot_p_values(comparison, folder / f"p_values.{plot_format}"))
        paths.append(plot_p_by_n(by_n, folder / f"p_by_n.{plot_format}"))
        if any(row["avg_length"] is not None for row in board.rows.values()):
            paths.append(
                plot_length_against_win_rate(board.to_pandas(), folder / f"length_win_rate.{plot_format}")
            )
        if judges is not None:
            paths.append(
                plot_price_against_agreement(judges.to_pandas(), folder / f"price_agreement.{plot_format}")
            )
    return ModelsAnalysis(comparison, separation, by_n, board, tuple(paths))


def _evaluators(path: Path) -> Board:
    return read_board(path, EVALUATORS)


def _board(annotations: "pd.DataFrame", models: Sequence[str]) -> Board:
    """Return win rate and mean length of each model, best first; an instruction is one observation."""
    import pandas as pd

    rows: dict[str, dict[str, str | int | float | None]] = {}
    for name in models:
        rows_of = annotations[annotations["generator_2"].astype(str) == name]
        rate = win_rate(
            pd.to_numeric(rows_of["preference"]).to_numpy(dtype=float, na_value=float("nan")),
            pd.factorize(rows_of["instruction"])[0] if rows_of["instruction"].duplicated().any() else None,
            weights_of(rows_of, "annotations"),
        )
        length = rows_of["output_2"].str.len().mean() if "output_2" in rows_of else float("nan")
        rows[name] = {
            "win_rate": rate.win_rate,
            "standard_error": rate.standard_error,
            "n_total": rate.n_total,
            "n_missing": rate.n_missing,
            "avg_length": None if pd.isna(length) else int(length),
            "low": rate.low,
            "high": rate.high,
        }
    return Board(rows)


def _indexed(board: Board) -> "pd.DataFrame":
    return board.to_pandas().rename_axis("model").reset_index()


def _as_cell(value: Any) -> Any:
    return as_cell(value) if isinstance(value, str) else value


def _save(table: "pd.DataFrame", path: Path) -> Path:
    with result_file(path) as file:
        table.map(_as_cell).to_csv(file, index=False)
    return path
