"""Names, folders and data sources that scripts take from alpaca_eval.constants."""

import ast
import os
from functools import partial
from pathlib import Path
from typing import Any

from autoeval.data.alpaca_eval import human_annotations, human_crossannotations, reference
from autoeval.errors import MissingExtraError
from autoeval.leaderboards.presets import PRESETS
from autoeval.leaderboards.printed import EVALUATORS_COLUMNS
from autoeval.leaderboards.table import EVALUATOR_COLUMNS, MODES
from autoeval.prompting.alpaca_eval.folders import installed
from autoeval.resources import shipped

IS_ALPACA_EVAL_2 = bool(ast.literal_eval(os.environ.get("IS_ALPACA_EVAL_2", "True")))
"""Whether defaults are those of AlpacaEval 2; as there, so unless the variable says otherwise."""

PRESET = PRESETS["alpaca_eval_2" if IS_ALPACA_EVAL_2 else "alpaca_eval_1"]
"""Those defaults."""

ANNOTATOR_CONFIG_AE1 = PRESETS["alpaca_eval_1"].board
ANNOTATOR_CONFIG_AE2 = PRESETS["alpaca_eval_2"].board
DEFAULT_ANNOTATOR_CONFIG = PRESET.board

EVALUATORS_CONFIG_DIR = installed("evaluators_configs") or shipped("annotator_configs")
"""The judges of alpaca_eval where it is installed, else ours."""
MODELS_CONFIG_DIR = installed("models_configs") or shipped("model_configs")

ORDERED_LEADERBOARD_MODES = list(MODES)
EVALUATORS_LEADERBOARD_COLS_TO_PRIORITIZE = list(EVALUATOR_COLUMNS[:10])
EVALUATORS_LEADERBOARD_COLS_TO_PRINT = list(EVALUATORS_COLUMNS)


def _boards(theirs: str, ours: str) -> Path:
    folder = installed("leaderboards")
    return folder / theirs if folder else shipped("leaderboards") / ours


ALPACAEVAL_1_LEADERBOARD_PATHS = _boards("data_AlpacaEval", "alpaca_eval_1")
ALPACAEVAL_2_LEADERBOARD_PATHS = _boards("data_AlpacaEval_2", "alpaca_eval_2")
ALPACAEVAL_LEADERBOARD_PATHS = (
    ALPACAEVAL_2_LEADERBOARD_PATHS if IS_ALPACA_EVAL_2 else ALPACAEVAL_1_LEADERBOARD_PATHS
)


def get_alpaca_eval_data(dataset: str = "alpaca_eval_gpt4_baseline") -> Any:
    """Return the eval set with the outputs of a reference, from the hub, as a `datasets.Dataset`.

    Args:
        dataset: `alpaca_eval_gpt4_baseline` (GPT-4 Turbo) or `alpaca_eval` (Davinci 003).

    Raises:
        MissingExtraError: the library `datasets` is not installed.
    """
    import pandas as pd

    try:
        import datasets
    except ModuleNotFoundError:
        raise MissingExtraError("a `datasets.Dataset`", "datasets") from None

    names = {"alpaca_eval_gpt4_baseline": "gpt4_1106_preview", "alpaca_eval": "text_davinci_003"}
    return datasets.Dataset.from_pandas(pd.read_json(reference(names.get(dataset, dataset))))


ALPACAEVAL_REFERENCE_OUTPUTS_2 = get_alpaca_eval_data
ALPACAEVAL_REFERENCE_OUTPUTS_1 = partial(get_alpaca_eval_data, dataset="alpaca_eval")
ALPACAEVAL_REFERENCE_OUTPUTS = (
    ALPACAEVAL_REFERENCE_OUTPUTS_2 if IS_ALPACA_EVAL_2 else ALPACAEVAL_REFERENCE_OUTPUTS_1
)


def ALPACAFARM_GOLD_CROSSANNOTATIONS() -> Any:  # noqa: N802 - its name there
    """Return AlpacaFarm's human votes, four a pair, from the hub, as a DataFrame."""
    import pandas as pd

    return pd.read_json(human_crossannotations())


def ALPACAFARM_GOLD_ANNOTATIONS() -> Any:  # noqa: N802 - its name there
    """Return AlpacaFarm's human votes on many models' outputs, from the hub, as a DataFrame."""
    import pandas as pd

    return pd.read_json(human_annotations())
