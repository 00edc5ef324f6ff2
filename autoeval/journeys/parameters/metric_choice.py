"""AlpacaEval's `fn_metric`: which numbers a row has."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from autoeval.checks import check_choice
from autoeval.errors import UsageError, nearest
from autoeval.metrics.columns import Cell
from autoeval.runs.length import GLM_NAMES, LENGTH_CONTROL

_WIN_RATE, _LENGTH_CONTROLLED = "get_winrate", "get_length_controlled_winrate"
_WITHOUT_MEANING = {
    "save_weights_dir": "no weights are kept; a result is fitted anew from its annotations",
    "is_add_glm_preference_inplace": "annotations.json has no glm_preference",
    "is_warn_extreme_changes": "lc_method and the cautions say what to think of a figure",
}

MetricFunction = Callable[..., Mapping[str, Any]]


@dataclass(frozen=True)
class Metric:
    """The numbers of a row: always the win rate, and what is asked for besides."""

    is_length_controlled: bool
    function: MetricFunction | None = None
    kwargs: Mapping[str, Any] | None = None
    glm_name: str = LENGTH_CONTROL

    def columns(self, rows: list[dict[str, Any]]) -> dict[str, Cell]:
        """Return what a function of the user's makes of the annotations."""
        if self.function is None:
            return {}
        return {name: _plain(value) for name, value in self.function(rows, **(self.kwargs or {})).items()}


def find_metric(fn_metric: Any, metric_kwargs: Mapping[str, Any] | None, by_default: bool) -> Metric:
    """Return the metric that alpaca_eval's parameters name.

    Args:
        fn_metric: `get_winrate`, `get_length_controlled_winrate`, in Python also a function of the annotations; None
            for the default.
        metric_kwargs: its arguments.
        by_default: whether win rates are length-controlled by default.

    Raises:
        UsageError: there is no such metric, or it takes no such argument.
    """
    if callable(fn_metric):
        return Metric(by_default, fn_metric, metric_kwargs)
    known = {None: by_default, _WIN_RATE: False, "pairwise_to_winrate": False, _LENGTH_CONTROLLED: True}
    if fn_metric not in known:
        names = [name for name in known if name]
        raise UsageError(f"--fn_metric: there is no metric {fn_metric!r}. {nearest(str(fn_metric), names)}")
    kwargs = dict(metric_kwargs or {})
    glm_name = kwargs.pop("glm_name", LENGTH_CONTROL)
    check_choice("metric_kwargs glm_name", glm_name, GLM_NAMES)
    for name in kwargs:
        if name not in _WITHOUT_MEANING:
            known_names = ["glm_name", *_WITHOUT_MEANING]
            raise UsageError(f"--metric_kwargs: unknown argument {name!r}. {nearest(name, known_names)}")
        print(f"autoeval: {name} has no effect: {_WITHOUT_MEANING[name]}.", file=sys.stderr)  # noqa: T201
    return Metric(known[fn_metric], glm_name=glm_name)


def _plain(value: Any) -> Cell:
    """Turn a number of numpy's into one that every file format knows."""
    plain: Cell = value.item() if hasattr(value, "item") else value
    return plain
