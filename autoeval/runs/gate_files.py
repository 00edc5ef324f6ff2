"""What a gate found, for programs (JUnit XML) and for people (Markdown)."""

import math
from collections.abc import Sequence
from xml.etree import ElementTree

from autoeval.metrics.estimates import Estimate
from autoeval.runs.rules import Finding, Outcome, Rules
from autoeval.texts.patterns import lazy_pattern

_UNWRITABLE = lazy_pattern("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MARKS = {Outcome.PASS: "✅", Outcome.FAIL: "❌", Outcome.UNDECIDED: "❔"}


def junit(findings: Sequence[Finding], rules: Rules, model: str) -> str:
    """Return a test suite with a test a rule; an undecided one is an error, skipped, or what the rules count it as."""
    counted = [counted_as(finding, rules) for finding in findings]
    suite = ElementTree.Element(
        "testsuite",
        name="alpaca_eval gate",
        tests=str(len(findings)),
        failures=str(counted.count(Outcome.FAIL)),
        errors=str(counted.count(Outcome.UNDECIDED)),
        skipped="0",
    )
    for finding, outcome in zip(findings, counted, strict=True):
        case = ElementTree.SubElement(
            suite, "testcase", classname=_clean(model), name=_clean(finding.rule.name)
        )
        told = f"{finding.outcome}: {said(finding)}"
        if outcome is Outcome.FAIL:
            ElementTree.SubElement(case, "failure", message=_clean(told))
        elif outcome is Outcome.UNDECIDED:
            ElementTree.SubElement(case, "error", message=_clean(told))
        ElementTree.SubElement(case, "system-out").text = _clean(told)
    ElementTree.indent(suite)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suite, encoding="unicode")


def markdown(findings: Sequence[Finding], rules: Rules, outcome: Outcome, heading: str) -> str:
    """Return a summary with a table of the rules."""
    lines = [
        f"## {_MARKS[outcome]} {_cell(heading)}: {outcome}",
        "",
        f"| | rule | measured | {_interval_name(rules)} | |",
        "|---|---|---:|---:|---|",
    ]
    for finding in findings:
        value, interval = numbers(finding.estimate)
        lines.append(
            f"| {_MARKS[finding.outcome]} {finding.outcome} | {_cell(finding.rule.name)} | {value} | {interval} "
            f"| {_cell(finding.note or '')} |"
        )
    lines += [
        "",
        f"A rule passes where its whole interval satisfies it and fails where all of it violates it. The intervals of "
        f"{len(findings)} rules hold together with {100 * (1 - rules.error):g}%.",
    ]
    return "\n".join(lines)


def counted_as(finding: Finding, rules: Rules) -> Outcome:
    """Return what a finding counts as: an undecided one as the rules say."""
    return rules.undecided if finding.outcome is Outcome.UNDECIDED else finding.outcome


def said(finding: Finding) -> str:
    """Say what was measured."""
    value, interval = numbers(finding.estimate)
    note = f"; {finding.note}" if finding.note else ""
    return f"{finding.rule.quantity} is {value} (interval {interval}{note})"


def numbers(estimate: Estimate) -> tuple[str, str]:
    """Return a value and its interval as they are shown."""
    value = "–" if math.isnan(estimate.value) else f"{estimate.value:.2f}"
    return value, f"{estimate.low:.2f} – {estimate.high:.2f}"


def _interval_name(rules: Rules) -> str:
    return f"{100 * rules.level:.4g}% interval"


def _cell(text: str) -> str:
    return " ".join(_clean(text).split()).replace("|", "\\|").replace("<", "&lt;")


def _clean(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", text)
