"""Recorded preferences of a folder of models, for the benchmarks of what a judgment saved costs.

A folder has `reference_outputs.json.gz` and for each model `annotations.json.gz`; where it has
`preferences_and_lengths.csv.gz`, that is read instead, as it has more models (without their texts).
"""

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np

from autoeval.metrics.instructions import instruction_key
from autoeval.metrics.observations import Floats
from autoeval.prediction.history import History, aligned
from autoeval.prediction.seen import Seen, TextReader, read_lengths

_LENGTHS = "preferences_and_lengths.csv.gz"


def load(folder: Path, *, only_lengths: bool = False) -> History:
    """Load what was recorded; see the module.

    Args:
        folder: the folder of models.
        only_lengths: read of the texts only how long they are.
    """
    reference = read_json(folder / "reference_outputs.json.gz")
    instructions = [str(row["instruction"]) for row in reference]
    if (folder / _LENGTHS).exists():
        return _load_lengths(folder / _LENGTHS, tuple(map(instruction_key, instructions)))
    reader = None if only_lengths else TextReader(instructions, [str(row["output"]) for row in reference])
    keys = tuple(map(instruction_key, instructions))
    place = {text: i for i, text in enumerate(instructions)}
    of_reference = np.array([len(row["output"]) for row in reference], dtype=np.float64)
    seen: dict[str, Seen] = {}
    shares: dict[str, Floats] = {}
    for path in sorted(folder.glob("*/annotations.json.gz")):
        outputs, judged = [""] * len(instructions), np.full(len(instructions), np.nan)
        for row in read_json(path):
            i = place.get(row["instruction"])
            if i is not None and row["preference"] is not None:
                outputs[i] = row["output_2"]
                judged[i] = float(row["preference"] or 1.5) - 1  # 0 is an old spelling of a tie
        lengths = np.array(list(map(len, outputs)), dtype=np.float64)
        name = path.parent.name
        seen[name] = reader.read(outputs) if reader else read_lengths(keys, of_reference, lengths)
        shares[name] = judged
    return aligned(seen, shares)


def load_both(recorded: Path, learned_from: Path) -> tuple[History, History]:
    """Load the models to try and those to learn from; where one has lengths alone, of the other no more is read."""
    only_lengths = any((folder / _LENGTHS).exists() for folder in (recorded, learned_from))
    first = load(recorded, only_lengths=only_lengths)
    same = recorded.resolve() == learned_from.resolve()
    return first, first if same else load(learned_from, only_lengths=only_lengths)


def _load_lengths(path: Path, keys: tuple[str, ...]) -> History:
    figures: dict[str, Floats] = {}
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            table = figures.setdefault(row["model"], np.full((len(keys), 3), np.nan))
            values = (row["preference"], row["len_reference"], row["len_output"])
            table[int(row["index"])] = [float(value or "nan") for value in values]
    seen, shares = {}, {}
    for name, table in sorted(figures.items()):
        present = np.flatnonzero(~np.isnan(table[:, 1:]).any(axis=1))
        seen[name] = read_lengths([keys[i] for i in present], table[present, 1], table[present, 2])
        shares[name] = table[present, 0] - 1
    return aligned(seen, shares)


def read_json(path: Path) -> list[dict[str, Any]]:
    """Read a compressed file of rows."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows: list[dict[str, Any]] = json.load(file)
    return rows
