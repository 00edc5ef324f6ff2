"""A logistic regression with an effect for each instruction, against scipy on the whole problem."""

import numpy as np
import pytest
from scipy.optimize import minimize

from autoeval.metrics.effects import fit_effects
from autoeval.metrics.observations import Floats


def test_it_reaches_scipys_minimum() -> None:
    rng = np.random.default_rng(0)
    n, k, g = 120, 3, 15
    x, y = rng.normal(size=(n, k)), rng.beta(0.4, 0.6, n)
    instructions, weights = rng.integers(0, g - 1, n), rng.uniform(0.2, 2, n)  # the last one has no row

    def objective(beta: Floats) -> float:
        z = beta[0] + x @ beta[1 : k + 1] + beta[k + 1 :][instructions]
        loss = weights @ (np.logaddexp(0, z) - y * z)
        return float(loss + 10 * (beta[1 : k + 1] ** 2).sum() + 0.25 * (beta[k + 1 :] ** 2).sum())

    best = minimize(objective, np.zeros(1 + k + g), tol=1e-12).x
    model = fit_effects(x, y, instructions, g, weights)
    assert (model.constant, *model.slopes) == pytest.approx(tuple(best[: k + 1]), abs=1e-4)
    assert model.effects == pytest.approx(best[k + 1 :], abs=1e-4)
    assert model.effects[-1] == 0
    z = best[0] + x[:2] @ best[1 : k + 1] + np.array([best[k + 1], 0.0])
    assert model.predict(x[:2], np.array([0, -1])) == pytest.approx(1 / (1 + np.exp(-z)), abs=1e-4)
