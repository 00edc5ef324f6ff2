"""What a judge adds to a few human labels: how wide the interval is against that of the labels alone, and its coverage.

    python -m benchmarks.label --runs 100

The labels are people's majorities (PandaLM's test set) and, as there are few of those, GPT-4's recorded preferences of
AlpacaEval 1's models, each of which stands for a project of its own. The judges are the embedded ones and one that
guesses, which can add nothing. Pairs are drawn with replacement, n of them are labelled, and the truth is the labels'
mean over all recorded pairs. Exits with 1 where an interval is more than 2% wider than that of the labels alone
(Student's t; where they are all equal, that with two losses and two wins more) or holds the truth in less than 93%, on
average over the projects.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import pandas as pd

from autoeval.analysis.correction import correct_with_human_labels
from autoeval.annotators.builtin import longest, offline
from autoeval.metrics.intervals import mean_interval
from autoeval.metrics.observations import Floats
from benchmarks.judge_data import Judged, gpt4_preferences, human_majorities

SIZES = (20, 50, 100, 200)
JUDGES = ("offline", "longest", "guessing")
WIDEST, LEAST_COVERAGE = 1.02, 0.93


def projects() -> dict[str, list[Judged]]:
    """The pairs of each project: all that people judged, and those of each model that GPT-4 judged."""
    found = {"people": list(human_majorities())}
    of_models: dict[str, list[Judged]] = defaultdict(list)
    for pair in gpt4_preferences("alpaca_eval_1"):
        of_models[pair.model].append(pair)
    return found | of_models


def preferences(judge: str, pairs: Iterable[Judged]) -> Floats:
    """What a judge says of pairs."""
    if judge == "guessing":
        return np.random.default_rng(0).choice([1.0, 2.0], size=len(list(pairs)))
    asked = {"offline": offline, "longest": longest}[judge]
    return np.array([asked(pair.instruction, pair.output_1, pair.output_2) for pair in pairs])


def simulate(
    people: Floats, judge: Floats, n: int, runs: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Return how often the interval holds the truth, and its mean width over that of the labels alone."""
    count, truth = len(people), 100 * (float(people.mean()) - 1)
    names = [str(i) for i in range(count)]
    texts = pd.DataFrame({"instruction": names, "output_1": "a", "output_2": "b"})
    held, widths, alone = 0, [], []
    for _ in range(runs):
        drawn = rng.integers(count, size=count)
        labelled = people[drawn[:n]]
        found = correct_with_human_labels(
            texts.assign(preference=judge[drawn]), texts[:n].assign(preference=labelled)
        )
        held += found.low - 1e-9 <= truth <= found.high + 1e-9
        widths.append(found.high - found.low)
        by_people = mean_interval(labelled - 1, "t" if np.ptp(labelled) else "t_plus4")
        alone.append(by_people.high - by_people.low)
    return held / runs, float(np.mean(widths) / np.mean(alone))


def main() -> None:
    """Measure, print and judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=100)
    runs = parser.parse_args().runs
    found = projects()
    missed = False
    print(f"{len(found)} projects, {runs} runs each")
    print("judge      labels  coverage  worst  width ÷ labels alone  widest  (people: coverage, width)")
    for judge in JUDGES:
        said = {name: preferences(judge, pairs) for name, pairs in found.items()}
        for n in SIZES:
            rng = np.random.default_rng(n)
            cells = {}
            for name, pairs in found.items():
                labels = np.array([pair.preference for pair in pairs])
                cells[name] = simulate(labels, said[name], n, runs, rng)
            held, width = np.array(list(cells.values())).T
            missed |= held.mean() < LEAST_COVERAGE or width.mean() > WIDEST
            print(
                f"{judge:10s} {n:6d} {held.mean():9.3f} {held.min():6.3f} {width.mean():21.3f} {width.max():7.3f}"
                f"  ({cells['people'][0]:.3f}, {cells['people'][1]:.3f})",
                flush=True,
            )
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
