"""Showing finished runs on the terminal: one, or two against each other."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from autoeval.cli.tables import subset_table
from autoeval.pipeline.compare import RunComparison
from autoeval.pipeline.runs import Run


def show_run(console: Console, run: Run) -> None:
    """Print a run: the number, what it rests on, and its subsets."""
    tally = run.tally()
    rate = tally.win_rate()
    console.print(Text(f"{run.model} against {run.reference}, judged by {run.judge}", style="bold"))
    console.print(
        Text(
            f"win rate {rate.win_rate:.2f}% (95% interval {rate.low:.1f} – {rate.high:.1f}), "
            f"{rate.n_wins} wins, {rate.n_wins_base} losses, {rate.n_draws} ties"
        )
    )
    total = rate.n_total + rate.n_missing
    console.print(Text(f"{rate.n_total} of {total} pairs judged ({100 * tally.coverage:.1f}%)"))
    for reason, count in tally.failures.most_common():
        console.print(Text(f"  missing: {count} {reason}"))
    if tally.flip_rate is not None:
        console.print(Text(f"{tally.flip_rate:.1f}% of the verdicts flip when the order is turned round"))
    if rates := tally.by_subset():
        console.print(subset_table(rates, console.width))
    report = run.path.with_name("report.html")
    console.print(Text(f"Pairs: {report if report.is_file() else run.path}"), soft_wrap=True)


def show_comparison(console: Console, result: RunComparison) -> None:
    """Print two runs against each other: the difference, its tests, and where they differ most."""
    a, b, tests = result.a, result.b, result.tests
    console.print(Text(f"A: {a.model} ({a.path})"), soft_wrap=True)
    console.print(Text(f"B: {b.model} ({b.path})"), soft_wrap=True)
    if result.caution:
        console.print(Text(f"Careful: {result.caution}; the difference is also one of judges."), style="bold")
    console.print(
        Text(
            f"A − B: {tests.value:+.2f} points (95% interval {tests.low:+.2f} to {tests.high:+.2f}) on {tests.n} "
            f"shared instructions; A has the better verdict on {tests.n_better}, the worse on {tests.n_worse}"
        )
    )
    console.print(
        Text(
            f"paired t-test p = {tests.p_t:.3g}, permutation {tests.p_permutation:.3g}, "
            f"Wilcoxon {tests.p_wilcoxon:.3g}, McNemar {tests.p_mcnemar:.3g}"
        )
    )
    if result.contrasts:
        console.print(_contrast_table(result))


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
