"""Presets: the defaults of AlpacaEval's two versions, and which one a run takes."""

import ast
import os
from dataclasses import dataclass

from autoeval.errors import UsageError, nearest


@dataclass(frozen=True)
class Preset:
    """Defaults that belong together: numbers made under one preset can be compared.

    `reference` names an eval set of the hub, `board` the judge of the shipped leaderboard of known models.
    """

    name: str
    reference: str
    annotator: str
    board: str
    sort_by: str
    is_length_controlled: bool


PRESETS = {
    "alpaca_eval_1": Preset(
        name="alpaca_eval_1",
        reference="text_davinci_003",
        annotator="gpt4_ranking",
        board="alpaca_eval_gpt4",
        sort_by="win_rate",
        is_length_controlled=False,
    ),
    "alpaca_eval_2": Preset(
        name="alpaca_eval_2",
        reference="gpt4_1106_preview",
        annotator="gpt4_logprob",
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


def _from_environment() -> str:
    value = os.environ.get("IS_ALPACA_EVAL_2", "False")
    try:
        return "alpaca_eval_2" if ast.literal_eval(value) else "alpaca_eval_1"
    except (ValueError, SyntaxError):
        raise UsageError(f"the variable IS_ALPACA_EVAL_2 must be True or False, not {value!r}.") from None
