"""Fit the weights of the embedded judge `offline` and print them as the table in `annotators/builtin.py`.

    python -m benchmarks.fit_offline_judge

A logistic regression without intercept on differences of features, which makes the judge symmetric. GPT-4's
preferences are used as probabilities: a pair counts for each side by its share, so a tie pulls to the middle.
"""

import numpy as np
from sklearn.linear_model import LogisticRegression

from autoeval.annotators.builtin.preferring import WEIGHTS_BY_HAND
from autoeval.annotators.builtin.text_features import Features, measure
from benchmarks.judge_data import Judged, fitting_pairs

RIDGE = 20.0  # on standardised features; 5 to 50 did as well in cross-validation within the fitting pairs
FITTED = [name for name in Features.__dataclass_fields__ if name not in WEIGHTS_BY_HAND]


def fit(pairs: list[Judged]) -> dict[str, float]:
    """Return the weight of each feature that is fitted."""
    differences = np.array([_difference(pair) for pair in pairs])
    for_output_2 = np.array([pair.preference - 1 for pair in pairs])
    scale = np.sqrt((differences**2).mean(axis=0))
    model = LogisticRegression(C=1 / RIDGE, fit_intercept=False, max_iter=1000).fit(
        np.concatenate([differences, differences]) / scale,
        np.repeat([1, 0], len(pairs)),
        sample_weight=np.concatenate([for_output_2, 1 - for_output_2]),
    )
    return dict(zip(FITTED, (model.coef_[0] / scale).round(3).tolist(), strict=True))


def _difference(pair: Judged) -> list[float]:
    first, second = (measure(pair.instruction, output) for output in (pair.output_1, pair.output_2))
    return [getattr(second, name) - getattr(first, name) for name in FITTED]


def main() -> None:
    pairs = fitting_pairs()
    models = len({(pair.source, pair.model) for pair in pairs})
    instructions = len({pair.instruction for pair in pairs})
    print(f"# {len(pairs):,} preferences of GPT-4: {models} models, {instructions} instructions")
    for name, weight in fit(pairs).items():
        print(f'    "{name}": {weight},')


if __name__ == "__main__":
    main()
