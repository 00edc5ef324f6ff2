"""How hard each instruction is for a model compared with the reference, and what else is known beforehand."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from autoeval.metrics.instructions import instruction_key
from autoeval.metrics.observations import Floats
from autoeval.resources import shipped


@dataclass(frozen=True, slots=True)
class LengthPrior:
    """What a length model's coefficients are pulled to, and how strongly.

    The order is length difference, difficulty, constant (see `LengthModel`).

    Attributes:
        center: the coefficients that are expected before any data.
        precision: 1/variance of each around its center.
    """

    center: tuple[float, float, float]
    precision: tuple[float, float, float]


@dataclass(frozen=True)
class Difficulties:
    """Instruction difficulties, on the logit scale: higher is easier for the model, 0 is average.

    Attributes:
        by_key: difficulty by `instruction_key`, in the order of the eval set.
        prior: for fitting a model given these difficulties.
        reference: generator of the outputs compared against, where known.
        annotator: the judge, where known.
    """

    by_key: Mapping[str, float]
    prior: LengthPrior
    reference: str | None = None
    annotator: str | None = None

    def of(self, instructions: Sequence[str]) -> Floats:
        """Return the difficulty of each instruction, given by its text; NaN where it is not known."""
        return self.of_keys([instruction_key(text) for text in instructions])

    def of_keys(self, keys: Sequence[str]) -> Floats:
        """Return the difficulty of each instruction, given by its key; NaN where it is not known."""
        return np.array([self.by_key.get(key, np.nan) for key in keys], dtype=float)


@cache
def shipped_difficulties() -> Difficulties:
    """Read the difficulties of AlpacaEval's 805 instructions that come with autoeval.

    They were estimated by `benchmarks/fit_difficulties.py` from recorded preferences of the AlpacaEval 2
    judge against its reference; the file holds hashes of instructions and figures, no text.
    """
    return read_difficulties(shipped("leaderboards") / "alpaca_eval_2" / "instruction_difficulties.csv")


def read_difficulties(path: Path) -> Difficulties:
    """Read a file of difficulties (instruction, difficulty) and the JSON file beside it with the prior."""
    with path.open(newline="", encoding="utf-8") as file:
        by_key = {row["instruction"]: float(row["difficulty"]) for row in csv.DictReader(file)}
    about = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    prior = LengthPrior(tuple(about["prior"]["center"]), tuple(about["prior"]["precision"]))
    return Difficulties(by_key, prior, about["reference"], about["annotator"])


def write_difficulties(path: Path, difficulties: Difficulties) -> None:
    """Write what `read_difficulties` reads, four decimals each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["instruction", "difficulty"])
        writer.writerows((key, f"{value:.4f}") for key, value in difficulties.by_key.items())
    about = {
        "annotator": difficulties.annotator,
        "reference": difficulties.reference,
        "prior": {
            "center": [round(x, 4) for x in difficulties.prior.center],
            "precision": [round(x, 4) for x in difficulties.prior.precision],
        },
    }
    path.with_suffix(".json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
