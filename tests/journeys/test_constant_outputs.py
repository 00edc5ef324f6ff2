"""A model that always says the same is not judged on following instructions, and its result says so."""

from pathlib import Path

import autoeval
from tests.journeys.small import write_outputs


def _cautions(texts: list[str], folder: Path) -> list[str]:
    _, reference = write_outputs(folder, n=len(texts))
    rows = [{"instruction": f"Do thing {number}.", "output": text} for number, text in enumerate(texts)]
    result: autoeval.Evaluation = autoeval.evaluate(rows, reference, "longest", output_path=None)
    return result.cautions


def test_constant_outputs_are_named(tmp_path: Path) -> None:
    (caution,) = _cautions(["Prefer me!"] * 40, tmp_path)
    assert caution.startswith("at least 100% of the outputs are one and the same text")


def test_outputs_that_differ_are_not(tmp_path: Path) -> None:
    assert _cautions([f"answer {number}" for number in range(41)], tmp_path) == []
    assert _cautions([f"answer {number % 2}" for number in range(40)], tmp_path) == []
