"""Showing runs whose answers were scored one by one."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from autoeval.cli.show_asked import asked_lines
from autoeval.cli.tables import plain_table
from autoeval.journeys.best_of_n import BestOfN
from autoeval.journeys.gate import Gate
from autoeval.journeys.import_results import ImportedResults
from autoeval.journeys.refusal import Refusals
from autoeval.metrics.estimates import Estimate
from autoeval.runs.gate_files import said
from autoeval.runs.quantities import SHARES
from autoeval.runs.scored import ScoredRun
from autoeval.types import Scale


def show_scored(console: Console, run: ScoredRun) -> None:
    """Print the numbers with their intervals, what they rest on, and where they were written."""
    console.print(Text(f"{run.name}, checked by {run.annotator}", style="bold"))
    console.print(estimates_table("in percent", run.estimates, console.width))
    if run.by_subset:
        console.print(estimates_table(f"{next(iter(run.estimates))} by subset", run.by_subset, console.width))
    total = len(run.rows) + run.n_unanswered
    console.print(Text(f"{total - run.n_missing} of {total} scored ({100 * run.coverage:.1f}%)"))
    for reason, count in run.failures.most_common():
        console.print(Text(f"  missing: {count} {reason}"))
    _show_rest(console, run.cautions, run.paths)


def show_refusals(console: Console, run: Refusals) -> None:
    """Print the rates of refusal, what people said, and how often we say the same."""
    show_scored(console, run)
    if run.by_labels:
        console.print(_labels_table(run, console.width))
    if run.agreements:
        columns = {
            "full, partial, none": [_with_ends(one.three) for one in run.agreements],
            "refusal or not": [_with_ends(one.two) for one in run.agreements],
            "n": [str(one.three.n) for one in run.agreements],
        }
        names = [f"{one.one} – {one.other}" for one in run.agreements]
        console.print(plain_table("agreement", names, columns, console.width))
    for line in asked_lines(run.ask):
        console.print(Text(line))


def _labels_table(run: Refusals, width: int) -> Table:
    """Make the rates by the labels of the file, a column a teller, a table."""
    names = list(run.estimates)
    columns = {
        column: [_number(rates[name].value) if name in rates else "" for name in names]
        for column, rates in run.by_labels.items()
    }
    return plain_table("by labels", names, columns, width)


def show_best_of_n(console: Console, result: BestOfN) -> None:
    """Print the win rates of samples and picks, and the curve over n."""
    console.print(estimates_table("win rate", result.rates(), console.width))
    if result.curve:
        curve = {f"best of {k}": rate for k, rate in result.curve.items()}
        console.print(estimates_table("expected win rate", curve, console.width))
    if result.n_missing:
        console.print(Text(f"{result.n_missing} picks have no verdict"))
    _show_rest(console, result.cautions, result.paths)


def show_gate(console: Console, result: Gate) -> None:
    """Print what a gate says, rule by rule."""
    console.print(Text(f"{result.heading}: {result.outcome}", style="bold"))
    for finding in result.findings:
        console.print(Text(f"  {finding.outcome}: {finding.rule.name}: {said(finding)}"), soft_wrap=True)
    n = len(result.findings)
    together = f"; the intervals of {n} rules hold together" if n > 1 else ""
    console.print(Text(f"a wrong decision has a chance of at most {100 * result.rules.error:g}%{together}"))
    _show_rest(console, (), result.paths)


def show_results(console: Console, result: ImportedResults) -> None:
    """Print what other harnesses measured, and which of their versions."""
    for one in result.results:
        console.print(Text(f"{one.model}, by {one.harness} {one.version} ({one.path})"), soft_wrap=True)
        columns = {
            "value": [f"{metric.value:.4g}" for metric in one.metrics],
            "SE": [
                "" if metric.standard_error is None else f"{metric.standard_error:.3g}"
                for metric in one.metrics
            ],
            "n": [str(metric.n or "") for metric in one.metrics],
        }
        console.print(plain_table("result", [metric.name for metric in one.metrics], columns, console.width))
    if result.path:
        console.print(Text(f"{len(result.results)} results joined the board {result.path}"), soft_wrap=True)


def _show_rest(console: Console, cautions: Sequence[str], paths: Sequence[Path]) -> None:
    for caution in cautions:
        console.print(Text(caution), soft_wrap=True)
    if paths:
        console.print(Text("Written:"))
    for path in paths:
        console.print(Text(f"  {path}"), soft_wrap=True)


def estimates_table(title: str, estimates: Mapping[str, Estimate], width: int, digits: int = 1) -> Table:
    """Make numbers with their intervals a table; `title` heads the names, the ends have so many digits."""
    rows = list(estimates.values())
    columns = {
        "value": [_number(row.value) for row in rows],
        "95% interval": ["" if math.isnan(row.low) else _ends(row, digits) for row in rows],
        "SE": [_number(row.standard_error) for row in rows],
        "n": [str(row.n) for row in rows],
    }
    return plain_table(title, list(estimates), columns, width)


def _with_ends(estimate: Estimate) -> str:
    return f"{_number(estimate.value)} ({_ends(estimate)})"


def scale_name(scale: Scale) -> str:
    """Say what numbers on a scale are in."""
    if scale == SHARES:
        return "in percent"
    return f"on a scale {scale}" if str(scale) else "on a scale without ends"


def _ends(estimate: Estimate, digits: int = 1) -> str:
    return f"{estimate.low:.{digits}f} – {estimate.high:.{digits}f}"


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.2f}"


SHOWN: Mapping[type, Callable[[Console, Any], None]] = {
    ScoredRun: show_scored,
    Refusals: show_refusals,
    BestOfN: show_best_of_n,
    Gate: show_gate,
    ImportedResults: show_results,
}
