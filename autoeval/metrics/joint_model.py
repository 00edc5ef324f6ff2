"""Estimating instruction difficulties from several models' preferences on the same eval set."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from autoeval.metrics.difficulties import Difficulties, LengthPrior
from autoeval.metrics.length_rows import LengthRows
from autoeval.metrics.logistic import sigmoid
from autoeval.metrics.observations import Floats

_ABILITY_PRECISION = 0.01
_DIFFICULTY_PRECISION = 1.0
_SLOPE_PRECISION = 1e-6


@dataclass(frozen=True)
class JointFit:
    """One ability a model, one difficulty an instruction, one length slope for all.

    Attributes:
        abilities: shape (M,).
        difficulties: shape (N,).
        slope: change in the logit per unit of tanh of the standardised length difference.
    """

    abilities: Floats
    difficulties: Floats
    slope: float


def difficulties_from(models: Sequence[LengthRows]) -> Difficulties:
    """Estimate instruction difficulties and a prior from several models on the same eval set.

    z = ability_m + difficulty_i + slope · tanh(Δ/s_m), see `fit_joint_model`. The prior for a
    model's own coefficients centers on that fit: slope, 1 and 0 with precisions 10, 10 and 0.01.

    Args:
        models: the annotations of each, two models or more.
    """
    keys: dict[str, int] = {}
    places = [[keys.setdefault(key, len(keys)) for key in each.keys] for each in models]
    shares = np.full((len(models), len(keys)), np.nan)
    lengths = np.zeros((len(models), len(keys)))
    for m, (each, place) in enumerate(zip(models, places, strict=True)):
        shares[m, place] = each.preferences - 1
        lengths[m, place] = each.lengths
    joint = fit_joint_model(shares, lengths, with_slope=True)
    return Difficulties(
        by_key=dict(zip(keys, joint.difficulties.tolist(), strict=True)),
        prior=LengthPrior((joint.slope, 1.0, 0.0), (10.0, 10.0, 0.01)),
    )


def fit_joint_model(shares: Floats, lengths: Floats, with_slope: bool) -> JointFit:
    """Fit z = ability_m + difficulty_i + slope · length_mi to preferences of M models on N instructions.

    A Rasch model with a common length term (Rasch 1960), for preferences between 0 and 1, penalised by
    ½ (Σ difficulty² + 0.01 Σ ability²): difficulties are standard normal beforehand. Newton's method; the
    difficulties are eliminated first (Schur complement), so a step costs one system of M + 1 equations.

    Args:
        shares: preference − 1, NaN where missing; shape (M, N).
        lengths: tanh of (reference length − output length)/s; shape (M, N), any finite value where missing.
        with_slope: whether to have the length term; without it, slope is 0.
    """
    judged = ~np.isnan(shares)
    targets = np.nan_to_num(shares)
    n_models, n_instructions = shares.shape
    head = np.zeros(n_models + 1)
    difficulties = np.zeros(n_instructions)
    lengths = lengths if with_slope else np.zeros_like(lengths)
    head_precision = np.append(np.full(n_models, _ABILITY_PRECISION), _SLOPE_PRECISION)
    for _ in range(200):
        p = sigmoid(head[:-1, None] + difficulties + head[-1] * lengths)
        residuals, curvature = judged * (p - targets), judged * (p * (1 - p))
        weighted = curvature * lengths
        head_gradient = np.append(residuals.sum(axis=1), (residuals * lengths).sum()) + head_precision * head
        gradient = residuals.sum(axis=0) + _DIFFICULTY_PRECISION * difficulties
        diagonal = curvature.sum(axis=0) + _DIFFICULTY_PRECISION
        head_hessian = np.diag(np.append(curvature.sum(axis=1), (weighted * lengths).sum()) + head_precision)
        head_hessian[-1, :-1] = head_hessian[:-1, -1] = weighted.sum(axis=1)
        cross = np.vstack([curvature, weighted.sum(axis=0)])
        schur = head_hessian - (cross / diagonal) @ cross.T
        head_step = np.linalg.solve(schur, head_gradient - (cross / diagonal) @ gradient)
        step = (gradient - cross.T @ head_step) / diagonal
        largest = max(np.abs(head_step).max(), np.abs(step).max(initial=0))
        shrink = min(1.0, 2.0 / largest) if largest > 0 else 1.0
        head, difficulties = head - shrink * head_step, difficulties - shrink * step
        if largest < 1e-9:
            break
    return JointFit(head[:-1], difficulties, float(head[-1]))
