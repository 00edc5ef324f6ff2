"""Presets: the defaults of AlpacaEval's two versions, and which one a run takes."""

import ast
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from autoeval.annotators.loading import load_annotator
from autoeval.completions.lifetimes import is_gone, today
from autoeval.data.eval_sets import EVAL_SETS, EvalSet
from autoeval.errors import UsageError, nearest
from autoeval.prompting.alpaca_eval.folders import CONFIG_NAME, installed

PRESETS: Mapping[str, EvalSet] = {name: one for name, one in EVAL_SETS.items() if one.reference}
"""The eval sets of pairs, which `--preset` names."""


def find_preset(name: str | None) -> EvalSet:
    """Return a preset by name; None takes AlpacaEval's variable IS_ALPACA_EVAL_2 where set, else version 1.

    Raises:
        UsageError: there is none of that name, or the variable is no truth value.
    """
    name = name or _from_environment()
    if name not in PRESETS:
        raise UsageError(f"--preset: there is no preset {name!r}. {nearest(name, PRESETS)}")
    return PRESETS[name]


def default_annotator(preset: EvalSet, config_dirs: Sequence[Path] = ()) -> str:
    """Return the judge of a preset: ours, unless AlpacaEval's is meant and can be asked.

    AlpacaEval's is meant where its config is in a folder that the user has named, whatever became of its model; where
    its package is merely installed, it is taken only while its model is served.

    Args:
        preset: the preset.
        config_dirs: folders of annotators that the user has named.
    """
    if any((folder / preset.board / CONFIG_NAME).is_file() for folder in config_dirs):
        return preset.board
    theirs = installed("evaluators_configs")
    if theirs is None or not (theirs / preset.board / CONFIG_NAME).is_file():
        return preset.annotator
    judges = load_annotator(preset.board, config_dirs=[theirs]).judges
    can_be_asked = not any(is_gone(judge.endpoint, judge.model, today()) for judge in judges)
    return preset.board if can_be_asked else preset.annotator


def _from_environment() -> str:
    value = os.environ.get("IS_ALPACA_EVAL_2", "False")
    try:
        return "alpaca_eval_2" if ast.literal_eval(value) else "alpaca_eval_1"
    except (ValueError, SyntaxError):
        raise UsageError(f"the variable IS_ALPACA_EVAL_2 must be True or False, not {value!r}.") from None
