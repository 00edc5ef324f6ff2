"""Sets of pairs with a right answer, which judge a judge: a file a format, and a line in `FORMATS`."""

from collections.abc import Mapping

from autoeval.data.labelled.base import Format, Labelled, LabelledPair, RecordedJudge, Verdicts
from autoeval.data.labelled.faireval import FAIREVAL
from autoeval.data.labelled.judgebench import JUDGEBENCH
from autoeval.data.labelled.llmbar import LLMBAR
from autoeval.data.labelled.pandalm import PANDALM
from autoeval.data.labelled.rewardbench import REWARDBENCH
from autoeval.data.labelled.table import CSV

FORMATS: Mapping[str, Format] = {
    "llmbar": LLMBAR,
    "rewardbench": REWARDBENCH,
    "judgebench": JUDGEBENCH,
    "pandalm": PANDALM,
    "faireval": FAIREVAL,
    "csv": CSV,
}

__all__ = ["FORMATS", "Format", "Labelled", "LabelledPair", "RecordedJudge", "Verdicts"]
