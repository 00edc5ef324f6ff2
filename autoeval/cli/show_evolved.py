"""Showing an evolved eval set: what was kept, what was dropped and why, and whether it helps."""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from autoeval.analysis.evolution import Interval
from autoeval.cli.show_asked import asked_lines
from autoeval.cli.tables import plain_table
from autoeval.metrics.estimates import Estimate
from autoeval.runs.evolution_report import EvolutionReport
from autoeval.runs.evolved_set import EvolvedSet


def show_evolved(console: Console, result: EvolvedSet) -> None:
    """Print what came of each round, the reasons of drops, the report, and the files."""
    _show_rounds(console, result)
    for reason, count in result.reasons.most_common():
        console.print(Text(f"  {'missing' if reason == 'missing' else f'dropped, {reason}'}: {count}"))
    if not result.pool.kept:
        console.print(Text("nothing was kept, so the eval set is empty"))
    if result.report is not None:
        _show_report(console, result.report)
    for line in (*result.cautions, *asked_lines(result.ask)):
        console.print(Text(line), soft_wrap=True)
    if result.paths:
        console.print(Text("Written:"))
    for path in result.paths:
        console.print(Text(f"  {path}"), soft_wrap=True)


def _show_rounds(console: Console, result: EvolvedSet) -> None:
    pool = result.pool
    kept = Counter(one.round for one in pool.kept)
    dropped = Counter(drop.step.round for drop in pool.dropped)
    lacking = Counter(lack.step.round for lack in pool.lacking)
    rounds = sorted(kept.keys() | dropped.keys() | lacking.keys())
    columns = {
        "tried": [str(kept[n] + dropped[n] + lacking[n]) for n in rounds],
        "kept": [str(kept[n]) for n in rounds],
        "dropped": [str(dropped[n]) for n in rounds],
        "missing": [str(lacking[n]) for n in rounds],
    }
    console.print(plain_table("round", [str(n) for n in rounds], columns, console.width))
    console.print(Text(f"{len(pool.kept)} instructions made from {len(pool.given)}"))


def _show_report(console: Console, report: EvolutionReport) -> None:
    if report.difficulty:
        columns = {
            "difficulty": [_number(one.grade.mean) for one in report.difficulty],
            "95% interval": [_ends(one.grade.low, one.grade.high) for one in report.difficulty],
            "gain": ["" if one.gain is None else _with_ends(one.gain) for one in report.difficulty],
            "n": [str(one.grade.n) for one in report.difficulty],
        }
        names = [_named(one.round) for one in report.difficulty]
        console.print(plain_table("round", names, columns, console.width))
    if report.rates:
        first, second = report.models
        rates = {first: [_rate(one.first) for one in report.rates]}
        if report.rates[0].second is not None:
            rates[second] = [_rate(one.second) for one in report.rates]
        columns = {
            **rates,
            "difference": [_with_ends(one.difference) for one in report.rates],
            "n": [str(one.first.n) for one in report.rates],
        }
        names = [_named(one.round) for one in report.rates]
        console.print(plain_table("win rate", names, columns, console.width))
    if report.apart is not None:
        columns = {"needed": [_needed(report.apart.before), _needed(report.apart.after)]}
        title = "instructions to tell them apart"
        console.print(plain_table(title, ["given", "evolved"], columns, console.width))
    for note in report.notes:
        console.print(Text(note), soft_wrap=True)


def _named(number: int) -> str:
    return "given" if number == 0 else str(number)


def _rate(estimate: Estimate | None) -> str:
    return "" if estimate is None else f"{_number(estimate.value)} ({_ends(estimate.low, estimate.high)})"


def _with_ends(interval: Interval) -> str:
    return f"{_number(interval.value)} ({_ends(interval.low, interval.high)})"


def _needed(interval: Interval) -> str:
    if math.isnan(interval.value):
        return "unknown"
    return f"{_count(interval.value)} ({_count(interval.low)} – {_count(interval.high)})"


def _count(value: float) -> str:
    return "∞" if math.isinf(value) else f"{math.ceil(value)}"


def _ends(low: float, high: float) -> str:
    return f"{low:.1f} – {high:.1f}"


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.2f}"


SHOWN: Mapping[type, Callable[[Console, Any], None]] = {EvolvedSet: show_evolved}
