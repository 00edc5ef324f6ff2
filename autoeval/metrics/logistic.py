"""Penalised logistic regression with targets on [0, 1], for many weightings of the same rows at once."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from autoeval.metrics.observations import Floats

_MAX_ITERATIONS = 100
_MAX_HALVINGS = 30
_SWEEPS = 60
_NARROW = 8
_CELLS_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class Penalty:
    """‖β‖₁ · l1 + ½ Σ precision · (β − center)²: pulls coefficients to 0 and to a center.

    Attributes:
        center: where the Gaussian part pulls to, shape (k,).
        precision: how strongly, in units of observations' information, shape (k,).
        l1: weight of the absolute values.
    """

    center: Floats
    precision: Floats
    l1: float = 0.0

    @classmethod
    def lasso(cls, l1: float, k: int) -> "Penalty":
        """Only the absolute values are penalised."""
        return cls(np.zeros(k), np.zeros(k), l1)

    def value(self, beta: Floats) -> Floats:
        """The penalty of each row of `beta`, shape (B,)."""
        squares = (beta - self.center) ** 2 @ self.precision
        return np.asarray(self.l1 * np.abs(beta).sum(axis=1) + squares / 2)


@dataclass(frozen=True)
class _Problem:
    design: Floats
    targets: Floats
    penalty: Penalty

    @cached_property
    def squares(self) -> Floats:
        """Products of every two columns; shape (n, k²)."""
        outer = self.design[:, :, None] * self.design[:, None, :]
        return np.asarray(outer.reshape(len(self.design), -1))

    def objective(self, beta: Floats, weights: Floats) -> Floats:
        z = beta @ self.design.T
        loss = np.logaddexp(0, z)
        loss -= self.targets * z
        loss *= weights
        return np.asarray(loss.sum(axis=1) + self.penalty.value(beta))

    def derivatives(self, beta: Floats, weights: Floats) -> tuple[Floats, Floats]:
        """Gradient (B, k) and Hessian (B, k, k) of the smooth part."""
        k = self.design.shape[1]
        p = sigmoid(beta @ self.design.T)
        gradient = (weights * (p - self.targets)) @ self.design
        gradient += (beta - self.penalty.center) * self.penalty.precision
        curvature = weights * (p * (1 - p))
        if k > _NARROW:
            hessian = np.stack([(self.design.T * row) @ self.design for row in curvature])
        else:
            hessian = (curvature @ self.squares).reshape(-1, k, k)
        return gradient, hessian + np.diag(self.penalty.precision + 1e-10)


def sigmoid(z: Floats) -> Floats:
    """1/(1 + e^(−z)), without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(z / 2)))


def fit_logistic(
    design: Floats, targets: Floats, weights: Floats, penalty: Penalty, start: Floats | None = None
) -> Floats:
    """Minimise penalty(β) + Σ w [log(1 + e^z) − y z], z = design · β, once for each row of weights.

    Proximal Newton with step halving: the problem is convex, so every fit reaches its only minimum.

    Args:
        design: what explains, shape (n, k), finite.
        targets: y on [0, 1], shape (n,); a row of weight 0 may hold any finite number.
        weights: how much each row counts in each of the B fits, shape (B, n).
        penalty: see `Penalty`.
        start: where to begin, shape (k,); zeros by default.

    Returns:
        Coefficients, shape (B, k).
    """
    problem = _Problem(design, targets, penalty)
    first = np.zeros(design.shape[1]) if start is None else start
    at_once = max(1, _CELLS_AT_ONCE // max(1, len(design)))
    parts = [_fit(problem, weights[i : i + at_once], first) for i in range(0, len(weights), at_once)]
    return np.concatenate(parts)


def _fit(problem: _Problem, weights: Floats, start: Floats) -> Floats:
    beta = np.tile(start, (len(weights), 1))
    objective = problem.objective(beta, weights)
    for _ in range(_MAX_ITERATIONS):
        gradient, hessian = problem.derivatives(beta, weights)
        step = _newton_step(beta, gradient, hessian, problem.penalty.l1)
        moved = beta + step
        reached = problem.objective(moved, weights)
        for _ in range(_MAX_HALVINGS):
            worse = reached > objective + 1e-12 * np.abs(objective)
            if not worse.any():
                break
            step[worse] /= 2
            moved[worse] = beta[worse] + step[worse]
            reached[worse] = problem.objective(moved[worse], weights[worse])
        beta, objective = moved, reached
        if np.abs(step).max(initial=0) < 1e-7:
            break
    return beta


def _newton_step(beta: Floats, gradient: Floats, hessian: Floats, l1: float) -> Floats:
    """Minimise the local quadratic plus l1 · ‖β + step‖₁, by coordinate descent where l1 > 0."""
    step = np.asarray(-np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0])
    if l1 == 0:
        return step
    for _ in range(_SWEEPS):
        before = step.copy()
        for j in range(beta.shape[1]):
            curvature = hessian[:, j, j]
            slope = gradient[:, j] + np.einsum("bk,bk->b", hessian[:, j], step) - curvature * step[:, j]
            aim = beta[:, j] - slope / curvature
            step[:, j] = np.sign(aim) * np.maximum(np.abs(aim) - l1 / curvature, 0) - beta[:, j]
        if np.abs(step - before).max(initial=0) < 1e-10:
            break
    return step
