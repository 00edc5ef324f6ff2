"""How often the intervals hold the truth, by simulation.

    python -m benchmarks.coverage            # win rates; 5,000 runs a cell
    python -m benchmarks.coverage --length   # length-controlled win rates; 500 runs a cell

Preferences of three kinds are drawn around a known win rate: `binary` (2 with that probability, else 1),
`graded` (a Beta distribution with most of its mass at the ends, as weighted judges give) and `paired` (each
instruction judged twice, with its own Beta-distributed chance of a win, so that the two rise and fall
together). A cell is a method, a kind, a number of instructions and a win rate; the table shows the share of
runs in which the interval held the win rate, in percent. Monte Carlo error at 95% and 5,000 runs: 0.3.
"""

import argparse
import time

import numpy as np

from autoeval.metrics.difficulties import LengthPrior, shipped_difficulties
from autoeval.metrics.estimates import Method
from autoeval.metrics.intervals import interval_ends
from autoeval.metrics.length_estimate import length_estimate
from autoeval.metrics.length_model import LengthData, fit_with_prior
from autoeval.metrics.logistic import sigmoid
from autoeval.metrics.observations import Observations

RUNS = 5_000
AT_ONCE = 1_000
LENGTH_RUNS = 500
LEVEL = 0.95
KINDS = ("binary", "graded", "paired")
METHODS: tuple[Method, ...] = ("t_plus4", "t", "percentile", "bca")
MIDDLING = tuple((n, rate) for n in (50, 200, 805) for rate in (30, 40, 50, 60, 70))
EXTREME = tuple((805, rate) for rate in (5, 10, 90, 95))
# ability, mean standardised length difference (above 0: the reference is longer), slope beside the prior's
LENGTH_CELLS = ((-2.5, 0.8, 0.0), (-2.5, 0.8, 0.25), (0.0, 0.0, 0.0), (1.0, -0.5, 0.25))
FEW_WINS = tuple((n, rate) for n in (50, 200) for rate in (2, 5, 10, 95, 98))


def draw(kind: str, n: int, rate: float, runs: int, rng: np.random.Generator) -> Observations:
    """Draw preferences − 1 of n instructions, `runs` times."""
    if kind == "binary":
        return Observations(rng.binomial(1, rate, (runs, n)).astype(float), np.ones(n))
    if kind == "graded":
        return Observations(rng.beta(0.4 * rate, 0.4 * (1 - rate), (runs, n)), np.ones(n))
    chance = rng.beta(2 * rate, 2 * (1 - rate), (runs, n))
    return Observations(rng.binomial(2, chance).astype(float), np.full(n, 2.0))


def coverage(method: Method, kind: str, n: int, rate: float) -> tuple[float, float]:
    """Share of runs whose interval holds the rate, and the width of the narrowest interval; in percent."""
    rng = np.random.default_rng([n, round(1000 * rate), KINDS.index(kind)])
    held, narrowest = 0, 1.0
    for _ in range(RUNS // AT_ONCE):
        observed = draw(kind, n, rate, AT_ONCE, rng)
        low, high = interval_ends(observed, method, LEVEL, seed=0)
        held += int(((low <= rate) & (rate <= high)).sum())
        narrowest = min(narrowest, float((high - low).min()))
    return 100 * held / RUNS, 100 * narrowest


def report(method: Method, cells: tuple[tuple[int, int], ...], title: str) -> None:
    shares: dict[str, list[float]] = {kind: [] for kind in KINDS}
    narrowest = 100.0
    print(f"\n{method}, {title}\n{'n':>6} {'win rate':>9}" + "".join(f"{kind:>9}" for kind in KINDS))
    for n, rate in cells:
        for kind in KINDS:
            share, width = coverage(method, kind, n, rate / 100)
            shares[kind].append(share)
            narrowest = min(narrowest, width)
        print(f"{n:6d} {rate:9d}" + "".join(f"{shares[kind][-1]:9.1f}" for kind in KINDS))
    everything = np.concatenate(list(shares.values()))
    print(f"from {everything.min():.1f} to {everything.max():.1f}; narrowest interval {narrowest:.2f} points")


def length_coverage(ability: float, mean_length: float, slope: float, n: int) -> tuple[float, float, float]:
    """Coverage of a length-controlled win rate, with the mean standard error and the true spread.

    Instructions are drawn from the 805 with their shipped difficulties; length differences have the given
    mean; graded preferences follow z = ability + 0.6 d + slope · tanh(Δ/s) with the shipped prior in use.
    """
    shipped = shipped_difficulties()
    population = np.array(list(shipped.by_key.values()))
    truth = float(sigmoid(ability + 0.6 * population).mean())
    rng = np.random.default_rng(
        [n, round(100 * (ability + 9)), round(100 * (slope + 9)), round(100 * (mean_length + 9))]
    )
    values, errors, held = [], [], 0
    for _ in range(LENGTH_RUNS):
        difficulties = rng.choice(population, n)
        lengths = np.tanh(rng.normal(mean_length, 1, n))
        chance = np.clip(sigmoid(ability + 0.6 * difficulties + slope * lengths), 1e-3, 1 - 1e-3)
        data = LengthData(rng.beta(0.5 * chance, 0.5 * (1 - chance)), lengths, difficulties)
        fit = fit_with_prior(data, shipped.prior)
        estimate, _ = length_estimate(data, fit, range(n), LEVEL)
        values.append(estimate.value)
        errors.append(estimate.standard_error)
        held += estimate.low <= 100 * truth <= estimate.high
    return 100 * held / LENGTH_RUNS, float(np.mean(errors)), float(np.std(values))


def report_length(prior: LengthPrior) -> None:
    print(f"length-controlled win rate, {LENGTH_RUNS} runs a cell; prior slope {prior.center[0]:.2f}")
    print(
        f"{'n':>5} {'ability':>8} {'length':>7} {'slope':>6} {'coverage':>9} {'mean s.e.':>10} {'spread':>7}"
    )
    for n in (200, 805):
        for ability, mean_length, off in LENGTH_CELLS:
            slope = prior.center[0] + off
            share, error, spread = length_coverage(ability, mean_length, slope, n)
            print(
                f"{n:5d} {ability:8.1f} {mean_length:7.1f} {slope:6.2f} {share:9.1f} {error:10.2f} {spread:7.2f}"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--length", action="store_true", help="simulate length-controlled win rates")
    began = time.perf_counter()
    if parser.parse_args().length:
        report_length(shipped_difficulties().prior)
    else:
        for method in METHODS:
            report(method, MIDDLING + EXTREME, "win rates of 30 to 70, and of 5 to 95 at n = 805")
        report("t_plus4", FEW_WINS, "few wins or few losses")
    print(f"\n{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
