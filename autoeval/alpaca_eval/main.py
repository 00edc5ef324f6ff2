"""AlpacaEval's functions with its arguments, results and tables. `python -m` this module is the command."""

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import autoeval
from autoeval.alpaca_eval import metrics
from autoeval.alpaca_eval.annotators import PairwiseAnnotator
from autoeval.alpaca_eval.constants import (
    DEFAULT_ANNOTATOR_CONFIG,
    EVALUATORS_LEADERBOARD_COLS_TO_PRINT,
    IS_ALPACA_EVAL_2,
    PRESET,
)
from autoeval.alpaca_eval.utils import convert_to_dataframe, load_or_convert_to_dataframe, print_leaderboard
from autoeval.checks import check_choice
from autoeval.data.alpaca_eval import reference
from autoeval.errors import UsageError
from autoeval.journeys.parameters.output_paths import output_folder
from autoeval.leaderboards import boards
from autoeval.leaderboards.table import MODES
from autoeval.runs.saving import BOARD_NAME, save_rows

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["analyze_evaluators", "evaluate", "evaluate_from_model", "make_leaderboard"]

_METRIC = "get_length_controlled_winrate" if IS_ALPACA_EVAL_2 else "get_winrate"
_SAMPLE_SEED = 123
"""With which 0.6.6 shuffles outputs before it takes the first `max_instances` of them."""


def evaluate(
    model_outputs: Any = None,
    reference_outputs: Any = None,
    annotators_config: str | Path = DEFAULT_ANNOTATOR_CONFIG,
    name: str | None = None,
    output_path: str | Path | None = "auto",
    precomputed_leaderboard: str | Path | None = "auto",
    is_overwrite_leaderboard: bool = False,
    leaderboard_mode_to_print: Any = "minimal",
    current_leaderboard_mode: str = "community",
    is_return_instead_of_print: bool = False,
    fn_metric: str | Callable[..., Mapping[str, Any]] = _METRIC,
    metric_kwargs: Mapping[str, Any] | None = None,
    is_recompute_metrics_only: bool = False,
    sort_by: str = PRESET.sort_by,
    is_cache_leaderboard: bool | None = None,
    max_instances: int | None = None,
    annotation_kwargs: Mapping[str, Any] | None = None,
    Annotator: Callable[..., Any] = PairwiseAnnotator,  # noqa: N803 - its name there
    **annotator_kwargs: Any,
) -> Any:
    """Evaluate a model's outputs, and print the leaderboard or return it with the annotations.

    Arguments mean what they mean for `autoeval.evaluate`. `Annotator` makes the judge of annotators_config and
    annotator_kwargs; its annotate_head2head gets annotation_kwargs besides.

    Returns:
        None; with is_return_instead_of_print, the leaderboard as a DataFrame and the annotations as a list.

    Raises:
        UsageError: an argument or a file is wrong; nothing was spent.
        AutoevalError: not a single pair could be judged.
    """
    check_choice("current_leaderboard_mode", current_leaderboard_mode, MODES)
    board, path = boards.find_board(precomputed_leaderboard, annotators_config, PRESET)
    annotations, folder, source = None, None, model_outputs
    if model_outputs is not None:
        outputs = load_or_convert_to_dataframe(model_outputs)
        name = name or _generator(outputs)
        folder = output_folder(output_path, source, name, annotators_config)
        if name not in board.rows or is_overwrite_leaderboard or is_recompute_metrics_only:
            if is_recompute_metrics_only:
                annotations = _read_annotations(folder)
                row = dict(board.rows.get(name, {}))
            else:
                given = reference(PRESET.reference) if reference_outputs is None else reference_outputs
                pair = _sampled(outputs, load_or_convert_to_dataframe(given), max_instances)
                judge = Annotator(annotators_config=annotators_config, **annotator_kwargs)
                annotations = judge.annotate_head2head(
                    outputs_1=pair[1], outputs_2=pair[0], **(annotation_kwargs or {})
                )
                length = int(pair[0]["output"].str.len().mean())
                row = {"mode": current_leaderboard_mode, "avg_length": length}
            function = getattr(metrics, fn_metric, None) if isinstance(fn_metric, str) else fn_metric
            if function is None:
                check_choice("fn_metric", str(fn_metric), metrics.__all__)
            assert function is not None
            row |= {key: _cell(cell) for key, cell in function(annotations, **(metric_kwargs or {})).items()}
            board = board.with_row(name, row)
        else:
            logging.info(
                "%s is on the leaderboard already; is_overwrite_leaderboard evaluates it again.", name
            )
    board = board.sorted_by(sort_by)
    if folder is not None:
        boards.save_board(board, folder / BOARD_NAME)
        if annotations is not None:
            save_rows(convert_to_dataframe(annotations), folder / "annotations.json")
    is_kept = max_instances is None if is_cache_leaderboard is None else is_cache_leaderboard
    if is_kept and path is not None and boards.is_own(path):
        own = {name: board.rows[name]} if annotations is not None and name is not None else {}
        boards.update_board(path, lambda now: now.with_rows(own), {}, sort_by)
    table = board.to_pandas()
    if is_return_instead_of_print:
        return table, annotations
    columns = [sort_by, "win_rate", "standard_error", "n_total", "avg_length"]
    return print_leaderboard(table, leaderboard_mode_to_print, columns, name)


def evaluate_from_model(
    model_configs: Any,
    reference_model_configs: Any = None,
    evaluation_dataset: Any = None,
    annotators_config: str | Path = DEFAULT_ANNOTATOR_CONFIG,
    output_path: str | Path | None = "auto",
    is_return_instead_of_print: bool = False,
    leaderboard_mode_to_print: Any = "minimal",
    **kwargs: Any,
) -> Any:
    """Generate a model's outputs, evaluate them, and print the leaderboard or return it with the annotations.

    Arguments mean what they mean for `autoeval.evaluate_from_model`; see there for what it raises.
    """
    sort_by = kwargs.setdefault("sort_by", PRESET.sort_by)
    result = autoeval.evaluate_from_model(
        model_configs,
        reference_model_configs,
        evaluation_dataset,
        annotators_config,
        output_path,
        **{"preset": PRESET.name, **kwargs},
    )
    if is_return_instead_of_print:
        return result.leaderboard, result.records()
    columns = [sort_by, "win_rate", "standard_error", "n_total", "avg_length"]
    return print_leaderboard(result.leaderboard, leaderboard_mode_to_print, columns, result.shown_as)


def make_leaderboard(
    leaderboard_path: str | Path | None = None,
    annotators_config: str | Path = DEFAULT_ANNOTATOR_CONFIG,
    all_model_outputs: Any = None,
    reference_outputs: Any = None,
    is_return_instead_of_print: bool = False,
    **kwargs: Any,
) -> Any:
    """Judge many models, and print the leaderboard or return it with all annotations.

    Arguments mean what they mean for `autoeval.make_leaderboard`; see there for what it raises.
    """
    given = {"preset": PRESET.name, **kwargs, "is_return_instead_of_print": True}
    table, annotations = autoeval.make_leaderboard(
        leaderboard_path, annotators_config, all_model_outputs, reference_outputs, **given
    )
    if is_return_instead_of_print:
        return table, annotations
    return print_leaderboard(table, None, ["win_rate", "standard_error", "n_total"])


def analyze_evaluators(
    annotators_config: str | Path | None = DEFAULT_ANNOTATOR_CONFIG,
    is_return_instead_of_print: bool = False,
    leaderboard_mode_to_print: Any = "minimal",
    **kwargs: Any,
) -> Any:
    """Compare a judge with people, and print the evaluators' board or return it with the judge's annotations.

    Arguments mean what they mean for `autoeval.analyze_evaluators`; ties are broken as AlpacaEval breaks them.
    """
    given = {"compatible": True, **kwargs, "is_return_instead_of_print": True}
    table, annotations = autoeval.analyze_evaluators(annotators_config, **given)
    if is_return_instead_of_print:
        return table, annotations
    return print_leaderboard(table, leaderboard_mode_to_print, EVALUATORS_LEADERBOARD_COLS_TO_PRINT)


def _cell(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _generator(outputs: "pd.DataFrame") -> str:
    names = list(outputs["generator"].unique()) if "generator" in outputs else []
    return str(names[0]) if len(names) == 1 else "Current model"


def _sampled(
    outputs: "pd.DataFrame", others: "pd.DataFrame", n: int | None
) -> tuple["pd.DataFrame", "pd.DataFrame"]:
    """Return both models' outputs on as many instructions as are wanted."""
    if n is None:
        return outputs, others
    if len(outputs) == len(others):
        outputs, others = (table.sample(frac=1, random_state=_SAMPLE_SEED) for table in (outputs, others))
    return outputs.head(n), others.head(n)


def _read_annotations(folder: Path | None) -> "pd.DataFrame":
    path = folder / "annotations.json" if folder else None
    if path is None or not path.is_file():
        raise UsageError(f"is_recompute_metrics_only: there is no {path or 'annotations.json'}.")
    return load_or_convert_to_dataframe(path)


def main() -> None:
    """Run the command line with AlpacaEval's defaults: version 2, unless IS_ALPACA_EVAL_2 says otherwise."""
    os.environ.setdefault("IS_ALPACA_EVAL_2", "True")
    from autoeval.cli import main as run

    run()


if __name__ == "__main__":
    main()
