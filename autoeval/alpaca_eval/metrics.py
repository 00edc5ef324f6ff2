"""The metrics that scripts take from alpaca_eval.metrics, computed by autoeval.metrics."""

import logging
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from autoeval.alpaca_eval.utils import convert_to_dataframe
from autoeval.analysis.tables import weights_of
from autoeval.checks import check_choice
from autoeval.errors import UsageError
from autoeval.metrics.win_rate import win_rate
from autoeval.runs.length import GLM_NAMES, LENGTH_CONTROL, check_length_control, control_length

__all__ = ["get_length_controlled_winrate", "get_winrate", "pairwise_to_winrate"]

_MISSING = -1
"""How AlpacaEval's files spell a missing preference."""
_FILE = "length_control_file"
_WITHOUT_FILE = (
    "length-controlled win rates come from difficulties that autoeval ships and are up to a point from AlpacaEval's: "
    f"its df_gamed.csv is not here and could not be had from the hub. With it, given as {_FILE}, they are the same."
)


def get_winrate(annotations: Any) -> dict[str, float]:
    """Return the win rate of annotations with its standard error and counts, in percent.

    Args:
        annotations: rows with a `preference`: 1 = the reference is better, 2 = the model is, 1.5 or 0 = tie; and
            with a `weight` where one counts more than once.
    """
    import pandas as pd

    rows = convert_to_dataframe(annotations)
    preferences = pd.to_numeric(rows["preference"]).replace(_MISSING, float("nan"))
    rate = win_rate(
        preferences.to_numpy(dtype=float, na_value=float("nan")), weights=weights_of(rows, "annotations")
    )
    return {
        "win_rate": rate.win_rate,
        "standard_error": rate.standard_error,
        "n_wins": rate.n_wins,
        "n_wins_base": rate.n_wins_base,
        "n_draws": rate.n_draws,
        "n_total": rate.n_total,
        "discrete_win_rate": rate.discrete_win_rate,
    }


def pairwise_to_winrate(preferences: Sequence[float]) -> dict[str, float]:
    """Return the win rate of preferences; see `get_winrate`."""
    return get_winrate([{"preference": preference} for preference in preferences])


def get_length_controlled_winrate(
    annotations: Any,
    glm_name: str = LENGTH_CONTROL,
    save_weights_dir: Any = "auto",
    baseline: str | None = None,
    is_add_glm_preference_inplace: bool = True,
    is_warn_extreme_changes: bool = True,
    glm_info: Mapping[str, Any] | None = None,
    length_control_file: str | Path | None = "auto",
) -> dict[str, float]:
    """Return the win rate of annotations, and what it would be if both outputs were equally long, in percent.

    `lc_standard_error` is AlpacaEval's; autoeval's own is larger (docs/from-alpaca-eval.md).

    Args:
        annotations: one model's rows with instruction, output_1, output_2 and preference.
        glm_name: length_controlled_v1, length_controlled_noreg or length_controlled_minimal.
        save_weights_dir: has no effect: no weights are kept.
        baseline: None; no other baseline can be predicted from kept weights.
        is_add_glm_preference_inplace: give a DataFrame the column `glm_preference`.
        is_warn_extreme_changes: log a warning where it is far from the raw win rate.
        glm_info: None; models of one's own are not fitted.
        length_control_file: AlpacaEval's `df_gamed.csv`, without which the result is not quite AlpacaEval's; `auto`
            takes it from the hub, where it can be had; None never does.

    Raises:
        UsageError: `baseline` or `glm_info` is given, there is no such model, or no such file where it needs one.
    """
    import pandas as pd

    from autoeval.metrics.length_control import LengthMethod

    if baseline is not None or glm_info is not None:
        raise UsageError("get_length_controlled_winrate: 'baseline' and 'glm_info' can only be None here.")
    if save_weights_dir not in ("auto", None):
        logging.warning("save_weights_dir has no effect: no weights are kept.")
    check_choice("glm_name", glm_name, GLM_NAMES)
    check_length_control(length_control_file, glm_name, _FILE)
    rows = convert_to_dataframe(annotations)
    rows["preference"] = pd.to_numeric(rows["preference"]).replace(_MISSING, float("nan"))
    found = control_length(
        [{str(key): cell for key, cell in row.items()} for row in rows.to_dict(orient="records")],
        length_control_file,
        glm_name=glm_name,
        role=_FILE,
    )
    if found.method is LengthMethod.SHIPPED and length_control_file is not None:
        _warn_once(_WITHOUT_FILE)
    if is_add_glm_preference_inplace and isinstance(annotations, pd.DataFrame):
        predicted = found.at_equal_length
        annotations["glm_preference"] = (
            np.full(len(rows), found.value / 100) if predicted is None else predicted
        )
    rate = get_winrate(rows)
    if is_warn_extreme_changes and abs(found.value - rate["win_rate"]) > 25:
        logging.warning(
            "the length-controlled win rate is %.1f%%, the raw one %.1f%%", found.value, rate["win_rate"]
        )
    return {
        **rate,
        "length_controlled_winrate": found.value,
        "lc_standard_error": found.alpaca_eval_standard_error,
    }


@cache
def _warn_once(message: str) -> None:
    logging.warning(message)
