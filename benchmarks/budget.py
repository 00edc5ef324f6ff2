"""How many judgments a sample with a learned prediction saves, and whether its intervals hold what they promise.

    python -m benchmarks.budget --recorded DIR --learned-from DIR
    python -m benchmarks.budget --picture docs/images/width-against-money.svg

Every model of `--recorded` is predicted from the models of `--learned-from` (itself left out of everything), sampled
`--runs` times at each n, and estimated. For "these instructions" the truth is the model's recorded win rate on all of
them; for "instructions like these" the instructions are drawn with replacement first. *paid ÷ random* is n over the
number of evenly drawn judgments, without a prediction, whose error would be the same: 1/(MSE/s² + 1/N). Exits with 1
where a figure is not reached.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from autoeval.metrics.observations import Floats
from autoeval.metrics.sampled import sampled_win_rate
from autoeval.metrics.sampling import Sample, uncertainty
from autoeval.metrics.student import student_quantile
from autoeval.prediction.history import History, r_squared
from benchmarks.judge_data import recorded_data
from benchmarks.recorded_preferences import load_both

SIZES = (50, 100, 200, 300, 400, 600)
COVERAGE = (0.935, 0.97)
WORST_COVERAGE = 0.89
MOST_PAID = 0.60
SAVING_AT = (100, 200)
WIDTH_AT = 300


@dataclass(frozen=True)
class Cell:
    """One model at one n, for one population: coverage, paid ÷ random, and width ÷ that of all judgments."""

    coverage: float
    paid: float
    width: float


def predictions(recorded: History, learned_from: History) -> list[Floats]:
    """Predict each recorded model from a history without it."""
    return [
        learned_from.without([name]).predict(seen)
        for name, seen in zip(recorded.models, recorded.seen, strict=True)
    ]


def simulate(shares: Floats, predicted: Floats, runs: int, seed: int) -> dict[tuple[str, int], Cell]:
    """Sample one model's judgments again and again."""
    rng = np.random.default_rng(seed)
    count, truth, variance = len(shares), float(shares.mean()), float(shares.var(ddof=1))
    sizes = [n for n in SIZES if n < count]
    found: dict[tuple[str, int], list[tuple[float, float, float]]] = {}
    everything = np.arange(count)
    for run in range(runs):
        for population, drawn in (("set", everything), ("super", rng.integers(count, size=count))):
            y, f = shares[drawn], predicted[drawn]
            sample = Sample.draw(uncertainty(f), int(rng.integers(2**31)) + run)
            for n in sizes:
                pairs = sample.first(n)
                known = np.full(count, np.nan)
                known[pairs] = y[pairs]
                both = sampled_win_rate(known, f, sample.chances(n))
                one = both.on_these if population == "set" else both.on_like_these
                held = one.low - 1e-9 <= 100 * truth <= one.high + 1e-9
                row = (held, (one.value / 100 - truth) ** 2, (one.high - one.low) / 100)
                found.setdefault((population, n), []).append(row)
    full = 2 * student_quantile(count - 1, 0.95) * np.sqrt(variance / count)
    cells = {}
    for (population, n), rows in found.items():
        coverage, error, width = np.array(rows, dtype=np.float64).mean(axis=0)
        as_many = 1 / (error / variance + (1 / count if population == "set" else 0))
        cells[population, n] = Cell(float(coverage), float(n / as_many), float(width / full))
    return cells


def main() -> None:
    """Measure, print and judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    default = recorded_data() / "alpaca_eval_1"
    parser.add_argument("--recorded", type=Path, default=default)
    parser.add_argument("--learned-from", type=Path, default=None, help="default: the same folder")
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--picture", type=Path, default=None, help="draw width against judgments, an SVG")
    given = parser.parse_args()
    recorded, learned_from = load_both(given.recorded, given.learned_from or given.recorded)
    by_model = []
    explained = []
    for number, (shares, predicted) in enumerate(
        zip(recorded.shares, predictions(recorded, learned_from), strict=True)
    ):
        judged = ~np.isnan(shares)
        explained.append(r_squared(predicted, shares))
        by_model.append(simulate(shares[judged], predicted[judged], given.runs, number))
    print(
        f"{len(by_model)} models, R² of the prediction {np.nanmean(explained):.3f}, {given.runs} runs a cell"
    )
    if given.picture:
        draw(by_model, recorded.shares.shape[1], given.picture)
    sys.exit(0 if report(by_model, recorded.models) else 1)


def draw(by_model: list[dict[tuple[str, int], Cell]], count: int, path: Path) -> None:
    """Draw the width of intervals, as a share of that of all judgments, against how many are paid for."""
    import pygal

    chart = pygal.XY(
        title=f"Width of the 95% interval; 1 is that of all {count} judgments",
        x_title="judgments paid for",
        y_title="width",
        range=(0, 4),
        legend_at_bottom=True,
        truncate_legend=-1,
        js=[],
        height=420,
        style=pygal.style.CleanStyle(font_family="sans-serif"),
    )
    at_random = [(n, float(np.sqrt((1 / n - 1 / count) * count))) for n in SIZES]
    chart.add("these instructions, drawn at random", [*at_random, (count, 0.0)])
    for name, population in (("these instructions", "set"), ("instructions like these", "super")):
        widths = {n: [found[population, n].width for found in by_model] for _, n in by_model[0]}
        last = (count, 0.0 if population == "set" else 1.0)
        chart.add(
            f"{name}, drawn by a prediction", [*((n, float(np.mean(w))) for n, w in widths.items()), last]
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    chart.render_to_file(str(path))


def report(by_model: list[dict[tuple[str, int], Cell]], names: tuple[str, ...]) -> bool:
    """Print a row for each population and n; return whether everything is reached."""
    print("target     n   coverage  worst  (model)                      paid÷random  width÷all")
    missed = []
    for population, n in by_model[0]:
        cells = [found[population, n] for found in by_model]
        coverages = [cell.coverage for cell in cells]
        mean, worst = float(np.mean(coverages)), min(coverages)
        paid, width = float(np.mean([c.paid for c in cells])), float(np.mean([c.width for c in cells]))
        name = names[coverages.index(worst)]
        print(f"{population:5s} {n:6d} {mean:10.3f} {worst:6.3f}  {name[:28]:28s} {paid:11.2f} {width:10.2f}")
        where = f"{population}, n = {n}"
        if not COVERAGE[0] <= mean <= COVERAGE[1]:
            missed.append(f"{where}: coverage {mean:.3f} is outside {COVERAGE[0]} to {COVERAGE[1]}")
        if worst < WORST_COVERAGE:
            missed.append(f"{where}: coverage {worst:.3f} of {name} is below {WORST_COVERAGE}")
        if population == "set" and n in SAVING_AT and paid > MOST_PAID:
            missed.append(f"{where}: paid ÷ random {paid:.2f} is above {MOST_PAID}")
        if population == "set" and n == WIDTH_AT and width > 1:
            missed.append(f"{where}: the width is {width:.2f} of that of all judgments")
    print("\n".join(f"not reached: {what}" for what in missed) or "all reached")
    return not missed


if __name__ == "__main__":
    main()
