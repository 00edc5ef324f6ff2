"""The AlpacaEval eval set, its references and its human votes, from the Hugging Face hub.

The dataset `tatsu-lab/alpaca_eval` is published with a loading script, which today's `datasets` refuses,
so its files are read by name.
"""

from pathlib import Path

from autoeval.data.hub import hub_file
from autoeval.errors import UsageError, nearest

_REFERENCES = {
    "text_davinci_003": "alpaca_eval.json",
    "gpt4_1106_preview": "alpaca_eval_gpt4_baseline.json",
}


def reference(name: str) -> Path:
    """Return the outputs of a reference model on the 805 instructions of AlpacaEval.

    Args:
        name: `text_davinci_003` (AlpacaEval 1) or `gpt4_1106_preview` (AlpacaEval 2).

    Raises:
        UsageError: there is no such reference, or it is not cached and cannot be downloaded.
    """
    if name not in _REFERENCES:
        raise UsageError(f"There is no reference {name!r}. {nearest(name, _REFERENCES)}")
    return hub_file(_REFERENCES[name])


def human_crossannotations() -> Path:
    """Return AlpacaFarm's human votes: a row a vote, four annotators a pair."""
    return hub_file("alpaca_farm_human_crossannotations.json", "--gold_crossannotations")


def human_annotations() -> Path:
    """Return AlpacaFarm's human votes on many models' outputs: a row a vote, one annotator a pair."""
    return hub_file("alpaca_farm_human_annotations.json", "--human_annotations")
