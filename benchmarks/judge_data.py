"""Recorded preferences for fitting and measuring the embedded judge, and the split between the two.

Two things are held out, and only pairs that are new in both are reported: 40% of the instructions, drawn by
a hash of their text (one draw for all sources, since the human votes are on instructions of AlpacaEval), and
every other model in alphabetical order. No human vote is fitted on, so all five models of the human votes are
new; those on the fitting side's instructions only helped to choose the features.

`NullModel` is left out of both sides: it is one constant text built to deceive GPT-4, so agreeing with GPT-4
on it is no merit.
"""

import gzip
import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HELD_OUT_SHARE = 0.4
GPT4_SOURCES = ("alpaca_eval_1", "alpaca_eval_2")
HUMAN_SOURCE = "human"


@dataclass(frozen=True, slots=True)
class Judged:
    """One pair with the preference that was recorded for it: in [1, 2], 1.5 = tie."""

    source: str
    model: str
    instruction: str
    output_1: str
    output_2: str
    preference: float


def recorded_data() -> Path:
    """Return the recorded data: AUTOEVAL_RECORDED_DATA, or `../shared/data` beside the repository."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    return Path(os.environ.get("AUTOEVAL_RECORDED_DATA", beside))


def gpt4_preferences(source: str) -> Iterator[Judged]:
    """Yield GPT-4's recorded preferences of `alpaca_eval_1` or `alpaca_eval_2`."""
    for folder in sorted(path.parent for path in (recorded_data() / source).glob("*/annotations.json.gz")):
        if folder.name == "NullModel":
            continue
        for row in _read(folder / "annotations.json.gz"):
            if row["preference"] is not None:
                preference = float(row["preference"] or 1.5)  # 0 is an old spelling of a tie
                yield Judged(
                    source, folder.name, row["instruction"], row["output_1"], row["output_2"], preference
                )


def human_majorities() -> Iterator[Judged]:
    """Yield the pairs of PandaLM's test set with the preference that at least two of three people share."""
    votes: dict[tuple[str, str, str, str], Counter[float]] = {}
    for row in _read(recorded_data() / "human" / "pandalm_crossannotations.json.gz"):
        models = f"{row['generator_1']} v {row['generator_2']}"
        pair = (models, row["instruction"], row["output_1"], row["output_2"])
        votes.setdefault(pair, Counter())[float(row["preference"])] += 1
    for pair, counts in votes.items():
        preference, count = counts.most_common(1)[0]
        if count >= 2:
            yield Judged(HUMAN_SOURCE, *pair, preference)


def is_held_out_instruction(instruction: str) -> bool:
    """Draw by a hash of the text, so that the same instruction is on the same side in every source."""
    text = "instruction:" + " ".join(instruction.lower().split())
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) / 2**32 < HELD_OUT_SHARE


def held_out_models() -> frozenset[str]:
    """Return every other model, in alphabetical order, of all that GPT-4 judged."""
    folders = (
        path.parent.name for s in GPT4_SOURCES for path in (recorded_data() / s).glob("*/annotations.json.gz")
    )
    return frozenset(sorted(set(folders), key=str.lower)[1::2])


def fitting_pairs() -> list[Judged]:
    """Return GPT-4's preferences on the instructions and models to fit on."""
    held_out = held_out_models()
    return [
        pair
        for source in GPT4_SOURCES
        for pair in gpt4_preferences(source)
        if pair.model not in held_out and not is_held_out_instruction(pair.instruction)
    ]


def held_out_pairs(source: str) -> list[Judged]:
    """Return the pairs of one source that are new in instruction and in model, without recorded ties."""
    held_out = held_out_models()
    is_human = source == HUMAN_SOURCE
    pairs = human_majorities() if is_human else (p for p in gpt4_preferences(source) if p.model in held_out)
    return [pair for pair in pairs if pair.preference != 1.5 and is_held_out_instruction(pair.instruction)]


def _read(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows: list[dict[str, Any]] = json.load(file)
    return rows
