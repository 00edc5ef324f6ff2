"""How long learning from a judge takes, against one logistic regression of scikit-learn on the same matrix.

    python -m benchmarks.learning_speed --recorded DIR

The matrix is what `learn` fits on: a row a judgment, what is seen of the pair and of its neighbours. scikit-learn fits
it without the instructions' effects, with the same penalty; a tie is a row of either label. Each is timed three times
and the least counts. Exits with 1 where fitting takes more than twice as long, or an estimate from 200 judgments more
than a tenth.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from autoeval.metrics.effects import fit_effects
from autoeval.metrics.sampled import sampled_win_rate
from autoeval.metrics.sampling import Sample, uncertainty
from autoeval.prediction.history import History
from benchmarks.judge_data import recorded_data
from benchmarks.recorded_preferences import load

MOST_FIT, MOST_ESTIMATE = 2.0, 0.1
_TIMES = 3
_PENALTY = 20.0


def seconds(work: Callable[[], object]) -> float:
    """The least of three times."""
    found = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return min(found)


def measure(history: History) -> tuple[float, float, float]:
    """Seconds of scikit-learn's fit, of ours, and of an estimate."""
    from sklearn.linear_model import LogisticRegression

    count, g = history.shares.shape
    shares = history.shares.ravel()
    judged = np.flatnonzero(~np.isnan(shares))
    x, y = history.matrix[judged], shares[judged]
    instructions, even = np.tile(np.arange(g), count)[judged], np.ones(len(judged))
    twice, labels = np.vstack([x, x]), np.repeat([1, 0], len(y))
    weights = np.concatenate([y, 1 - y])
    used = weights > 0
    peer = LogisticRegression(C=1 / _PENALTY, max_iter=1000)
    of_peer = seconds(lambda: peer.fit(twice[used], labels[used], sample_weight=weights[used]))
    of_ours = seconds(lambda: fit_effects(x, y, instructions, g, even))
    shares, predicted = history.shares[0], history.without(history.models[:1]).predict(history.seen[0])
    sample = Sample.draw(uncertainty(predicted), 0)
    known = np.full(g, np.nan)
    known[sample.first(200)] = shares[sample.first(200)]
    of_estimate = seconds(lambda: sampled_win_rate(known, predicted, sample.chances(200)))
    return of_peer, of_ours, of_estimate


def main() -> None:
    """Measure, print and judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recorded", type=Path, default=recorded_data() / "alpaca_eval_1")
    history = load(parser.parse_args().recorded)
    peer, ours, estimate = measure(history)
    models, instructions = history.shares.shape
    print(f"{models} models x {instructions} instructions")
    print(f"scikit-learn {peer:.2f} s, fit {ours:.2f} s ({ours / peer:.2f} of it, at most {MOST_FIT})")
    print(f"an estimate {1000 * estimate:.1f} ms ({estimate / peer:.3f} of it, at most {MOST_ESTIMATE})")
    sys.exit(0 if ours <= MOST_FIT * peer and estimate <= MOST_ESTIMATE * peer else 1)


if __name__ == "__main__":
    main()
