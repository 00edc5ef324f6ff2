"""Presets: the defaults of AlpacaEval's two versions, and which one a run takes."""

import ast
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autoeval.annotators.loading import load_annotator
from autoeval.completions.lifetimes import is_gone, today
from autoeval.errors import UsageError, nearest
from autoeval.prompting.alpaca_eval.folders import CONFIG_NAME, installed


@dataclass(frozen=True)
class Preset:
    """Defaults that belong together: numbers made under one preset can be compared.

    `reference` names an eval set of the hub. `board` is AlpacaEval's judge, by which the shipped leaderboard of known
    models was made; `annotator` is ours of the same kind, which judges unless that one is named or can still be asked.
    """

    name: str
    reference: str
    annotator: str
    board: str
    sort_by: str
    is_length_controlled: bool

    def wants_length_control(self, sort_by: str | None) -> bool:
        """Whether a row has length-controlled columns, by default or because the board is sorted by them."""
        return self.is_length_controlled or sort_by == "length_controlled_winrate"


PRESETS = {
    "alpaca_eval_1": Preset(
        name="alpaca_eval_1",
        reference="text_davinci_003",
        annotator="gpt6_ranking",
        board="alpaca_eval_gpt4",
        sort_by="win_rate",
        is_length_controlled=False,
    ),
    "alpaca_eval_2": Preset(
        name="alpaca_eval_2",
        reference="gpt4_1106_preview",
        annotator="gpt6_logprob",
        board="weighted_alpaca_eval_gpt4_turbo",
        sort_by="length_controlled_winrate",
        is_length_controlled=True,
    ),
}


def find_preset(name: str | None) -> Preset:
    """Return a preset by name; None takes AlpacaEval's variable IS_ALPACA_EVAL_2 where set, else version 1.

    Raises:
        UsageError: there is none of that name, or the variable is no truth value.
    """
    name = name or _from_environment()
    if name not in PRESETS:
        raise UsageError(f"--preset: there is no preset {name!r}. {nearest(name, PRESETS)}")
    return PRESETS[name]


def default_annotator(preset: Preset, config_dirs: Sequence[Path] = ()) -> str:
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
