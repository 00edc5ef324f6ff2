import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from autoeval.metrics.joint_model import fit_joint_model
from autoeval.metrics.logistic import Penalty, fit_logistic, sigmoid
from autoeval.metrics.observations import Floats


def problem(seed: int, n: int = 60, fits: int = 4) -> tuple[Floats, Floats, Floats]:
    rng = np.random.default_rng(seed)
    design = np.column_stack([np.tanh(rng.normal(size=n)), rng.normal(size=n), np.ones(n)])
    return design, rng.beta(0.4, 0.9, n), rng.integers(0, 4, (fits, n)).astype(float)


@pytest.mark.parametrize("seed", range(5))
def test_the_gaussian_penalty_gives_scipys_minimum(seed: int) -> None:
    design, targets, weights = problem(seed)
    center, precision = np.array([-1.5, 1.0, 0.0]), np.array([10.0, 5.0, 0.01])
    betas = fit_logistic(design, targets, weights, Penalty(center, precision))
    for beta, row in zip(betas, weights, strict=True):

        def objective(b: Floats, row: Floats = row) -> float:
            z = design @ b
            return float(row @ (np.logaddexp(0, z) - targets * z) + precision @ (b - center) ** 2 / 2)

        assert beta == pytest.approx(minimize(objective, np.zeros(3), tol=1e-12).x, abs=1e-4)


@pytest.mark.parametrize("l1", [0.01, 1.0, 8.0, 100.0])
def test_the_absolute_penalty_meets_its_conditions_of_optimality(l1: float) -> None:
    design, targets, weights = problem(7)
    betas = fit_logistic(design, targets, weights, Penalty.lasso(l1, 3))
    for beta, row in zip(betas, weights, strict=True):
        gradient = design.T @ (row * (sigmoid(design @ beta) - targets))
        moving = beta != 0
        assert gradient[moving] == pytest.approx(-l1 * np.sign(beta[moving]), abs=1e-5)
        assert (np.abs(gradient[~moving]) <= l1 + 1e-6).all()


def test_many_weightings_at_once_are_the_same_as_one_by_one() -> None:
    design, targets, weights = problem(3, fits=6)
    penalty = Penalty(np.zeros(3), np.full(3, 0.1), l1=0.5)
    together = fit_logistic(design, targets, weights, penalty)
    alone = [fit_logistic(design, targets, row[None], penalty)[0] for row in weights]
    assert together == pytest.approx(np.array(alone), abs=1e-6)


def test_separable_data_has_a_finite_fit() -> None:
    design = np.column_stack([np.zeros(50), np.linspace(-1, 1, 50), np.ones(50)])
    penalty = Penalty(np.array([-1.5, 0.5, 0.0]), np.array([10.0, 60.0, 0.01]))
    beta = fit_logistic(design, np.zeros(50), np.ones((1, 50)), penalty)[0]
    assert np.isfinite(beta).all()
    assert sigmoid(design @ beta).max() < 0.01


@pytest.mark.parametrize("with_slope", [True, False])
def test_the_joint_model_reaches_scipys_minimum(with_slope: bool) -> None:
    rng = np.random.default_rng(11)
    shares, lengths = rng.beta(0.5, 1, (3, 12)), np.tanh(rng.normal(size=(3, 12)))
    shares[0, 3] = shares[2, 7] = np.nan
    fit = fit_joint_model(shares, lengths, with_slope)

    def objective(x: Floats) -> float:
        z = x[:3, None] + x[3:15] + (x[15] * lengths if with_slope else 0)
        loss = np.nansum(np.logaddexp(0, z) * (shares * 0 + 1) - shares * z)
        return float(loss + (x[3:15] @ x[3:15] + 0.01 * x[:3] @ x[:3] + 1e-6 * x[15] ** 2) / 2)

    theirs = minimize(objective, np.zeros(16), tol=1e-10).x
    assert fit.abilities == pytest.approx(theirs[:3], abs=1e-3)
    assert fit.difficulties == pytest.approx(theirs[3:15], abs=1e-3)
    assert fit.slope == pytest.approx(theirs[15], abs=1e-3)


def test_sigmoid_is_scipys_and_does_not_overflow() -> None:
    z = np.array([-1000.0, -3, 0, 2, 1000])
    assert sigmoid(z) == pytest.approx(expit(z))
