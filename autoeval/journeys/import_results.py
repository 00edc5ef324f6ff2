"""Other harnesses' results beside win rates: what lm-evaluation-harness and Inspect measured, and our own checks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autoeval.checks import require_source
from autoeval.data.loading import expand
from autoeval.data.other_results import HarnessResult, Metric, read_result
from autoeval.errors import UsageError, nearest
from autoeval.leaderboards.boards import update_board
from autoeval.leaderboards.columns import all_columns, names_of
from autoeval.leaderboards.table import Board, read_board
from autoeval.metrics.columns import Cell
from autoeval.runs.annotation_table import NAMES, with_files
from autoeval.runs.measured import Measured, measure
from autoeval.runs.quantities import Quantity
from autoeval.version import __version__

FROM = "results_from"
"""The column that says who measured."""
_ORDERS = ("win_rate", "length_controlled_winrate")


@dataclass(frozen=True)
class ImportedResults:
    """Results, a file each, and the board that they joined; None for none."""

    results: Sequence[HarnessResult]
    board: Board | None
    path: Path | None


def import_results(
    results: Any = None,
    *,
    leaderboard_path: str | Path | None = None,
    name: str | None = None,
) -> ImportedResults:
    """Read results of lm-evaluation-harness and of Inspect, and of check and refusal, and put them beside win rates.

    Args:
        results: The files: results_*.json of lm-evaluation-harness, .json or .eval logs of Inspect, folders of runs of
            check or refusal; one, several, or a glob.
        leaderboard_path: A board whose rows they join by the model's name. Default: they are only shown.
        name: What the model is called on the board. Default: as the file calls it.

    Returns:
        The results, and the board with their columns.

    Raises:
        UsageError: a file is of no known harness, or the board has no such model.
    """
    require_source(results, "results", "name the files of another harness")
    read = [_read(path) for path in expand(with_files(results), "results") if isinstance(path, Path)]
    if leaderboard_path is None:
        return ImportedResults(read, None, None)
    path = Path(leaderboard_path)
    if not path.is_file():
        raise UsageError(f"--leaderboard_path: there is no board {str(path)!r} for the results to join.")
    board = update_board(path, lambda now: _joined(now, read, name), {}, _order(read_board(path)))
    return ImportedResults(read, board, path)


def _order(board: Board) -> str:
    """Return the column that a board is sorted by, as far as its rows tell."""
    return next((one for one in _ORDERS if list(board.rows) == list(board.sorted_by(one).rows)), _ORDERS[0])


def _read(path: Path) -> HarnessResult:
    if path.name in NAMES:
        return _of_run(measure(path))
    return read_result(path)


def _of_run(run: Measured) -> HarnessResult:
    """Return a run of check or refusal as other harnesses' results are: its quantities, in percent."""
    metrics = []
    for quantity, observed in run.quantities.items():
        if isinstance(observed, Quantity):
            estimate = observed.estimate()
            error = None if estimate.standard_error != estimate.standard_error else estimate.standard_error
            metrics.append(Metric(f"{run.annotator} {quantity}", estimate.value, error, estimate.n))
    return HarnessResult(run.path, run.model, "autoeval", __version__, tuple(metrics))


def _joined(board: Board, results: Sequence[HarnessResult], name: str | None) -> Board:
    rows: dict[str, Mapping[str, Cell]] = dict(board.rows)
    for result in results:
        model = name or result.model
        if model not in rows:
            raise UsageError(
                f"{result.path} is of {model!r}, which the board does not have. {nearest(model, rows)} "
                "Say which with --name."
            )
        rows[model] = {**rows[model], **_cells(result, rows[model])}
    return Board(rows, board.known, board.order)


def _cells(result: HarnessResult, row: Mapping[str, Cell]) -> dict[str, Cell]:
    source = f"{result.harness} {result.version}"
    sources = [one for one in str(row.get(FROM) or "").split("; ") if one and one != source]
    cells: dict[str, Cell] = {}
    for metric in result.metrics:
        if metric.name in names_of(all_columns()):
            raise UsageError(f"{result.path}: the name {metric.name!r} is that of a column of ours.")
        cells |= {metric.name: metric.value, f"{metric.name} SE": metric.standard_error}
    return {**cells, FROM: "; ".join([*sources, source])}
