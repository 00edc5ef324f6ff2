"""Showing finished runs on the terminal: one, or two against each other."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from autoeval.cli.show_scored import estimates_table, scale_name
from autoeval.cli.tables import subset_table
from autoeval.journeys.compare import RunComparison
from autoeval.runs.finished import Run
from autoeval.runs.paying.again import ToldAgain


def show_run(console: Console, run: Run) -> None:
    """Print a run: the number, what it rests on, and its subsets."""
    if run.is_of_pairs:
        _show_pairs(console, run)
    else:
        _show_scores(console, run)
    report = run.path.with_name("report.html")
    what = "Pairs" if run.is_of_pairs else "Outputs"
    console.print(Text(f"{what}: {report if report.is_file() else run.path}"), soft_wrap=True)


def _show_scores(console: Console, run: Run) -> None:
    found = run.measured
    console.print(Text(f"{run.model}, judged by {run.judge}", style="bold"))
    estimates = {name: one.estimate() for name, one in found.plain.items()}
    headline = estimates[found.name]
    if headline.n:
        digits = 1 if found.headline.unit > 1 else 2
        console.print(estimates_table(scale_name(found.headline.scale), estimates, console.width, digits))
        if found.subsets:
            subsets = {name: one.estimate() for name, one in found.subsets.items()}
            console.print(estimates_table(f"{found.title} by category", subsets, console.width, digits))
    else:
        console.print(Text(f"nothing was judged, so there is no {found.title}"))
    total = headline.n + found.headline.n_missing
    console.print(Text(f"{headline.n} of {total} scored ({100 * found.coverage:.1f}%)"))
    for reason, count in found.failures.most_common():
        console.print(Text(f"  missing: {count} {reason}"))


def _show_pairs(console: Console, run: Run) -> None:
    tally = run.tally()
    rate = tally.win_rate()
    console.print(Text(f"{run.model} against {run.reference}, judged by {run.judge}", style="bold"))
    if rate.n_total:
        interval = f"{run.interval_name} {rate.low:.1f} – {rate.high:.1f}"
        counts = f"{rate.n_wins} wins, {rate.n_wins_base} losses, {rate.n_draws} ties"
        console.print(Text(f"win rate {rate.win_rate:.2f}% ({interval}), {counts}"))
    else:
        console.print(Text("nothing was judged, so there is no win rate"))
    total = rate.n_total + rate.n_missing
    console.print(Text(f"{rate.n_total} of {total} pairs judged ({100 * tally.coverage:.1f}%)"))
    for reason, count in tally.failures.most_common():
        console.print(Text(f"  missing: {count} {reason}"))
    if tally.flip_rate is not None:
        console.print(Text(f"{tally.flip_rate:.1f}% of the verdicts flip when the order is turned round"))
    if rate.n_total and (rates := tally.by_subset()):
        console.print(subset_table(rates, console.width, run.interval_name))


def show_comparison(console: Console, result: RunComparison) -> None:
    """Print two runs against each other: the difference, its tests, and where they differ most."""
    a, b, tests = result.a, result.b, result.tests
    console.print(Text(f"A: {a.model} ({a.path})"), soft_wrap=True)
    console.print(Text(f"B: {b.model} ({b.path})"), soft_wrap=True)
    if result.caution:
        console.print(Text(f"Careful: {result.caution}; the difference is also one of judges."), style="bold")
    shared = "1 shared instruction" if tests.n == 1 else f"{tests.n} shared instructions"
    better, worse = ("better verdict", "worse") if a.is_of_pairs else ("higher score", "lower")
    verdicts = f"A has the {better} on {tests.n_better}, the {worse} on {tests.n_worse}"
    points = " points" if a.measured.headline.unit > 1 else ""
    console.print(Text(f"A − B: {tests.value:+.2f}{points}{_interval(result)} on {shared}; {verdicts}"))
    if tests.n == 1:
        console.print(Text("One instruction cannot tell two models apart: there is no interval and no test."))
    else:
        if math.isnan(tests.low):
            console.print(Text("The difference is the same on every instruction, so it has no interval."))
        t_test = "sign test" if math.isnan(tests.low) else "paired t-test"
        p_values = (
            f"{t_test} p = {tests.p_t:.3g}, permutation {tests.p_permutation:.3g}, "
            f"Wilcoxon {tests.p_wilcoxon:.3g}, {'McNemar' if a.is_of_pairs else 'sign test'} {tests.p_mcnemar:.3g}"
        )
        console.print(Text(p_values))
    if result.contrasts:
        console.print(_contrast_table(result))


def _interval(result: RunComparison) -> str:
    tests = result.tests
    return "" if math.isnan(tests.low) else f" ({result.interval_name} {tests.low:+.2f} to {tests.high:+.2f})"


def _contrast_table(result: RunComparison) -> Table:
    table = Table(
        box=SIMPLE_HEAD, pad_edge=False, expand=True, title="Where they differ most", title_justify="left"
    )
    table.add_column("instruction", overflow="ellipsis", ratio=1, no_wrap=True)
    for header in ("A", "B", "A − B"):
        table.add_column(header, justify="right", no_wrap=True, min_width=5)
    for contrast in result.contrasts:
        line = " ".join(contrast.instruction.split())
        table.add_row(Text(line), f"{contrast.a:.2f}", f"{contrast.b:.2f}", f"{contrast.difference:+.2f}")
    return table


def show_again(console: Console, told: ToldAgain) -> None:
    """Print what judgments on some of the pairs came to."""
    for title, lines in told.said:
        console.print(Text(title, style="bold"), soft_wrap=True)
        for line in lines:
            console.print(Text(line), soft_wrap=True)
    console.print(Text(f"Kept in: {told.path}"), soft_wrap=True)


SHOWN: Mapping[type, Callable[[Console, Any], None]] = {
    Run: show_run,
    RunComparison: show_comparison,
    ToldAgain: show_again,
}
