"""Fit the instruction effects that autoeval ships for AlpacaEval's 805, and measure what they tell of other judges.

    python -m benchmarks.fit_effects              # write leaderboards/*/instruction_effects.csv and .json
    python -m benchmarks.fit_effects --validate   # what another judge's history is worth, at 200 of 805

Validation takes the judges of `other_judges.csv.gz` as those who are asked and lets AlpacaEval 2's judge predict them:
by its whole history (as `learn` keeps it) and by the effects that are shipped, each model left out of both. *Paid ÷
random* is that of `benchmarks.budget`. Exits with 1 where a judge's models are covered by less than 93% of the
intervals on average, or they need more judgments on average than at random.

Reads AUTOEVAL_RECORDED_DATA (default ../shared/data).
"""

import argparse
import csv
import gzip
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from autoeval.metrics.instructions import instruction_key
from autoeval.metrics.observations import Floats
from autoeval.metrics.sampled import sampled_win_rate
from autoeval.metrics.sampling import DOUBT_OF_OTHERS, Sample, uncertainty
from autoeval.prediction.history import History, r_squared
from autoeval.prediction.kept import text_hash
from autoeval.prediction.seen import Seen, read_lengths
from autoeval.prediction.shipped import EFFECTS_NAME, ShippedEffects
from benchmarks.judge_data import recorded_data
from benchmarks.recorded_preferences import load, read_json

BOARDS = {
    "alpaca_eval_1": "alpaca_eval_gpt4",
    "alpaca_eval_2": "weighted_alpaca_eval_gpt4_turbo",
}
OUTPUT = Path(__file__).parents[1] / "leaderboards"
N_PAID, LEAST_COVERAGE, MOST_PAID, FEWEST_MODELS = 200, 0.93, 1.0, 5


def effects_of(board: str, history: History) -> ShippedEffects:
    """Fit the effects of a board's judge to models."""
    rows = read_json(recorded_data() / board / "reference_outputs.json.gz")
    references = {instruction_key(row["instruction"]): text_hash(row["output"]) for row in rows}
    return ShippedEffects.of(BOARDS[board], history, [references[key] for key in history.keys])


def other_judges(board: str) -> dict[str, dict[str, tuple[Seen, Floats]]]:
    """Read what other judges said of models: by judge and model, what is seen and the preferences − 1."""
    rows = read_json(recorded_data() / board / "reference_outputs.json.gz")
    keys = [instruction_key(row["instruction"]) for row in rows]
    tables: dict[str, dict[str, list[tuple[int, list[float]]]]] = {}
    with gzip.open(
        recorded_data() / board / "other_judges.csv.gz", "rt", encoding="utf-8", newline=""
    ) as file:
        for row in csv.DictReader(file):
            if row["preference"] and row["len_output"] and row["judge"] != BOARDS[board]:
                figures = [float(row[name]) for name in ("preference", "len_reference", "len_output")]
                of_model = tables.setdefault(row["judge"], {}).setdefault(row["model"], [])
                of_model.append((int(row["index"]), figures))
    found: dict[str, dict[str, tuple[Seen, Floats]]] = {}
    for judge, models in tables.items():
        for model, of_model in models.items():
            table = np.array([figures for _, figures in of_model])
            if np.ptp(table[:, 0]) > 0 and len(table) > N_PAID:  # the reference itself only ties
                seen = read_lengths([keys[i] for i, _ in of_model], table[:, 1], table[:, 2])
                found.setdefault(judge, {})[model] = (seen, table[:, 0] - 1)
    return {judge: models for judge, models in found.items() if len(models) >= FEWEST_MODELS}


def worth(predicted: Floats, shares: Floats, runs: int, seed: int) -> tuple[float, float, float]:
    """What a prediction is worth at 200 paid: R², paid ÷ random, and the coverage of these instructions' interval."""
    rng = np.random.default_rng(seed)
    held, errors = 0, []
    for _ in range(runs):
        sample = Sample.draw(uncertainty(predicted, DOUBT_OF_OTHERS), int(rng.integers(2**31)))
        known = np.full(len(shares), np.nan)
        known[sample.first(N_PAID)] = shares[sample.first(N_PAID)]
        one = sampled_win_rate(known, predicted, sample.chances(N_PAID)).on_these
        held += one.low - 1e-9 <= 100 * shares.mean() <= one.high + 1e-9
        errors.append(one.value / 100 - shares.mean())
    as_many = 1 / (np.mean(np.square(errors)) / shares.var(ddof=1) + 1 / len(shares))
    return r_squared(predicted, shares), float(N_PAID / as_many), held / runs


def validate(board: str, runs: int) -> bool:
    """Print what a board's history and its effects are worth to each other judge; return whether all is reached."""
    history = load(recorded_data() / board, only_lengths=True)
    ways: Mapping[str, Callable[[str, Seen], Floats]] = {
        "its history": lambda name, seen: history.without([name]).predict(seen),
        "effects": lambda name, seen: effects_of(board, history.without([name])).predict(seen),
    }
    is_reached = True
    print(
        "judge                            models  predicted by   R²    paid÷random (worst)  coverage (worst)"
    )
    for judge, models in other_judges(board).items():
        for way, predict in ways.items():
            figures = np.array(
                [
                    worth(predict(name, seen), shares, runs, number)
                    for number, (name, (seen, shares)) in enumerate(models.items())
                ]
            )
            explained, paid, covered = figures.mean(axis=0)
            most, least = figures[:, 1].max(), figures[:, 2].min()
            print(
                f"{judge:32s} {len(models):6d}  {way:12s} {explained:5.2f}  {paid:6.2f} ({most:.2f}) "
                f"{covered:17.3f} ({least:.3f})",
                flush=True,
            )
            is_reached &= covered >= LEAST_COVERAGE and paid <= MOST_PAID
    return is_reached


def main() -> None:
    """Fit and write, or validate."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--validate", action="store_true", help="measure in place of writing")
    parser.add_argument("--runs", type=int, default=100)
    given = parser.parse_args()
    if given.validate:
        sys.exit(0 if validate("alpaca_eval_2", given.runs) else 1)
    for board in BOARDS:
        path = OUTPUT / board / EFFECTS_NAME
        effects_of(board, load(recorded_data() / board, only_lengths=True)).write(path)
        print(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
