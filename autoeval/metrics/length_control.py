"""What a win rate would be if both outputs were equally long.

A judge's preference is explained by the length difference, the instruction's difficulty and the model
itself; the length-controlled win rate is the mean preference that this predicts with the length term at 0.
Three coefficients and up to 805 difficulties need outside knowledge, which comes from one of three places:
AlpacaEval's own file of gamed rows, difficulties shipped with autoeval, or the other models given.
Source: Dubois et al., "Length-Controlled AlpacaEval" (2024).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from autoeval.metrics.difficulties import Difficulties, LengthPrior, shipped_difficulties
from autoeval.metrics.estimates import Estimate
from autoeval.metrics.joint_model import difficulties_from
from autoeval.metrics.length_estimate import length_estimate
from autoeval.metrics.length_model import (
    GamedRows,
    LengthData,
    LengthModel,
    Solver,
    fit_with_gamed_rows,
    fit_with_prior,
)
from autoeval.metrics.length_rows import LengthRows
from autoeval.metrics.observations import Floats
from autoeval.metrics.tables import Table

_LEAST_KNOWN = 0.9
_NAN = float("nan")


class LengthMethod(StrEnum):
    """Where the difficulties of a length-controlled win rate came from; the column `lc_method`."""

    GAMED_ROWS = "alpaca_eval_file"
    SHIPPED = "shipped_difficulties"
    JOINT = "models_given"
    UNREGULARIZED = "alpaca_eval_noreg"
    LENGTH_ALONE = "length_alone"
    BASELINE = "baseline"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class LengthControlled:
    """A length-controlled win rate; rates and errors in percent.

    Attributes:
        value: NaN where it could not be estimated (method `none`).
        standard_error: bootstrap over instructions, conditional on difficulties, prior and C.
        low: lower end of the interval, see `length_estimate`.
        high: upper end of the interval.
        n: how many rows were judged and used.
        method: where the difficulties came from.
        model: the coefficients; None where there is no fit.
        difficulty_free: with method `none`, the figure without difficulties. It extrapolates: read `warning`.
        warning: what a reader must know; None where there is nothing to say.
        at_equal_length: the preference for the model that each row predicts at equal length, 0 to 1, NaN where the
            difficulty of its instruction is not known; shape (n rows,). None where there is no fit.
    """

    value: float
    standard_error: float
    low: float
    high: float
    n: int
    method: LengthMethod
    model: LengthModel | None = None
    difficulty_free: Estimate | None = None
    warning: str | None = None
    at_equal_length: Floats | None = field(default=None, repr=False, compare=False)

    @property
    def alpaca_eval_standard_error(self) -> float:
        """AlpacaEval 0.6.6's `lc_standard_error` in percent: 100 · s/√n of the predictions, as if they were data.

        They vary with the instructions' difficulty alone, so this says little of how sure the value is.
        """
        if self.method is LengthMethod.BASELINE:
            return 0.0
        predicted = np.array([]) if self.at_equal_length is None else self.at_equal_length
        predicted = predicted[~np.isnan(predicted)]
        return 100 * float(predicted.std(ddof=1)) / len(predicted) ** 0.5 if len(predicted) > 1 else _NAN


def length_controlled_win_rate(
    annotations: "Table | LengthRows",
    gamed: GamedRows | None = None,
    difficulties: Difficulties | None = None,
    level: float = 0.95,
    seed: int = 0,
    solver: Solver = "liblinear",
) -> LengthControlled:
    """Estimate one model's length-controlled win rate.

    Difficulties come from `gamed` where given, else from `difficulties`, else from those shipped for
    AlpacaEval's 805 instructions. They are matched by the instruction's text, never by row number. Where
    fewer than 90% of the instructions have one, the method is `none`: `value` is NaN and
    `difficulty_free` holds σ of the constant in z = constant + length · tanh(Δ/s).

    Degenerate input: the baseline itself gets 50 without error; no judgment gives NaN and 0 to 100; one
    row, or equal length differences, has nothing to control for (x = 0) and is pulled to what is known
    beforehand; with all preferences equal the bootstrap has nothing to vary, so the interval is widened to
    that of the raw win rate. Missing preferences leave the fit, not the mean over instructions.

    Args:
        annotations: a DataFrame or rows with instruction, output_1 (reference), output_2 (model),
            preference and, where known, generator_1, generator_2 and annotator; or what is read of them.
        gamed: AlpacaEval's file, for the estimator of AlpacaEval 0.6.6.
        difficulties: what to use in place of the shipped ones.
        level: coverage that the interval aims at.
        seed: of the bootstrap.
        solver: for `gamed` only: `liblinear` is scikit-learn's, with which the value equals that of
            AlpacaEval; `newton` reaches the minimum of the same objective and needs no scikit-learn (its
            choice of C, where several are as good, can differ, which moves the value by up to 0.1).

    Returns:
        The estimate in percent.

    Raises:
        ValueError: a column is missing or a preference is not one; or `gamed` is of another eval set.
    """
    rows = annotations if isinstance(annotations, LengthRows) else LengthRows.of(annotations)
    return _one(rows, gamed, difficulties, level, seed, solver)


def length_controlled_win_rates(
    annotations: Mapping[str, Table],
    gamed: GamedRows | None = None,
    difficulties: Difficulties | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, LengthControlled]:
    """Estimate several models' length-controlled win rates on the same eval set.

    As `length_controlled_win_rate` for each; but on an eval set without known difficulties they are
    estimated from the models given (two or more), see `joint_model.difficulties_from`.

    Args:
        annotations: a table for each model's name.
        gamed: AlpacaEval's file, if there is one.
        difficulties: what to use in place of the shipped ones.
        level: coverage that the intervals aim at.
        seed: of the bootstrap.
    """
    rows = {name: LengthRows.of(table) for name, table in annotations.items()}
    results = {name: _one(each, gamed, difficulties, level, seed, "liblinear") for name, each in rows.items()}
    without = {name: rows[name] for name, result in results.items() if result.method is LengthMethod.NONE}
    if len(without) < 2:
        return results
    joint = difficulties_from(list(without.values()))
    for name, each in without.items():
        found = _with_difficulties(each, joint, LengthMethod.JOINT, level, seed)
        results[name] = replace(found, warning=f"difficulties estimated from {len(without)} models")
    return results


def _one(
    rows: LengthRows,
    gamed: GamedRows | None,
    difficulties: Difficulties | None,
    level: float,
    seed: int,
    solver: Solver,
) -> LengthControlled:
    if rows.is_baseline:
        return LengthControlled(50.0, 0.0, 50.0, 50.0, rows.n_judged, LengthMethod.BASELINE)
    if rows.n_judged == 0:
        return LengthControlled(_NAN, _NAN, 0.0, 100.0, 0, LengthMethod.NONE, warning="nothing was judged")
    if gamed is not None:
        return _with_difficulties(
            rows, gamed.by_instruction, LengthMethod.GAMED_ROWS, level, seed, gamed, solver
        )
    known = shipped_difficulties() if difficulties is None else difficulties
    if np.isfinite(known.of_keys(rows.keys)).mean() < _LEAST_KNOWN:
        return _without_difficulties(rows, level, seed)
    method = LengthMethod.SHIPPED if difficulties is None else LengthMethod.JOINT
    return _with_difficulties(rows, known, method, level, seed)


def _with_difficulties(
    rows: LengthRows,
    difficulties: Difficulties,
    method: LengthMethod,
    level: float,
    seed: int,
    gamed: GamedRows | None = None,
    solver: Solver = "liblinear",
) -> LengthControlled:
    looked_up = difficulties.of_keys(rows.keys)
    known = np.isfinite(looked_up)
    data = LengthData(rows.preferences[known] - 1, rows.lengths[known], looked_up[known])
    if not data.judged.any():
        raise ValueError("no judged instruction is in the file of difficulties: is it of another eval set?")
    prior = difficulties.prior
    fit = fit_with_prior(data, prior) if gamed is None else fit_with_gamed_rows(data, gamed, solver)
    keys = [key for key, is_known in zip(rows.keys, known, strict=True) if is_known]
    estimate, model = length_estimate(data, fit, keys, level, seed)
    predicted = np.full(len(known), _NAN)
    predicted[known] = data.without_length(np.array([[model.length, model.difficulty, model.constant]]))[0]
    return LengthControlled(
        estimate.value,
        estimate.standard_error,
        estimate.low,
        estimate.high,
        estimate.n,
        method,
        model,
        warning=_caution(rows, difficulties, int((~known).sum())),
        at_equal_length=predicted,
    )


def unregularized_win_rate(rows: LengthRows, gamed: GamedRows | None, seed: int = 0) -> LengthControlled:
    """Estimate a length-controlled win rate as AlpacaEval 0.6.6 does without its rows of the gamed reference.

    Args:
        rows: one model's annotations.
        gamed: the file that has the difficulties (there: length_controlled_noreg); None fits length and model
            alone (length_controlled_minimal).
        seed: of the bootstrap.
    """
    if rows.is_baseline:
        return LengthControlled(50.0, 0.0, 50.0, 50.0, rows.n_judged, LengthMethod.BASELINE)
    if rows.n_judged == 0:
        return LengthControlled(_NAN, _NAN, 0.0, 100.0, 0, LengthMethod.NONE, warning="nothing was judged")
    nothing = np.array([])
    known = (
        gamed.by_instruction
        if gamed
        else Difficulties(dict.fromkeys(rows.keys, 0.0), LengthPrior((0, 0, 0), (0, 0, 0)))
    )
    method = LengthMethod.UNREGULARIZED if gamed else LengthMethod.LENGTH_ALONE
    return _with_difficulties(rows, known, method, 0.95, seed, GamedRows(nothing, nothing, nothing, known))


def _without_difficulties(rows: LengthRows, level: float, seed: int) -> LengthControlled:
    data = LengthData(rows.preferences - 1, rows.lengths, np.zeros(len(rows.lengths)))
    fit = fit_with_prior(data, LengthPrior((0, 0, 0), (0.01, 1, 0.01)))
    estimate, _ = length_estimate(data, fit, rows.keys, level, seed)
    return LengthControlled(
        _NAN,
        _NAN,
        0.0,
        100.0,
        estimate.n,
        LengthMethod.NONE,
        difficulty_free=estimate,
        warning="no difficulties are known for these instructions: the difficulty-free figure extrapolates "
        "and can be further off than the raw win rate; give several models, or a file of difficulties",
    )


def _caution(rows: LengthRows, difficulties: Difficulties, n_unknown: int) -> str | None:
    cautions = []
    if n_unknown:
        cautions.append(f"{n_unknown} rows were left out: the difficulty of their instruction is not known")
    for name, here, there in (
        ("reference", rows.reference, difficulties.reference),
        ("judge", rows.annotator, difficulties.annotator),
    ):
        if here is not None and there is not None and here != there:
            cautions.append(f"difficulties were estimated with the {name} {there}, not {here}")
    return "; ".join(cautions) or None
