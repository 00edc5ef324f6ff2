"""Are the paired tests' p-values what they claim? Simulates pairs of models that do not differ.

    python -m benchmarks.calibration [runs]

For each test, number of instructions and kind of preference: how often p ≤ α for α = .01, .05, .10 (a valid
test: at most α, up to three Monte Carlo errors), and for graded preferences whether p is uniform
(Kolmogorov–Smirnov). Instructions differ in difficulty, which both models share; this is what pairs have.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy import stats

from autoeval.analysis.significance import mcnemar_test, permutation_test, t_test, wilcoxon_test
from autoeval.metrics.observations import Floats

RUNS = 10_000
SIZES = (50, 200, 805)
LEVELS = (0.01, 0.05, 0.10)
AT_ONCE = 1000


def binary(probability: Floats, rng: np.random.Generator) -> Floats:
    return (rng.random(probability.shape) < probability).astype(np.float64)


def with_ties(probability: Floats, rng: np.random.Generator) -> Floats:
    tie = rng.random(probability.shape) < 0.1
    return np.where(tie, 0.5, binary(probability, rng))


def graded(probability: Floats, rng: np.random.Generator) -> Floats:
    return rng.beta(2 * probability, 2 * (1 - probability))


PREFERENCES: dict[str, Callable[[Floats, np.random.Generator], Floats]] = {
    "binary": binary,
    "binary with ties": with_ties,
    "graded": graded,
}


@dataclass(frozen=True)
class Calibration:
    """How one test behaved where there is nothing to find."""

    preferences: str
    win_rate: float
    n: int
    test: str
    p: Floats

    def rate(self, level: float) -> float:
        """Share of runs with p ≤ level."""
        return float((self.p <= level).mean())

    @property
    def is_valid(self) -> bool:
        """Whether no rate is above its level by more than three Monte Carlo errors."""
        return all(self.rate(a) <= a + 3 * np.sqrt(a * (1 - a) / len(self.p)) for a in LEVELS)

    @property
    def uniformity(self) -> float:
        """The Kolmogorov–Smirnov test's p-value against the uniform distribution."""
        return float(stats.kstest(self.p, "uniform").pvalue)

    @property
    def must_be_uniform(self) -> bool:
        """Graded preferences on enough instructions; McNemar's test sees discrete verdicts only."""
        return self.preferences == "graded" and self.n >= 200 and "McNemar" not in self.test


def p_values(differences: Floats, verdicts: Floats, seed: int) -> dict[str, Floats]:
    exact, mid = mcnemar_test((verdicts > 0).sum(axis=0), (verdicts < 0).sum(axis=0))
    return {
        "paired t": t_test(differences),
        "Wilcoxon (wilcox)": wilcoxon_test(differences, "wilcox"),
        "Wilcoxon (pratt)": wilcoxon_test(differences, "pratt"),
        "McNemar exact": exact,
        "McNemar mid-p": mid,
        "permutation": permutation_test(differences, seed),
    }


def simulate(kind: str, win_rate: float, n: int, runs: int, seed: int) -> Iterator[Calibration]:
    """Draw `runs` pairs of equally good models and test each pair."""
    rng = np.random.default_rng(seed)
    collected: dict[str, list[Floats]] = {}
    for start in range(0, runs, AT_ONCE):
        shape = (n, min(AT_ONCE, runs - start))
        difficulty = rng.beta(4 * win_rate, 4 * (1 - win_rate), size=shape)
        one, other = (PREFERENCES[kind](difficulty, rng) for _ in range(2))
        verdicts = np.sign(one - 0.5) - np.sign(other - 0.5)
        for test, p in p_values(one - other, verdicts, int(rng.integers(2**31))).items():
            collected.setdefault(test, []).append(p)
    for test, parts in collected.items():
        yield Calibration(kind, win_rate, n, test, np.concatenate(parts))


def main(runs: int = RUNS) -> int:
    print(f"{runs} runs; a rate may exceed its level by three Monte Carlo errors")
    header = f"{'preferences':<18}{'win rate':>9}{'n':>5}  {'test':<19}"
    print(header + "".join(f"{f'P(p<={level})':>11}" for level in LEVELS) + f"{'KS p':>9}  verdict")
    failures = 0
    for kind in PREFERENCES:
        for win_rate in (0.5, 0.8):
            for n in SIZES:
                for found in simulate(kind, win_rate, n, runs, seed=n):
                    uniform = not found.must_be_uniform or found.uniformity > 0.001
                    failures += not (found.is_valid and uniform)
                    rates = "".join(f"{found.rate(level):>11.4f}" for level in LEVELS)
                    ks = f"{found.uniformity:>9.3f}" if found.must_be_uniform else f"{'':>9}"
                    verdict = "ok" if found.is_valid and uniform else "FAILS"
                    print(f"{kind:<18}{win_rate:>9}{n:>5}  {found.test:<19}{rates}{ks}  {verdict}")
    print(f"{failures} of the rows above fail" if failures else "every test is calibrated")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
