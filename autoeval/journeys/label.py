"""The journey to a number that people would agree with: label a few pairs, correct the judge's win rate."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autoeval.analysis.correction import METHODS, CorrectedWinRate, Method, correct_with_human_labels
from autoeval.analysis.labels import LabelSheet, draw_labels, read_labels
from autoeval.checks import check_number, require_source
from autoeval.completions.ask import Display
from autoeval.data.annotations import PAIR, of_one_model
from autoeval.data.loading import read_rows
from autoeval.errors import UsageError
from autoeval.runs.annotation_table import annotation_table, find_annotations


@dataclass(frozen=True)
class Corrected:
    """A run's win rate as people would have it.

    Attributes:
        run: the annotations.
        estimates: by method, the default first.
        refused: methods that cannot be used here, with the reason.
        n_empty: pairs of the sheet that were left empty.
    """

    run: Path
    estimates: Mapping[str, CorrectedWinRate]
    refused: Mapping[str, str]
    n_empty: int


def label(
    run: str | Path | None = None,
    labels: str | Path | None = None,
    n: int = 100,
    sheet: str | Path | None = None,
    seed: int = 0,
    display: Display | None = None,  # noqa: ARG001 - every journey has one
) -> LabelSheet | Corrected:
    """Draw pairs of a run for a person to label; with the labels, correct the run's win rate.

    The sheet is a CSV file without the judge's verdicts and the models' names; somebody fills the column `better`
    with a, b or tie.

    Args:
        run: The run: a folder of results, or its annotations.json.
        labels: A sheet that was filled in: correct the win rate with it. Default: draw a new sheet.
        n: How many pairs to draw. A larger sheet of the same seed holds the pairs of a smaller one.
        sheet: Where to write the sheet. Default: labels.csv in the run's folder.
        seed: Of the draw, and of the bootstrap.
        display: Shows the progress (Python only).

    Returns:
        The LabelSheet; with labels, the Corrected win rate.

    Raises:
        UsageError: a file or a label is wrong, the sheet exists, or there are too few labels.
    """
    path = find_annotations(require_source(run, "run", "name a folder of results"))
    check_number("n", n, 1, whole=True)
    check_number("seed", seed, 0, whole=True)
    annotations = annotation_table(of_one_model(read_rows(path, "run")), (*PAIR, "preference"))
    if labels is None:
        return draw_labels(annotations, sheet or path.parent / "labels.csv", n, seed)
    if sheet is not None:
        raise UsageError("--sheet says where to draw a new sheet, --labels reads one: give one of them.")
    filled = read_labels(labels, annotations)
    estimates: dict[str, CorrectedWinRate] = {}
    refused: dict[str, str] = {}
    for method in METHODS:
        try:
            estimates[method] = correct_with_human_labels(annotations, filled.table, _as(method), seed)
        except UsageError as error:
            if method == METHODS[0]:
                raise
            refused[method] = str(error)
    return Corrected(path, estimates, refused, filled.n_empty)


def _as(method: Any) -> Method:
    known: Method = method
    return known
