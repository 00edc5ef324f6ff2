"""Rules of a gate: what must hold of a run's numbers, and whether their intervals say that it does."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from autoeval.errors import UsageError
from autoeval.metrics.estimates import Estimate
from autoeval.metrics.student import student_quantile
from autoeval.prompting.yaml_files import parse, read_yaml
from autoeval.runs.measured import Adjusted, Measured
from autoeval.runs.quantities import SHARES, Quantity, paired_difference
from autoeval.texts.patterns import lazy_pattern
from autoeval.types import Scale

_RULE = lazy_pattern(r"\s*([^\s<>=]+?)\s*(-\s*baseline)?\s*(<=|>=|<|>)\s*([-+]?\d+(?:\.\d+)?)\s*%?\s*")
_NOISE = 1e-9  # of adding up floats
_LARGE = 10_000  # degrees of freedom at which Student's t is the normal distribution to four digits


class Outcome(StrEnum):
    """What a gate says."""

    PASS = "pass"
    FAIL = "fail"
    UNDECIDED = "undecided"


class Named(BaseModel):
    """A rule with a name of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: str
    """What must hold, such as `win_rate > 45`."""
    name: str | None = None
    """What reports call it."""


class RulesFile(BaseModel):
    """A gate's YAML."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rules: list[Named] = Field(min_length=1)
    """What must hold, each as text or with a name."""
    error: float = Field(default=0.05, gt=0, lt=0.5)
    """The chance that any rule is decided wrongly, all of them taken together."""
    undecided: Literal["undecided", "pass", "fail"] = "undecided"
    """What a rule counts as that cannot be decided."""
    min_coverage: float = Field(default=0.99, ge=0, le=1)
    """The share of a run that must have a verdict; of a run with less, nothing is decided."""

    @field_validator("rules", mode="before")
    @classmethod
    def _named(cls, rules: Any) -> Any:
        if not isinstance(rules, list):
            return rules
        return [{"rule": rule} if isinstance(rule, str) else rule for rule in rules]


@dataclass(frozen=True)
class Rule:
    """`quantity > limit`, or of the difference to a baseline."""

    name: str
    quantity: str
    is_difference: bool
    operator: str
    limit: float

    def of_interval(self, low: float, high: float) -> Outcome:
        """Pass where the whole interval satisfies the rule, fail where all of it violates it."""
        if self.operator.startswith("<"):
            low, high, limit = -high, -low, -self.limit
        else:
            limit = self.limit
        is_strict = len(self.operator) == 1
        if low > limit or (low == limit and not is_strict):
            return Outcome.PASS
        return Outcome.FAIL if high < limit or (high == limit and is_strict) else Outcome.UNDECIDED


@dataclass(frozen=True)
class Rules:
    """The rules of a file, one family: `level` is the coverage of each interval, so that all hold together."""

    rules: Sequence[Rule]
    error: float
    undecided: Outcome
    min_coverage: float

    @property
    def level(self) -> float:
        """1 − error/m for m rules (Bonferroni)."""
        return 1 - self.error / len(self.rules)


@dataclass(frozen=True)
class Finding:
    """A rule, what was measured (in percent or points), and what follows; `note` says what else there is to know."""

    rule: Rule
    estimate: Estimate
    outcome: Outcome
    note: str | None = None


def read_rules(path: str | Path) -> Rules:
    """Read a gate's rules.

    Raises:
        UsageError: the file is missing or wrong; the message names the rule.
    """
    file = parse(RulesFile, read_yaml(Path(path), "'rules: [win_rate > 45]'"), str(path))
    rules = [_rule(entry, str(path)) for entry in file.rules]
    names = [rule.name for rule in rules]
    if repeated := next((name for name in names if names.count(name) > 1), None):
        raise UsageError(
            f"{path}: the rule {repeated!r} is there twice. Remove one, or give it another `name`."
        )
    return Rules(rules, file.error, Outcome(file.undecided), file.min_coverage)


def _rule(entry: Named, path: str) -> Rule:
    text = entry.rule
    found = _RULE.fullmatch(text)
    if found is None:
        raise UsageError(
            f"{path}: {text!r} is no rule. A rule is `quantity > number` (or <, >=, <=), or "
            "`quantity - baseline > number`."
        )
    quantity, difference, operator, limit = found.groups()
    name = entry.name or " ".join(text.split())
    return Rule(name, quantity, difference is not None, operator, float(limit))


def hold_against(rules: Rules, run: Measured, baseline: Measured | None) -> list[Finding]:
    """Hold a run against rules.

    Raises:
        UsageError: a rule names a quantity that is not measured, or a baseline that is not given or does not compare.
    """
    if baseline is not None:
        _refuse_what_does_not_compare(run, baseline)
    found = []
    for rule in rules.rules:
        if rule.is_difference and baseline is None:
            raise UsageError(
                f"the rule {rule.name!r} needs a baseline: alpaca_eval gate RUN BASELINE --rules …"
            )
        _refuse_a_limit_off_the_scale(rule, run)
        sides = [run, *([baseline] if baseline and rule.is_difference else [])]
        estimate, note = _estimate(rule, sides, rules.level)
        outcome = rule.of_interval(estimate.low, estimate.high)
        low = next((side for side in sides if side.coverage < rules.min_coverage), None)
        if low is not None:
            outcome = Outcome.UNDECIDED
            note = f"only {100 * low.coverage:.1f}% of {low.path.parent} has a verdict"
        found.append(Finding(rule, estimate, outcome, note))
    return found


def _estimate(rule: Rule, sides: Sequence[Measured], level: float) -> tuple[Estimate, str | None]:
    measured = [side.quantity(rule.quantity) for side in sides]
    plain = [one for one in measured if isinstance(one, Quantity)]
    if len(plain) == len(measured):
        if len(plain) == 1:
            return _with_width(plain[0].estimate(level), plain[0].scale), _on(plain[0].scale)
        difference = paired_difference(plain[0], plain[1], level)
        if not difference.n:
            raise UsageError(
                f"the rule {rule.name!r}: the run and the baseline share no question that has a verdict."
            )
        scale = _on(plain[0].scale)
        return _with_width(
            difference, plain[0].scale
        ), f"paired on {difference.n} questions{f', {scale}' if scale else ''}"
    adjusted = [one for one in measured if isinstance(one, Adjusted)]
    value = adjusted[0].value - (adjusted[1].value if len(adjusted) > 1 else 0)
    error = sum(one.standard_error for one in adjusted)
    half = student_quantile(_LARGE, level) * error
    note = "not paired: its error is the sum of both" if len(adjusted) > 1 else None
    return Estimate(value, error, value - half, value + half, adjusted[0].n), note


def _with_width(estimate: Estimate, scale: Scale) -> Estimate:
    """Leave open how far a mean reaches that nothing varies around, on a scale without ends; others have a width."""
    if scale.ends is not None or estimate.standard_error > _NOISE * max(1.0, abs(estimate.value)):
        return estimate
    return replace(estimate, low=-math.inf, high=math.inf)


def _on(scale: Scale) -> str | None:
    """Say on which scale a number is, where it is not in percent."""
    return None if scale == SHARES else f"on the judge's scale {scale}".rstrip()


def _refuse_a_limit_off_the_scale(rule: Rule, run: Measured) -> None:
    quantity = run.quantity(rule.quantity)
    scale = quantity.scale if isinstance(quantity, Quantity) else SHARES
    if rule.is_difference or scale.holds(rule.limit / 100 if scale == SHARES else rule.limit):
        return
    off = (
        "is no percentage, from 0 to 100"
        if scale == SHARES
        else f"lies off the judge's scale, which goes {scale}"
    )
    raise UsageError(f"the rule {rule.name!r}: {rule.limit:g} {off}.")


def _refuse_what_does_not_compare(run: Measured, baseline: Measured) -> None:
    for what, ours, theirs in (
        ("judged by", run.annotator, baseline.annotator),
        ("compared with", run.reference, baseline.reference),
        ("scored", str(run.headline.scale), str(baseline.headline.scale)),
    ):
        if ours != theirs:
            raise UsageError(
                f"the runs do not compare: {run.path} is {what} {ours!r}, the baseline {baseline.path} {theirs!r}."
            )
