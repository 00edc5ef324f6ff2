"""Estimate AlpacaEval's instruction difficulties and length prior from recorded preferences; validate them.

    python -m benchmarks.fit_difficulties              # write instruction_difficulties.csv and .json
    python -m benchmarks.fit_difficulties --validate   # leave each model out in turn and print the errors

Difficulties come from preferences alone: z = ability_m + difficulty_i, without a length term (with one, the
length-controlled win rates of held-out models agree less with the published ones). The prior's two centers
and two precisions are those with which models, each left out of the difficulties in turn, come closest to
their published length-controlled win rate. Models whose published row was computed from fewer
than 805 rows take no part in that.

Reads AUTOEVAL_RECORDED_DATA (default ../shared/data).
"""

import argparse
import gzip
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import least_squares
from scipy.stats import spearmanr

from autoeval.metrics.difficulties import Difficulties, LengthPrior, write_difficulties
from autoeval.metrics.instructions import instruction_key
from autoeval.metrics.joint_model import fit_joint_model
from autoeval.metrics.length_estimate import RESAMPLES, length_estimate
from autoeval.metrics.length_model import LengthData, fit_with_prior
from autoeval.metrics.length_rows import length_feature
from autoeval.metrics.observations import Floats, clean_preferences

ROOT = Path(__file__).parents[1]
RECORDED = Path(os.environ.get("AUTOEVAL_RECORDED_DATA", ROOT.parent / "shared" / "data"))
OUTPUT = ROOT / "leaderboards" / "alpaca_eval_2" / "instruction_difficulties.csv"
N_INSTRUCTIONS = 805
START = (-1.6, 0.5, np.log(10.0), np.log(10.0))


@dataclass(frozen=True)
class Board:
    """Recorded preferences of M models on the N instructions, with what was published about them."""

    models: list[str]
    shares: Floats
    lengths: Floats
    published: Floats
    raw: Floats
    complete: npt.NDArray[np.bool_]

    def only(self, chosen: npt.NDArray[np.bool_]) -> "Board":
        """Keep some of the models."""
        names = [name for name, is_chosen in zip(self.models, chosen, strict=True) if is_chosen]
        shares, lengths, published, raw = self.shares, self.lengths, self.published, self.raw
        return Board(
            names, shares[chosen], lengths[chosen], published[chosen], raw[chosen], self.complete[chosen]
        )


def alpaca_eval_2() -> Board:
    folder = RECORDED / "alpaca_eval_2"
    published = pd.read_csv(folder / "published_leaderboard.csv", index_col=0)
    rows = pd.read_csv(folder / "preferences_and_lengths.csv.gz")
    models = [str(name) for name in published.index]
    shares = np.full((len(models), N_INSTRUCTIONS), np.nan)
    lengths = np.zeros((len(models), N_INSTRUCTIONS))
    for m, name in enumerate(models):
        of_model = rows[rows["model"] == name]
        place = of_model["index"].to_numpy()
        shares[m, place] = of_model["preference"].to_numpy() - 1
        lengths[m, place] = length_feature(
            (of_model["len_reference"] - of_model["len_output"]).to_numpy(float)
        )
    return _board(models, shares, lengths, published)


def alpaca_eval_1() -> Board:
    folder = RECORDED / "alpaca_eval_1"
    published = pd.read_csv(folder / "published_leaderboard.csv", index_col=0)
    place = {text: i for i, text in enumerate(recorded_instructions())}
    models = [str(name) for name in published.index]
    shares = np.full((len(models), N_INSTRUCTIONS), np.nan)
    lengths = np.zeros((len(models), N_INSTRUCTIONS))
    for m, name in enumerate(models):
        rows = _read_json(folder / name / "annotations.json.gz")
        places = [place[row["instruction"]] for row in rows]
        shares[m, places] = clean_preferences([row["preference"] for row in rows]) - 1
        differences = [len(row["output_1"]) - len(row["output_2"]) for row in rows]
        lengths[m, places] = length_feature(np.array(differences, dtype=float))
    return _board(models, shares, lengths, published)


def recorded_instructions() -> list[str]:
    return [
        row["instruction"] for row in _read_json(RECORDED / "alpaca_eval_2" / "reference_outputs.json.gz")
    ]


def calibrate_prior(board: Board) -> LengthPrior:
    """Choose the prior by models that took no part in the difficulties."""
    everyone = np.arange(len(board.models))
    difficulties = [_difficulties(board.only(everyone != m)) for m in everyone]

    def errors(theta: Floats) -> Floats:
        prior = _prior(theta)
        return np.array(
            [
                predict(board, m, difficulties[m], prior) - board.published[m]
                for m in np.flatnonzero(board.complete).tolist()
            ]
        )

    return _prior(least_squares(errors, START, diff_step=[1e-3] * 4, xtol=1e-4, ftol=1e-4).x)


def predict(board: Board, m: int, difficulties: Floats, prior: LengthPrior) -> float:
    data = LengthData(board.shares[m], board.lengths[m], difficulties)
    beta = fit_with_prior(data, prior)(np.ones((1, len(difficulties))), None)
    return 100 * float(data.without_length(beta).mean())


def leave_one_out(board: Board) -> Floats:
    """Length-controlled win rate of each model, with difficulties and prior from the other models alone."""
    everyone = np.arange(len(board.models))
    predictions = []
    for m in range(len(everyone)):
        others = board.only(everyone != m)
        predictions.append(predict(board, m, _difficulties(others), calibrate_prior(others)))
    return np.array(predictions)


def models_given(board: Board) -> Floats:
    """What the same models get on an eval set without known difficulties and without a published board."""
    joint = fit_joint_model(board.shares, board.lengths, with_slope=True)
    prior = LengthPrior((joint.slope, 1.0, 0.0), (10.0, 10.0, 0.01))
    return np.array([predict(board, m, joint.difficulties, prior) for m in range(len(board.models))])


def difficulty_free(board: Board) -> Floats:
    prior = LengthPrior((0, 0, 0), (0.01, 1, 0.01))
    return np.array([predict(board, m, np.zeros(N_INSTRUCTIONS), prior) for m in range(len(board.models))])


def report(name: str, predicted: Floats, board: Board) -> None:
    error = (predicted - board.published)[board.complete]
    rank = spearmanr(predicted[board.complete], board.published[board.complete]).statistic
    print(
        f"{name:44s} mean |error| {np.abs(error).mean():5.2f}  largest {np.abs(error).max():5.2f}"
        f"  bias {error.mean():+5.2f}  Spearman {rank:.4f}  ({board.complete.sum()} models)"
    )


def seconds_of_a_bootstrap(board: Board, difficulties: Floats, prior: LengthPrior) -> float:
    data = LengthData(board.shares[0], board.lengths[0], difficulties)
    began = time.perf_counter()
    length_estimate(data, fit_with_prior(data, prior), range(N_INSTRUCTIONS))
    return time.perf_counter() - began


def validate(board: Board) -> None:
    left_out = leave_one_out(board)
    for name, value, published, raw in zip(board.models, left_out, board.published, board.raw, strict=True):
        error = value - published
        print(f"{name:32s} raw {raw:6.2f}  published {published:6.2f}  left out {value:6.2f} {error:+6.2f}")
    difficulties, prior = _difficulties(board), calibrate_prior(board)
    everyone = range(len(board.models))
    shipped = np.array([predict(board, m, difficulties, prior) for m in everyone])
    report("AlpacaEval 2, shipped difficulties", shipped, board)
    report("AlpacaEval 2, model left out of everything", left_out, board)
    report("AlpacaEval 2, from the models given alone", models_given(board), board)
    report("AlpacaEval 2, difficulty-free", difficulty_free(board), board)
    report("AlpacaEval 2, raw win rate", board.raw, board)
    older = alpaca_eval_1()
    transferred = np.array([predict(older, m, difficulties, prior) for m in range(len(older.models))])
    report("AlpacaEval 1 with these difficulties", transferred, older)
    print(
        f"{RESAMPLES} refits over {N_INSTRUCTIONS} rows: {seconds_of_a_bootstrap(board, difficulties, prior):.2f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--validate", action="store_true", help="leave each model out; write nothing")
    board = alpaca_eval_2()
    if parser.parse_args().validate:
        validate(board)
        return
    prior = calibrate_prior(board)
    by_key = dict(
        zip(map(instruction_key, recorded_instructions()), _difficulties(board).tolist(), strict=True)
    )
    found = Difficulties(by_key, prior, "gpt4_1106_preview", "weighted_alpaca_eval_gpt4_turbo")
    write_difficulties(OUTPUT, found)
    print(f"wrote {len(by_key)} difficulties and {prior} to {OUTPUT}")


def _difficulties(board: Board) -> Floats:
    return fit_joint_model(board.shares, board.lengths, with_slope=False).difficulties


def _prior(theta: Floats) -> LengthPrior:
    length, difficulty, log_length, log_difficulty = (float(x) for x in theta)
    return LengthPrior(
        (length, difficulty, 0.0), (float(np.exp(log_length)), float(np.exp(log_difficulty)), 0.01)
    )


def _board(models: list[str], shares: Floats, lengths: Floats, published: pd.DataFrame) -> Board:
    return Board(
        models,
        shares,
        lengths,
        published["length_controlled_winrate"].to_numpy(float),
        published["win_rate"].to_numpy(float),
        (published["n_total"] == N_INSTRUCTIONS).to_numpy(bool),
    )


def _read_json(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows: list[dict[str, Any]] = json.load(file)
    return rows


if __name__ == "__main__":
    main()
