"""How often the interval of a length-controlled win rate holds the one of all instructions.

    python -m benchmarks.length_coverage --recorded DIR --runs 30

Of each recorded model, n instructions are drawn with replacement and controlled for length; the truth is its
length-controlled win rate on all of them. One that is drawn twice stands for two instructions that are alike, so it
counts as two; under one name they would be two samples of one instruction, which say less, and the interval would be
wider. Exits with 1 where less than 93% or more than 97% of the intervals hold it, on average over the models.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from autoeval.metrics.difficulties import Difficulties, shipped_difficulties
from autoeval.metrics.instructions import instruction_key
from autoeval.metrics.length_control import LengthControlled, length_controlled_win_rate
from autoeval.metrics.length_rows import LengthRows, length_feature
from autoeval.metrics.observations import Floats
from benchmarks.judge_data import recorded_data
from benchmarks.recorded_preferences import load, read_json

SIZES = (100, 200, 805)
COVERAGE = (0.93, 0.97)


def controlled(difficulties: Floats, shares: Floats, longer: Floats, seed: int) -> LengthControlled:
    """Control one model's rows for length, each of an instruction of its own.

    Args:
        difficulties: of the instructions.
        shares: preference − 1.
        longer: how many characters the reference is longer.
        seed: of the bootstrap.
    """
    names = [str(row) for row in range(len(shares))]
    known = Difficulties(dict(zip(names, difficulties.tolist(), strict=True)), shipped_difficulties().prior)
    rows = LengthRows(names, shares + 1, length_feature(longer), "reference", "judge", is_baseline=False)
    return length_controlled_win_rate(rows, difficulties=known, seed=seed)


def coverage(
    difficulties: Floats, shares: Floats, longer: Floats, n: int, runs: int, rng: np.random.Generator
) -> float:
    """The share of drawn sets of n instructions whose interval holds the figure of all."""
    truth = controlled(difficulties, shares, longer, 0).value
    held = 0
    for seed in range(runs):
        drawn = rng.integers(len(shares), size=n)
        found = controlled(difficulties[drawn], shares[drawn], longer[drawn], seed)
        held += found.low <= truth <= found.high
    return held / runs


def main() -> None:
    """Measure, print and judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recorded", type=Path, default=recorded_data() / "alpaca_eval_2")
    parser.add_argument("--runs", type=int, default=30)
    given = parser.parse_args()
    history = load(given.recorded, only_lengths=True)
    reference = read_json(given.recorded / "reference_outputs.json.gz")
    of_reference = {instruction_key(row["instruction"]): len(row["output"]) for row in reference}
    missed = False
    for n in SIZES:
        held = []
        rng = np.random.default_rng(n)
        for shares, seen in zip(history.shares, history.seen, strict=True):
            judged = np.flatnonzero(~np.isnan(shares))
            keys = [seen.keys[i] for i in judged]
            lengths = np.array([of_reference[key] for key in keys]) - np.expm1(seen.log_lengths[judged])
            difficulties = shipped_difficulties().of_keys(keys)
            held.append(coverage(difficulties, shares[judged], lengths, n, given.runs, rng))
        mean, worst = float(np.mean(held)), int(np.argmin(held))
        missed |= not COVERAGE[0] <= mean <= COVERAGE[1]
        print(f"n {n:4d}: coverage {mean:.3f}, worst {held[worst]:.3f} ({history.models[worst]})", flush=True)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
