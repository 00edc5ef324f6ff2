"""Showing runs whose answers were scored one by one."""

import math
from collections.abc import Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from autoeval.cli.tables import plain_table
from autoeval.metrics.estimates import Estimate
from autoeval.runs.scored import ScoredRun


def show_scored(console: Console, run: ScoredRun) -> None:
    """Print the numbers with their intervals, what they rest on, and where they were written."""
    console.print(Text(f"{run.name}, checked by {run.annotator}", style="bold"))
    console.print(estimates_table("in percent", run.estimates, console.width))
    if run.by_subset:
        console.print(estimates_table("score by subset", run.by_subset, console.width))
    total = len(run.rows) + run.n_unanswered
    console.print(Text(f"{total - run.n_missing} of {total} scored ({100 * run.coverage:.1f}%)"))
    for reason, count in run.failures.most_common():
        console.print(Text(f"  missing: {count} {reason}"))
    for caution in run.cautions:
        console.print(Text(caution), soft_wrap=True)
    if run.paths:
        console.print(Text("Written:"))
    for path in run.paths:
        console.print(Text(f"  {path}"), soft_wrap=True)


def estimates_table(title: str, estimates: Mapping[str, Estimate], width: int) -> Table:
    """Make numbers with their intervals a table; `title` heads the names."""
    rows = list(estimates.values())
    columns = {
        "value": [_number(row.value) for row in rows],
        "95% interval": [f"{row.low:.1f} – {row.high:.1f}" for row in rows],
        "SE": [_number(row.standard_error) for row in rows],
        "n": [str(row.n) for row in rows],
    }
    return plain_table(title, list(estimates), columns, width)


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.2f}"
