"""How well a judge agrees with people, and which part of its error is bias and which is variance.

All three statistics score a prediction against a target on one pair and average over pairs. They differ in
what they compare (after Dubois et al., "AlpacaFarm", 2023, section 4):

    human agreement   one annotation against the mode of the human votes
                      (for people: one vote against the mode of the others)
    bias              the mode of the judge's votes against the mode of the human votes
    variance          one vote against the mode of the other votes of the same annotator

Several values can be modes at once. By default a score is then the expectation over them, and `smallest` and
`largest` say how far any rule for breaking the ties could move the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from autoeval.analysis.arrays import row_means
from autoeval.analysis.tables import Codes, VoteTable, matched_tables, vote_table
from autoeval.errors import UsageError, nearest
from autoeval.metrics.estimates import Estimate
from autoeval.metrics.intervals import mean_interval
from autoeval.metrics.observations import Floats

if TYPE_CHECKING:
    import pandas as pd

Rule: TypeAlias = Literal["zero_one", "absolute", "squared"]
RULES: tuple[str, ...] = get_args(Rule)
# alpaca-eval 0.6.6 breaks a tie with pandas' sample(1, random_state=123): last of two, first of three.
_PEERS_PLACE_AMONG_TIES = np.array([0, 0, 1, 0])


@dataclass(frozen=True, slots=True)
class Agreement(Estimate):
    """An agreement or an error in percent, with its interval clustered by instruction.

    Attributes:
        smallest: the value under the tie-breaking that makes it smallest.
        largest: the value under the tie-breaking that makes it largest.
        n_instructions: how many instructions the `n` pairs stand on.
    """

    smallest: float
    largest: float
    n_instructions: int


def human_agreement(
    votes: pd.DataFrame,
    annotations: pd.DataFrame | None = None,
    rule: Rule = "absolute",
    compatible: bool = False,
) -> Agreement:
    """Score single annotations against the mode of the human votes, in percent.

    On each pair, the mean over the annotations a of score(a, mode of the human votes), where score is 1 for
    equality and otherwise 0 (zero_one), 1 − |a − m| (absolute) or 1 − (a − m)² (squared). Where the rule is
    absolute and the votes are not all 1, 1.5 or 2, the median stands for the mode; with squared, the mean.

    Args:
        votes: human votes, a row a vote (`instruction`, `output_1`, `output_2`, `preference`).
        annotations: the judge's annotations of the same pairs, one or more each. None: how well people agree
            among themselves, each vote against the mode of the others.
        rule: the scoring rule.
        compatible: break ties between modes as alpaca-eval 0.6.6 does, instead of taking the expectation.

    Returns:
        The agreement over the pairs that both tables hold (people alone: that have two votes or more). NaN
        with n = 0 where there is none.

    Raises:
        UsageError: a missing column, a preference outside [1, 2], an unknown rule, or no pair in common.
    """
    _check(rule)
    if annotations is None:
        return _one_against_the_rest(vote_table(votes), rule, compatible)
    humans, judge = matched_tables(votes, annotations)
    modes = _centres(humans.preferences, rule, compatible)
    singles = [_Centres.single(vote, rule) for vote in judge.preferences.T]
    return _average([_score(single, modes, rule) for single in singles], humans.instructions)


def bias(
    votes: pd.DataFrame,
    annotations: pd.DataFrame | None = None,
    rule: Rule = "absolute",
    compatible: bool = False,
) -> Agreement:
    """Score the mode of the judge's votes against the mode of the human votes; the error in percent.

    100 − 100 · mean over pairs of score(mode of the judge's votes, mode of the human votes). With one
    annotation a pair this includes the judge's variance, so it is an upper bound of the bias.

    Args:
        votes: human votes, a row a vote.
        annotations: the judge's annotations of the same pairs. None: the bias of people, 0 by convention.
        rule: the scoring rule, see `human_agreement`.
        compatible: break ties as alpaca-eval 0.6.6 does, on both sides.

    Raises:
        UsageError: see `human_agreement`.
    """
    _check(rule)
    if annotations is None:
        table = vote_table(votes)
        n = int((~np.isnan(table.preferences)).any(axis=1).sum())
        return Agreement(0.0, 0.0, 0.0, 0.0, n, 0.0, 0.0, len(np.unique(table.instructions)))
    humans, judge = matched_tables(votes, annotations)
    scores = _score(
        _centres(judge.preferences, rule, compatible), _centres(humans.preferences, rule, compatible), rule
    )
    return _as_error(_average([scores], humans.instructions))


def variance(annotations: pd.DataFrame, rule: Rule = "absolute", compatible: bool = False) -> Agreement:
    """Score each vote against the mode of the other votes of the same annotator; the error in percent.

    Args:
        annotations: two votes or more a pair, a row a vote; other pairs are left out.
        rule: the scoring rule, see `human_agreement`.
        compatible: break ties as alpaca-eval 0.6.6 does.

    Returns:
        The error; NaN with n = 0 where no pair has two votes.

    Raises:
        UsageError: see `human_agreement`.
    """
    _check(rule)
    return _as_error(_one_against_the_rest(vote_table(annotations, "annotations"), rule, compatible))


def scores_of_modes(predictions: Floats, targets: Floats, rule: Rule, compatible: bool = False) -> Floats:
    """Score the mode of some votes on each pair against the mode of others, from 0 to 1.

    Args:
        predictions: preferences in [1, 2], NaN where a vote is missing; shape (P, V).
        targets: likewise; shape (P, W).
        rule: the scoring rule, see `human_agreement`.
        compatible: break ties as alpaca-eval 0.6.6 does.

    Returns:
        A score a pair, NaN where one side has no vote; shape (P,).
    """
    return _score(_centres(predictions, rule, compatible), _centres(targets, rule, compatible), rule).expected


@dataclass(frozen=True, slots=True)
class _Centres:
    """What stands for several votes on each pair: `values` (P, K), of which those with `is_mode` are tied."""

    values: Floats
    is_mode: npt.NDArray[np.bool_]

    @classmethod
    def single(cls, votes: Floats, rule: Rule) -> _Centres:
        """One vote stands for itself; shapes (P, 1)."""
        values = _verdicts(votes) if rule == "zero_one" else votes
        return cls(values[:, None], ~np.isnan(values)[:, None])


def _centres(votes: Floats, rule: Rule, compatible: bool) -> _Centres:
    present = ~np.isnan(votes)
    counts = present.sum(axis=1)
    if rule == "squared":
        return _Centres.single(row_means(votes), rule)
    # In 0.6.6 a tie is 0 under zero_one, so that it comes first among equally frequent verdicts.
    grid = np.array([1.5, 1.0, 2.0] if rule == "zero_one" else [1.0, 1.5, 2.0])
    verdicts = _verdicts(votes)
    frequency = (verdicts[:, :, None] == grid).sum(axis=1)
    is_mode = (frequency == frequency.max(axis=1, keepdims=True)) & (counts > 0)[:, None]
    if compatible:
        chosen = _PEERS_PLACE_AMONG_TIES[is_mode.sum(axis=1)]
        is_mode &= np.cumsum(is_mode, axis=1) == chosen[:, None] + 1
    values = np.tile(grid, (len(votes), 1))
    if rule == "absolute":
        graded = (present & (verdicts != votes)).any(axis=1)
        values[graded, 0] = np.nanmedian(votes[graded], axis=1)
        is_mode[graded] = [True, False, False]
    return _Centres(values, is_mode)


def _verdicts(votes: Floats) -> Floats:
    """Round preferences to a win of the first (1), a tie (1.5) or a win of the second (2)."""
    return np.asarray(1.5 + 0.5 * np.sign(votes - 1.5), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class _Scores:
    """Scores in [0, 1] by pair, NaN where there is nothing to compare; each of shape (P,)."""

    expected: Floats
    smallest: Floats
    largest: Floats


def _score(predictions: _Centres, targets: _Centres, rule: Rule) -> _Scores:
    """Score every candidate of one side against every candidate of the other, by pair."""
    difference = np.abs(predictions.values[:, :, None] - targets.values[:, None, :])
    scores = {"zero_one": difference == 0, "absolute": 1 - difference, "squared": 1 - difference**2}[rule]
    possible = predictions.is_mode[:, :, None] & targets.is_mode[:, None, :]
    n_possible = possible.sum(axis=(1, 2))
    missing = n_possible == 0
    total = np.where(possible, scores, 0).sum(axis=(1, 2))
    return _Scores(
        expected=np.where(missing, np.nan, total / np.maximum(n_possible, 1)),
        smallest=np.where(missing, np.nan, np.where(possible, scores, 1).min(axis=(1, 2))),
        largest=np.where(missing, np.nan, np.where(possible, scores, 0).max(axis=(1, 2))),
    )


def _one_against_the_rest(table: VoteTable, rule: Rule, compatible: bool) -> Agreement:
    scores = [
        _score(
            _Centres.single(table.preferences[:, vote], rule),
            _centres(np.delete(table.preferences, vote, axis=1), rule, compatible),
            rule,
        )
        for vote in range(table.n_votes)
        if table.n_votes > 1
    ]
    return _average(scores, table.instructions)


def _average(scores: Sequence[_Scores], instructions: Codes) -> Agreement:
    """Average over the votes of a pair, then over pairs."""
    expected, smallest, largest = (
        row_means(np.array([getattr(score, name) for score in scores]).reshape(-1, len(instructions)).T)
        for name in ("expected", "smallest", "largest")
    )
    found = mean_interval(expected, clusters=instructions)
    judged = ~np.isnan(expected)
    return Agreement(
        *(found.value, found.standard_error, found.low, found.high, found.n),
        smallest=100 * float(smallest[judged].mean()) if found.n else float("nan"),
        largest=100 * float(largest[judged].mean()) if found.n else float("nan"),
        n_instructions=len(np.unique(instructions[judged])),
    )


def _as_error(agreement: Agreement) -> Agreement:
    return Agreement(
        value=100 - agreement.value,
        standard_error=agreement.standard_error,
        low=100 - agreement.high,
        high=100 - agreement.low,
        n=agreement.n,
        smallest=100 - agreement.largest,
        largest=100 - agreement.smallest,
        n_instructions=agreement.n_instructions,
    )


def _check(rule: str) -> None:
    if rule not in RULES:
        raise UsageError(f"unknown scoring rule {rule!r}. {nearest(rule, RULES)}")
