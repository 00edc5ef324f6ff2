"""What an audit found: a judge under controlled changes of the same pairs, without a human vote.

Every check has one number a pair that is symmetric around 0 for an unbiased judge: because the side that is
changed is drawn at random, or because two asks of the same question can change places. So each is tested by
flipping signs, which holds for any judge and any number of pairs (`permutation_test`), instruction by
instruction; the p-values of all checks are one Benjamini–Hochberg family.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from autoeval.analysis.arrays import totals_by
from autoeval.analysis.effects import Alternative, Effect, effects_of
from autoeval.analysis.significance import benjamini_hochberg, permutation_test
from autoeval.metrics.intervals import mean_interval

if TYPE_CHECKING:
    import pandas as pd

_OF_INTERVAL = 0.05
"""How often a 95% interval misses."""


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """One line of an audit.

    Attributes:
        check: what was done to the pairs.
        value: the effect in points (percent where it is a rate).
        standard_error: clustered by instruction.
        low: lower end of the 95% interval.
        high: upper end of it.
        n: pairs.
        p_value: of the test against an unbiased judge; None for an estimate.
        p_adjusted: the same after Benjamini–Hochberg over all checks.
        flagged: whether the judge fails this check.
        text: the finding in words.
    """

    check: str
    value: float
    standard_error: float
    low: float
    high: float
    n: int
    p_value: float | None
    p_adjusted: float | None
    flagged: bool
    text: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    """All findings of an audit.

    Attributes:
        findings: one a check, in the order of the checks.
        alpha: the expected share of false alarms among what is flagged.
    """

    findings: tuple[AuditFinding, ...]
    alpha: float

    @property
    def flagged(self) -> tuple[AuditFinding, ...]:
        """The checks that the judge fails."""
        return tuple(finding for finding in self.findings if finding.flagged)

    def __str__(self) -> str:
        """Give a line a finding."""
        return "\n".join(finding.text for finding in self.findings)


def audit_report(
    table: pd.DataFrame, more: Sequence[Effect] = (), alpha: float = 0.05, seed: int = 0
) -> AuditReport:
    """Say which changes of a pair move a judge that they should not move.

    Position: mean share of wins of the output shown first over both orders, minus ½. Filler and injection:
    mean gain of the changed side, tested for a gain only (to mark it down is no fault). List and bold: the
    same, tested in both directions. Flips and repeats: how often the verdict changes (½ for a tie against a
    winner), estimates. Anchor: mean shift towards output 2 since the stored replies; and, where repeats were
    asked, how much more often the verdict changes than on a repeat. A gain is measured against the mean of
    all asks of the unchanged pair.

    Args:
        table: from `audit_table`. Checks that it lacks are left out.
        more: further effects for the same family, see `self_preference`.
        alpha: expected share of false alarms among what is flagged.
        seed: of the sign flips.

    Raises:
        UsageError: a missing column, an unknown check, no row of the unchanged pairs, or a pair that has a
            check twice.
    """
    effects = [*effects_of(table), *more]
    p_values = {
        effect.check: _p_value(effect, effect.alternative, seed) for effect in effects if effect.alternative
    }
    adjusted = dict(zip(p_values, benjamini_hochberg(list(p_values.values())).tolist(), strict=True))
    return AuditReport(
        tuple(
            _finding(effect, p_values.get(effect.check), adjusted.get(effect.check), alpha, len(p_values))
            for effect in effects
        ),
        alpha,
    )


def _p_value(effect: Effect, alternative: Alternative, seed: int) -> float:
    seen = ~np.isnan(effect.values)
    by_instruction = totals_by(effect.instructions[seen], effect.values[seen, None])
    return float(permutation_test(by_instruction, seed, alternative)[0]) if len(by_instruction) > 1 else 1.0


def _finding(
    effect: Effect, p: float | None, adjusted: float | None, alpha: float, n_tests: int
) -> AuditFinding:
    is_rate = effect.alternative is None
    # The interval is made for values in [0, 1]; differences lie in [−1, 1].
    values = effect.values if is_rate else (effect.values + 1) / 2
    found = mean_interval(values, clusters=effect.instructions)
    scale, shift, sign = (1, 0, "") if is_rate else (2, -100, "+")
    value, low, high = (scale * each + shift for each in (found.value, found.low, found.high))
    flagged = adjusted is not None and adjusted <= alpha
    verdict = "An estimate, nothing is tested."
    if p is not None and adjusted is not None:
        verdict = f"p = {adjusted:.4f} after adjustment: {'FLAGGED' if flagged else 'no sign of it'}."
        excludes_0 = low > 0 or high < 0
        if flagged and not excludes_0:
            verdict += f" {_why_only_the_test(effect, p, alpha)}"
        elif excludes_0 and not flagged:
            verdict += f" {_why_only_the_interval(effect, p, high, alpha, n_tests)}"
    words = effect.words.format(points=f"{value:+.1f} points", percent=f"{value:.1f}%")
    text = f"{words} (95% interval {low:{sign}.1f} to {high:{sign}.1f}; {found.n} pairs). {verdict}"
    if not found.n:
        text = "No pair has all the answers that this takes."
    error = scale * found.standard_error
    return AuditFinding(effect.check, value, error, low, high, found.n, p, adjusted, flagged, text)


def _why_only_the_test(effect: Effect, p: float, alpha: float) -> str:
    """Say why a check is flagged although its 95% interval contains 0."""
    if p > _OF_INTERVAL:
        return f"The interval contains 0 because it allows an error of 5%, the test of {100 * alpha:g}%."
    if effect.alternative == "greater" and 2 * p > _OF_INTERVAL:
        return "The interval contains 0 because it looks both ways, and the test for a gain only."
    return "The interval contains 0 because it is the more cautious of two methods where pairs are few."


def _why_only_the_interval(effect: Effect, p: float, high: float, alpha: float, n_tests: int) -> str:
    """Say why a check is not flagged although its 95% interval excludes 0."""
    if effect.alternative == "greater" and high < 0:
        return "The interval lies below 0, but only a gain is a fault, and tested for."
    if p <= alpha:
        return f"The interval excludes 0, but does not allow for {n_tests} tests at once; alone, p = {p:.4f}."
    if p <= _OF_INTERVAL:
        return f"The interval excludes 0, but allows an error of 5%, the test of {100 * alpha:g}%."
    return "The interval excludes 0, barely: it and the test are two methods."
