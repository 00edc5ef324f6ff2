"""A logistic regression with an effect for each instruction beside coefficients for what is seen of a pair."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from autoeval.metrics.logistic import sigmoid
from autoeval.metrics.observations import Floats

_SLOPE_PRECISION = 20.0
_EFFECT_PRECISION = 0.5
_MOST_ROUNDS = 8
_SETTLED = 1e-6


@dataclass(frozen=True)
class EffectsModel:
    """z = constant + effect of the instruction + slopes · x; σ(z) predicts the preference − 1.

    Attributes:
        constant: the intercept.
        slopes: shape (k,).
        effects: of the instructions that were fitted on, shape (G,).
    """

    constant: float
    slopes: Floats
    effects: Floats

    def predict(self, x: Floats, instructions: npt.NDArray[np.intp]) -> Floats:
        """Predict preferences − 1.

        Args:
            x: as fitted, shape (n, k).
            instructions: the number of each row's instruction, −1 for one that was not fitted on; shape (n,).
        """
        effects = np.append(self.effects, 0.0)[instructions]
        return sigmoid(self.constant + effects + x @ self.slopes)


def fit_effects(
    x: Floats,
    targets: Floats,
    instructions: npt.NDArray[np.intp],
    n_instructions: int,
    weights: Floats,
) -> EffectsModel:
    """Minimise Σ weight [log(1 + e^z) − y z] + ½ · 20 ‖slopes‖² + ¼ ‖effects‖² by Newton's method.

    The effects stand alone on the diagonal of the Hessian, so that a step solves a system of the slopes' size
    (its Schur complement): thousands of instructions cost no more than a sum each. It takes at most eight rounds, and
    ends when no coefficient moves by a millionth.

    Args:
        x: what explains, standardised, shape (n, k).
        targets: y on [0, 1], shape (n,).
        instructions: the number of each row's instruction, shape (n,).
        n_instructions: how many there are, G.
        weights: how much each row counts, shape (n,).
    """
    k = x.shape[1]
    by_instruction = _Grouping(instructions, n_instructions)
    order = by_instruction.order
    design = np.column_stack([np.ones(len(x)), x])[order]
    y, weights, numbers = targets[order], weights[order], instructions[order]
    ridge = np.append(0.0, np.full(k, _SLOPE_PRECISION))
    slopes, effects = np.zeros(k + 1), np.zeros(n_instructions)
    for _ in range(_MOST_ROUNDS):
        p = sigmoid(design @ slopes + effects[numbers])
        error, curvature = weights * (p - y), weights * p * (1 - p)
        gradient = design.T @ error + ridge * slopes
        gradient_of_effects = by_instruction.sums(error) + _EFFECT_PRECISION * effects
        weighted = design * curvature[:, None]
        shared = by_instruction.sums(weighted)
        diagonal = by_instruction.sums(curvature) + _EFFECT_PRECISION
        scaled = shared / diagonal[:, None]
        hessian = weighted.T @ design + np.diag(ridge + 1e-9) - shared.T @ scaled
        step = np.linalg.solve(hessian, gradient - scaled.T @ gradient_of_effects)
        step_of_effects = (gradient_of_effects - shared @ step) / diagonal
        slopes -= step
        effects -= step_of_effects
        if max(np.abs(step).max(), np.abs(step_of_effects).max(initial=0.0)) < _SETTLED:
            break
    return EffectsModel(float(slopes[0]), slopes[1:], effects)


class _Grouping:
    """Sums of rows by instruction, of rows that are sorted by it."""

    def __init__(self, instructions: npt.NDArray[np.intp], n: int) -> None:
        self.order = np.argsort(instructions, kind="stable")
        self._counts = np.bincount(instructions, minlength=n)
        self._present = self._counts > 0
        self._starts = (np.cumsum(self._counts) - self._counts)[self._present]

    def sums(self, values: Floats) -> Floats:
        """Sum values, shape (n, ...), to shape (G, ...)."""
        totals = np.zeros((len(self._counts), *values.shape[1:]))
        if len(values):
            totals[self._present] = np.add.reduceat(values, self._starts, axis=0)
        return totals
