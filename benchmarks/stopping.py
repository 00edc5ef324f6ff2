"""How many judgments it takes until a question is decided, with a look after every one of them.

    python -m benchmarks.stopping --recorded DIR --learned-from DIR

Questions: is a model better than the reference, and which of two models is better; about exactly these instructions
(drawn without replacement, with predictions from `--learned-from`, the models left out) and about instructions like
them (drawn with replacement); and which is better of every two of five models, drawn at random, with a look after each
16 instructions ("paid" is on average for one model). A true null is made of recorded values and their mirror images,
whose mean is a half. Exits with 1 where a figure is not reached.
"""

import argparse
import sys
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt

from autoeval.metrics.betting import Population, Predicted, anytime_interval, decide
from autoeval.metrics.every_pair import Comparisons
from autoeval.metrics.observations import Floats
from benchmarks.budget import predictions
from benchmarks.judge_data import recorded_data
from benchmarks.recorded_preferences import load_both

MOST_ERROR = 0.05
MOST_PAID = {"reference": 60, "two models": 240}
LEAST_COVERAGE = 0.95
_NULLS = 2000
_INTERVALS = 300
_QUESTIONS = 1200
_SEVERAL, _FAMILIES, _ROUND = 5, 100, 16

Question = tuple[Floats, Floats]


def main() -> None:
    """Measure, print and judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recorded", type=Path, default=recorded_data() / "alpaca_eval_1")
    parser.add_argument("--learned-from", type=Path, default=None, help="default: the same folder")
    given = parser.parse_args()
    recorded, learned_from = load_both(given.recorded, given.learned_from or given.recorded)
    predicted = predictions(recorded, learned_from)
    alone = [judged(y, f) for y, f in zip(recorded.shares, predicted, strict=True)]
    pairs = [
        judged((recorded.shares[i] - recorded.shares[j] + 1) / 2, (predicted[i] - predicted[j] + 1) / 2)
        for i, j in combinations(range(len(predicted)), 2)
    ]
    missed = []
    print("question    population   decided   paid  wrong side  error under a null  interval covers")
    for name, questions in (("reference", alone), ("two models", pairs)):
        for population in ("these", "like_these"):
            rng = np.random.default_rng(len(questions))
            paid, decided, wrong, held = ask(questions, population, rng)
            error = under_a_null(questions, population, rng)
            print(
                f"{name:11s} {population:11s} {100 * decided:7.0f}% {paid:6.0f} {wrong:11.4f} {error:19.3f} "
                f"{held:16.3f}"
            )
            if error > MOST_ERROR:
                missed.append(f"{name}, {population}: error under a true null {error:.3f}")
            if population == "these" and paid > MOST_PAID[name]:
                missed.append(f"{name}: {paid:.0f} paid on average, at most {MOST_PAID[name]} were to be")
            if held < LEAST_COVERAGE:
                missed.append(f"{name}, {population}: intervals at stopping cover {held:.3f}")
    paid_each, share, wrong_families = several(recorded.shares, np.array(predicted), np.random.default_rng(0))
    print(
        f"every two of {_SEVERAL} these     {100 * share:7.0f}% {paid_each:6.0f} {wrong_families:11.4f} families"
    )
    if wrong_families > MOST_ERROR:
        missed.append(f"every two of {_SEVERAL}: {wrong_families:.3f} of the families have a wrong claim")
    print("\n".join(f"not reached: {what}" for what in missed) or "all reached")
    sys.exit(1 if missed else 0)


def judged(values: Floats, predicted: Floats) -> Question:
    """Leave out what was not judged."""
    known = ~np.isnan(values)
    return values[known], predicted[known]


def ask(
    questions: list[Question], population: Population, rng: np.random.Generator
) -> tuple[float, float, float, float]:
    """Return how many judgments were paid on average, and the shares decided, decided wrongly and covered."""
    paid, sides, wrong = [], [], []
    held: list[bool] = []
    runs = -(-_QUESTIONS // len(questions))
    for values, predicted in list(questions) * runs:
        count, truth = len(values), float(values.mean())
        order, known = drawn(count, predicted, population, rng)
        found = decide(values[order], count, population, predicted=known)
        paid.append(found.n)
        sides.append(found.side is not None)
        wrong.append(found.side is not None and (found.side == "above") != (truth > 0.5))
        if len(held) < _INTERVALS:
            seen = order[: found.n]
            at_stopping = None if known is None else Predicted.of(predicted, seen)
            low, high = anytime_interval(values[seen], count, population, predicted=at_stopping)
            held.append(low - 1e-9 <= truth <= high + 1e-9)
    return float(np.mean(paid)), float(np.mean(sides)), float(np.mean(wrong)), float(np.mean(held))


def several(shares: Floats, predicted: Floats, rng: np.random.Generator) -> tuple[float, float, float]:
    """Return the mean paid for a model, the share of comparisons decided, and of families with a wrong claim."""
    paid, decided, wrong = [], [], []
    for _ in range(_FAMILIES):
        models = rng.choice(len(shares), size=min(_SEVERAL, len(shares)), replace=False)
        order = rng.permutation(shares.shape[1])
        values, guesses = shares[np.ix_(models, order)], predicted[np.ix_(models, order)]
        seen = Comparisons.begun(~np.isnan(values), guesses)
        for start in range(0, len(order), _ROUND):
            for model in {model for two in seen.open("these") for model in two}:
                part = values[model, start : start + _ROUND]
                seen.add(model, start, start + _ROUND, part[~np.isnan(part)] + 1)
            seen.decide("these")
        sides = seen.sides["these"]
        truths = {two: float(np.nanmean(values[two[0]] - values[two[1]])) for two in sides}
        paid.extend(seen.asked)
        decided.append(2 * len(sides) / len(models) / (len(models) - 1))
        wrong.append(any((side == "above") != (truths[two] > 0) for two, side in sides.items()))
    return float(np.mean(paid)), float(np.mean(decided)), float(np.mean(wrong))


def under_a_null(questions: list[Question], population: Population, rng: np.random.Generator) -> float:
    """Return how often a side was named although the mean is a half."""
    named = 0
    for values, predicted in nulls(questions):
        order, _ = drawn(len(values), predicted, population, rng)
        seen = order[:-1]  # with the last one known too, a half is a half
        known = Predicted.of(predicted, seen) if population == "these" else None
        named += decide(values[seen], len(values), population, predicted=known).side is not None
    return named / _NULLS


def nulls(questions: list[Question]) -> Iterator[Question]:
    """Walk through values and their mirror images, of every question in turn."""
    for number in range(_NULLS):
        values, predicted = questions[number % len(questions)]
        half = slice(number % 2, None, 2)
        yield (
            np.concatenate([values[half], 1 - values[half]]),
            np.concatenate([predicted[half], 1 - predicted[half]]),
        )


def drawn(
    count: int, predicted: Floats, population: Population, rng: np.random.Generator
) -> tuple[npt.NDArray[np.intp], Predicted | None]:
    """Draw an order: of these pairs, with what is predicted of them, or of pairs like them."""
    if population == "like_these":
        return rng.integers(count, size=count), None
    order = rng.permutation(count)
    return order, Predicted.of(predicted, order)


if __name__ == "__main__":
    main()
