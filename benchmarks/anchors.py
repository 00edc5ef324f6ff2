"""Is a judge that has drifted found by its anchors, and one that has not left alone?

    python -m benchmarks.anchors [judges a cell] [pairs]

Judges are simulated: a verdict of each on every pair, turned round at random in 0, 2, 10 or 30% of the replies (noise)
on both days. On the later day some are as before; some go, one time in five or ten, to the model's output whatever it
is, which moves a preference of 50% by 10 or 5 points; and some have changed their mind on one pair in ten, both ways,
which moves no mean. Of those that are as before, at most 5% should be said to have drifted.
"""

import sys

import numpy as np

from autoeval.analysis.drift import drift
from autoeval.metrics.observations import Floats
from autoeval.runs.anchor_set import REPLIES

NOISES = (0.0, 0.02, 0.1, 0.3)
KINDS = {"as before": (0.0, 0.0), "10 points": (0.2, 0.0), "5 points": (0.1, 0.0), "1 in 10": (0.0, 0.1)}
"""By name: the share of replies that goes to the model's output, and the share of pairs with another verdict."""


def replies(
    rng: np.random.Generator, truth: Floats, noise: float, share: float = 0.0, turned: float = 0.0
) -> Floats:
    """Draw a day's preferences, shape (pairs, REPLIES)."""
    shape = (len(truth), REPLIES)
    minds = np.where(rng.random(len(truth)) < turned, 1 - truth, truth)[:, None]
    verdicts = np.where(rng.random(shape) < noise, 1 - minds, minds)
    return np.where(rng.random(shape) < share, 1.0, verdicts) + 1


def share_found(noise: float, share: float, turned: float, n_judges: int, n_pairs: int) -> float:
    """Return which share of simulated judges is said to have drifted."""
    found = 0
    for seed in range(n_judges):
        rng = np.random.default_rng([seed, n_pairs])
        truth = rng.integers(2, size=n_pairs).astype(float)
        then, now = replies(rng, truth, noise), replies(rng, truth, noise, share, turned)
        compared = drift(then, now, seed)
        found += compared is not None and compared.has_drifted
    return found / n_judges


def main(n_judges: int = 200, n_pairs: int = 200) -> None:
    """Print a row a level of noise, a column a kind of judge."""
    print(f"said to have drifted, of {n_judges} judges each, on {n_pairs} pairs asked about twice a day")
    print("noise" + "".join(f"{kind:>12}" for kind in KINDS))
    for noise in NOISES:
        cells = [share_found(noise, *kind, n_judges, n_pairs) for kind in KINDS.values()]
        print(f"{noise:5.0%}" + "".join(f"{cell:12.1%}" for cell in cells), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
