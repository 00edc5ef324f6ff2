"""One model's preferences explained by length, difficulty and the model itself, and the ways to fit that."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from autoeval.metrics.difficulties import Difficulties, LengthPrior, shipped_difficulties
from autoeval.metrics.instructions import instruction_key
from autoeval.metrics.logistic import Penalty, fit_logistic, sigmoid
from autoeval.metrics.observations import Floats

Solver: TypeAlias = Literal["newton", "liblinear"]
Fit: TypeAlias = Callable[[Floats, Floats | None], Floats]

_GAMED_WEIGHT = 0.1
_FOLDS = 5
_STRENGTHS = np.logspace(-4, 4, 10)


@dataclass(frozen=True, slots=True)
class LengthModel:
    """z = length · tanh(Δ/s) + difficulty · d + constant; the preference for the model is σ(z)."""

    length: float
    difficulty: float
    constant: float


@dataclass(frozen=True)
class LengthData:
    """What the fit reads of one model's annotations, a row each; all of shape (n,).

    Attributes:
        shares: preference − 1, NaN where the judgment is missing.
        lengths: tanh(Δ/s), Δ = characters of the reference minus characters of the output, s the n−1
            standard deviation of Δ over the rows; 0 where s is 0 or undefined (there is no difference to
            control for).
        difficulties: of each row's instruction.
    """

    shares: Floats
    lengths: Floats
    difficulties: Floats

    @property
    def judged(self) -> Floats:
        """1 where there is a judgment, 0 where it is missing."""
        return (~np.isnan(self.shares)).astype(np.float64)

    @property
    def design(self) -> Floats:
        """Columns length, difficulty, constant; shape (n, 3)."""
        return np.column_stack([self.lengths, self.difficulties, np.ones(len(self.shares))])

    def without_length(self, betas: Floats) -> Floats:
        """Preference for the model that each row of `betas` (B, 3) predicts at equal length; shape (B, n)."""
        return sigmoid(betas[:, 1:2] * self.difficulties + betas[:, 2:])


@dataclass(frozen=True)
class GamedRows:
    """AlpacaEval's `df_gamed.csv`: the reference model told to be verbose or concise, against itself.

    Attributes:
        shares: preference on [0, 1] for the gamed model.
        lengths: tanh of the standardised length difference.
        difficulties: of each row's instruction.
        by_instruction: the file's difficulties, to look other rows up.
    """

    shares: Floats
    lengths: Floats
    difficulties: Floats
    by_instruction: Difficulties

    @classmethod
    def read(cls, path: str | Path, instructions: Sequence[str] | None = None) -> "GamedRows":
        """Read the file.

        Args:
            path: a CSV with columns preference, index, std_delta_len and instruction_difficulty.
            instructions: the eval set in the order that the column `index` counts, from 0; by default the
                805 instructions of AlpacaEval.

        Raises:
            ValueError: a column is missing, a cell is no number, or `index` is outside the eval set.
        """
        with Path(path).open(newline="", encoding="utf-8") as file:
            try:
                rows = list(csv.DictReader(file))
            except csv.Error as error:
                raise ValueError(f"{path} is no file of gamed rows: {error}") from None
        columns = ("preference", "index", "std_delta_len", "instruction_difficulty")
        absent = [name for name in columns if not rows or name not in rows[0]]
        if absent:
            raise ValueError(f"{path} is no file of gamed rows: it lacks {', '.join(absent)}")
        if instructions is None:
            keys = list(shipped_difficulties().by_key)
        else:
            keys = [instruction_key(text) for text in instructions]
        preference, index, delta, difficulty = (
            np.array([float(row[name] or "nan") for row in rows]) for name in columns
        )
        outside = index[~((index >= 0) & (index < len(keys)))]
        if len(outside):
            raise ValueError(
                f"{path}: index {outside[-1]:.0f} is outside the eval set's {len(keys)} instructions"
            )
        by_key: dict[str, float] = {}
        for i, value in zip(index.astype(int), difficulty, strict=True):
            by_key.setdefault(keys[i], float(value))
        kept = ~np.isnan(preference)
        return cls(
            shares=preference[kept],
            lengths=np.tanh(delta[kept]),
            difficulties=difficulty[kept],
            by_instruction=Difficulties(by_key, LengthPrior((0, 0, 0), (0, 0, 0))),
        )


def predicted_win_rate(model: LengthModel, against: LengthModel, difficulties: Floats) -> float:
    """Predict the length-controlled win rate of one model against another from fits to a common reference.

    100 · mean σ((constant_m − constant_b) + (difficulty_m − difficulty_b) · d): indirect, as no judge
    compared the two.

    Args:
        model: fit of the model.
        against: fit of the other one.
        difficulties: of the eval set's instructions, shape (n,).
    """
    difference = np.array([[0.0, model.difficulty - against.difficulty, model.constant - against.constant]])
    data = LengthData(np.zeros(len(difficulties)), np.zeros(len(difficulties)), difficulties)
    return 100 * float(data.without_length(difference).mean())


def fit_with_prior(data: LengthData, prior: LengthPrior) -> Fit:
    """Fit by maximum a posteriori: a Gaussian prior on the three coefficients."""
    penalty = Penalty(np.array(prior.center), np.array(prior.precision))
    design, targets, judged = data.design, np.nan_to_num(data.shares), data.judged

    def fit(weights: Floats, start: Floats | None) -> Floats:
        return fit_logistic(design, targets, weights * judged, penalty, start)

    return fit


def fit_with_gamed_rows(data: LengthData, gamed: GamedRows, solver: Solver) -> Fit:
    """Fit as AlpacaEval 0.6.6 does: minimise ‖β‖₁ + C Σ w · log loss over the gamed rows and the model's.

    Gamed rows weigh 0.1 and have no constant. C is chosen once, among ten from 10⁻⁴ to 10⁴, by five-fold
    cross-validation of the weighted log loss, and stays for every later weighting. Many weightings at once
    are fitted by Newton's method whatever the solver: liblinear would take minutes for a bootstrap.
    """
    judged = data.judged == 1
    gamed_design = np.column_stack([gamed.lengths, gamed.difficulties, np.zeros(len(gamed.shares))])
    design = np.vstack([gamed_design, data.design[judged]])
    targets = np.concatenate([gamed.shares, data.shares[judged]])
    base = np.concatenate([np.full(len(gamed.shares), _GAMED_WEIGHT), np.ones(int(judged.sum()))])
    fit_once = _fit_liblinear if solver == "liblinear" else _fit_newton
    strength = _choose_strength(design, targets, base, fit_once)

    def fit(weights: Floats, start: Floats | None) -> Floats:
        rows = np.hstack([np.tile(base[: len(gamed.shares)], (len(weights), 1)), weights[:, judged]])
        refit = fit_once if len(weights) == 1 else _fit_newton
        return refit(design, targets, rows, strength, start, 0)

    return fit


# design, targets, weights, C, start, how many strengths were tried before
_FitOnce: TypeAlias = Callable[[Floats, Floats, Floats, float, Floats | None, int], Floats]


def _choose_strength(design: Floats, targets: Floats, weights: Floats, fit_once: _FitOnce) -> float:
    """Return the C of the least average loss on held-out fifths; the smallest of equals."""
    # scikit-learn's GroupKFold deals groups of equal size out in this way.
    fold = np.arange(len(targets))[::-1] % _FOLDS
    held_out = fold == np.arange(_FOLDS)[:, None]
    start = None
    losses = []
    for turn, strength in enumerate(_STRENGTHS):
        betas = fit_once(design, targets, weights * ~held_out, strength, start, turn)
        start = betas[0]
        p = np.clip(sigmoid(betas @ design.T), 1e-15, 1 - 1e-15)
        loss = -weights * (targets * np.log(p) + (1 - targets) * np.log(1 - p))
        losses.append(np.mean([loss[k, held_out[k]].mean() for k in range(_FOLDS) if held_out[k].any()]))
    return float(_STRENGTHS[int(np.argmin(losses))])


def _fit_newton(
    design: Floats, targets: Floats, weights: Floats, strength: float, start: Floats | None, turn: int
) -> Floats:
    del turn
    return fit_logistic(design, targets, weights, Penalty.lasso(1 / strength, design.shape[1]), start)


def _fit_liblinear(
    design: Floats, targets: Floats, weights: Floats, strength: float, start: Floats | None, turn: int
) -> Floats:
    """Fit with the estimator that AlpacaEval uses, every row once with label 1 and once with label 0.

    liblinear visits coefficients in a random order and stops early, so that equal figures need equal draws:
    LogisticRegressionCV goes through the strengths with one generator, which each fit draws from once.
    """
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    del start  # liblinear always begins at zero
    twice = np.vstack([design, design])
    labels = np.repeat([1, 0], len(targets))
    betas = []
    for row in weights:
        used = np.concatenate([row, row]) > 0
        shares = np.concatenate([row * targets, row * (1 - targets)])
        random = np.random.RandomState(123)
        for _ in range(turn):
            random.randint(np.iinfo("i").max)
        model = LogisticRegression(
            C=strength, l1_ratio=1, solver="liblinear", fit_intercept=False, random_state=random
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(twice[used], labels[used], sample_weight=shares[used])
        betas.append(model.coef_[0])
    return np.array(betas)
