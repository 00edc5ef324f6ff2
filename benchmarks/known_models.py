"""Make the shipped boards of known models from the recorded public preferences.

    python -m benchmarks.known_models            # AUTOEVAL_RECORDED_DATA says where the records lie

The boards hold figures computed here, none of the records' texts. The source of the preferences is the public
results of AlpacaEval (https://github.com/tatsu-lab/alpaca_eval, CC BY-NC 4.0).
"""

import argparse
import csv
import gzip
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from autoeval.data.eval_sets import EvalSet
from autoeval.data.pairing import load_pairs
from autoeval.data.replacing import replacing
from autoeval.leaderboards.boards import save_board
from autoeval.leaderboards.details import compute_details, details_path, write_details
from autoeval.leaderboards.preferences import Preference
from autoeval.leaderboards.presets import PRESETS
from autoeval.leaderboards.rows import Conditions, leaderboard_row
from autoeval.leaderboards.table import Board, read_board
from autoeval.leaderboards.tally import Tally
from autoeval.metrics.columns import Cell
from autoeval.metrics.instructions import instruction_key
from autoeval.resources import shipped
from autoeval.runs.length import length_controlled

SOURCE = (
    "preferences of the public results of AlpacaEval, https://github.com/tatsu-lab/alpaca_eval, CC BY-NC 4.0"
)
Preferences = Mapping[str, list[Preference]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=shipped("leaderboards"), help="folder of the boards")
    out = parser.parse_args().out
    data = Path(os.environ.get("AUTOEVAL_RECORDED_DATA", "../shared/data"))
    for preset, read in (("alpaca_eval_1", recorded_1), ("alpaca_eval_2", recorded_2)):
        path = out / preset / f"{PRESETS[preset].board}.csv"
        preferences = read(data / preset)
        board = make_board(data / preset, PRESETS[preset], preferences)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_board(board, path)
        with replacing(details_path(path)) as file:
            write_details(file, compute_details(preferences), SOURCE)
        print(f"{path}: {len(board.rows)} models")


def make_board(folder: Path, preset: EvalSet, preferences: Preferences) -> Board:
    """Compute the board of one judge. The modes are those of the published rows."""
    published = read_board(folder / "published_leaderboard.csv")
    conditions = Conditions(preset.board, "", "", preset.reference, eval_set_hash(folder))
    rows: dict[str, dict[str, Cell]] = {}
    for model, recorded in preferences.items():
        mode = str(published.rows[model]["mode"])
        tally = Tally.of(recorded)
        rows[model] = leaderboard_row(tally, 0, conditions, mode)
        if preset.is_length_controlled:
            rows[model] |= length_controlled(model, rows[model], tally)
    return Board(rows).sorted_by(preset.sort_by)


def recorded_1(folder: Path) -> Preferences:
    """Read the recorded annotations of AlpacaEval 1, in which 0 is an old spelling of a tie."""
    return {
        path.parent.name: list(_of_annotations(path)) for path in sorted(folder.glob("*/annotations.json.gz"))
    }


def recorded_2(folder: Path) -> Preferences:
    """Read the recorded preferences and lengths of AlpacaEval 2."""
    questions = [
        (instruction_key(row["instruction"]), row["dataset"])
        for row in _json(folder / "reference_outputs.json.gz")
    ]
    found: dict[str, list[Preference]] = {}
    with gzip.open(folder / "preferences_and_lengths.csv.gz", "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            instruction, subset = questions[int(row["index"])]
            preference = float(row["preference"]) if row["preference"] else None
            lengths = int(row["len_reference"]), int(row["len_output"])
            found.setdefault(row["model"], []).append(Preference(instruction, subset, preference, *lengths))
    return found


def eval_set_hash(folder: Path) -> str:
    """Return the hash by which runs know the instructions again."""
    path = str(folder / "reference_outputs.json.gz")
    with load_pairs(path, path, name="reference") as pairs:
        return pairs.eval_set_hash


def _of_annotations(path: Path) -> Iterator[Preference]:
    for row in _json(path):
        preference = 1.5 if row["preference"] == 0 else row["preference"]
        lengths = len(row["output_1"]), len(row["output_2"])
        yield Preference(instruction_key(row["instruction"]), row["dataset"], preference, *lengths)


def _json(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows: list[dict[str, Any]] = json.load(file)
    return rows


if __name__ == "__main__":
    main()
