"""Showing what is known of judges and of models compared, readable at 80 columns."""

import math
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from autoeval.analysis.comparison import OVERALL, TESTS
from autoeval.analysis.labels import LabelSheet
from autoeval.analysis.subsampling import SubsetSeparation
from autoeval.cli.printed_board import PrintedBoard
from autoeval.cli.show_anchors import show_anchored, show_dates
from autoeval.cli.show_bridge import show_bridge, show_bridge_plan
from autoeval.journeys.analyze_evaluators import EvaluatorsBoard
from autoeval.journeys.analyze_models import ModelsAnalysis
from autoeval.journeys.anchor import Anchored
from autoeval.journeys.anchor_board import JudgesDates
from autoeval.journeys.audit import Audit
from autoeval.journeys.beside_people import JudgeAnalysis
from autoeval.journeys.bridge_plan import BridgePlan
from autoeval.journeys.bridge_result import Bridge
from autoeval.journeys.label import Corrected
from autoeval.leaderboards.printed import EVALUATORS_COLUMNS
from autoeval.leaderboards.table import Board
from autoeval.metrics.columns import Cell

_EVALUATORS = {
    "agree": ("Human agreement", 1),
    "SE": ("Human agreement SE", 1),
    "$/1000": ("Price [$/1000 examples]", 1),
    "s/1000": ("Time [seconds/1000 examples]", 0),
    "Spear.": ("Spearman corr.", 2),
    "bias": ("Bias", 1),
    "var.": ("Variance", 1),
    "longer": ("Proba. prefer longer", 2),
}
_HEADINGS = {"p_t": "t", "p_wilcoxon": "Wilcoxon", "p_mcnemar": "McNemar", "p_mcnemar_mid": "mid-p"}


def show_judge_analysis(console: Console, result: JudgeAnalysis) -> None:
    """Show the board of evaluators, then what else is known of the judge."""
    console.print(evaluators_table(result.shown(), result.name))
    show_judge(console, result)


def show_evaluators(console: Console, result: EvaluatorsBoard) -> None:
    """Show the board of evaluators alone."""
    if result.board.rows:
        console.print(evaluators_table(result.shown()))
    show_judge(console, result)


def show_judge(console: Console, result: JudgeAnalysis | EvaluatorsBoard) -> None:
    """Say what the board of evaluators does not."""
    if isinstance(result, JudgeAnalysis):
        for line in judge_lines(result):
            console.print(Text(line))
        _show_paths(console, result.paths)
        return
    if result.note:
        console.print(Text(result.note), soft_wrap=True)
    elif not result.board.rows:
        console.print(Text("The board of evaluators is empty. Add a judge with --is_save_leaderboard."))
    if result.ask:
        from autoeval.cli.show_asked import asked_lines

        for line in asked_lines(result.ask):
            console.print(Text(line), soft_wrap=True)


def evaluators_table(board: Board, current: str | None = None) -> Table:
    """Make a board of evaluators a table, without columns that are empty; the current judge's row is marked."""
    rows = {
        name: {heading: _number(row.get(column), digits) for heading, (column, digits) in _EVALUATORS.items()}
        for name, row in board.rows.items()
    }
    headings = [heading for heading in _EVALUATORS if any(cells[heading] for cells in rows.values())]
    table = _table("judge", headings)
    for name, cells in rows.items():
        shown = [cells[heading] for heading in headings]
        table.add_row(Text(name), *shown, style="bold" if name == current else None)
    return table


def judge_lines(result: JudgeAnalysis) -> list[str]:
    """Say what the board has no room for."""
    report, agreement = result.report, result.report.agreement
    lines = [
        f"agreement with people {agreement.value:.1f}%, 95% interval {agreement.low:.1f} to {agreement.high:.1f}, on "
        f"{agreement.n} pairs of {agreement.n_instructions} instructions",
    ]
    if agreement.largest - agreement.smallest > 0.05:
        lines.append(
            f"  {agreement.smallest:.1f} to {agreement.largest:.1f}%, however ties between votes are broken"
        )
    if report.correlations and not math.isnan(report.correlations.spearman.value):
        rank = report.correlations.spearman
        lines.append(
            f"win rates of {rank.n} generators against people's: Spearman {rank.value:.2f}, interval "
            f"{rank.low:.2f} to {rank.high:.2f}; Pearson {report.correlations.pearson.value:.2f}"
        )
    tendencies = [
        f"the longer output {report.longer.value:.2f}",
        f"the one with a list {report.lists.value:.2f}",
    ]
    if report.first_shown:
        tendencies.append(f"the one shown first {report.first_shown.value:.2f}")
    lines.append(f"probability of preferring {', '.join(tendencies)}")
    if report.flips and report.flips.n:
        lines.append(f"{report.flips.value:.1f}% of verdicts flip when the outputs change places")
    if not math.isnan(report.alpha.value):
        lines.append(f"Krippendorff's alpha among its {result.n_votes} votes {report.alpha.value:.2f}")
    lines.append(f"{report.n_parsed} votes ({report.parsed.value:.1f}% of what was asked)")
    if result.ask:
        from autoeval.cli.show_asked import asked_lines

        lines += asked_lines(result.ask)
    if result.incomparable:
        lines.append(f"on other human votes, so not to be compared: {', '.join(result.incomparable)}")
    return lines


def show_audit(console: Console, result: Audit) -> None:
    """Show an audit: a line in words for each check."""
    from autoeval.cli.show_asked import asked_lines

    for finding in result.report.findings:
        style = "bold" if finding.flagged else None
        console.print(Text(f"{finding.check}: {finding.text}"), style=style)
    if result.none_judged:
        console.print(Text(f"{result.judge} on {result.n_pairs} pairs: {result.none_judged}"))
    else:
        flagged = ", ".join(finding.check for finding in result.report.flagged)
        console.print(Text(f"{result.judge} on {result.n_pairs} pairs, flagged: {flagged or 'nothing'}"))
    if result.n_missing and not result.none_judged:
        console.print(Text(f"{result.n_missing} of {len(result.table)} questions have no answer"))
    for asked in result.asks:
        for line in asked_lines(asked):
            console.print(Text(line))
    _show_paths(console, [result.path] if result.path else [])


def show_label_sheet(console: Console, sheet: LabelSheet) -> None:
    """Say where the sheet is and what to do with it."""
    console.print(Text(f"{sheet.n} of {sheet.n_pairs} judged pairs are in {sheet.path}"), soft_wrap=True)
    console.print(Text("Fill its column 'better' with a, b or tie, then run the same with"))
    console.print(Text(f"  --labels {sheet.path}"), soft_wrap=True)


def show_corrected(console: Console, result: Corrected) -> None:
    """Show a win rate before and after correcting, by each method."""
    first = next(iter(result.estimates.values()))
    table = _table("win rate", ["value", "95% interval", "SE", "n"])
    table.add_row("by the judge", f"{first.judge:.1f}", "", "", str(first.n))
    table.add_row("by people, labelled pairs alone", f"{first.human:.1f}", "", "", str(first.n_labels))
    for method, found in result.estimates.items():
        name = f"corrected ({method.replace('_', ' ')})"
        interval = f"{found.low:.1f} – {found.high:.1f}"
        table.add_row(name, f"{found.value:.1f}", interval, f"{found.standard_error:.1f}", str(found.n))
    console.print(table)
    if first.judge_weight is not None and first.worth is not None:
        helped = (
            f"the judge is followed with weight {first.judge_weight:.2f}: {first.n_labels} labels with it say"
        )
        console.print(Text(f"{helped} as much as {first.worth:.0f} without"))
    for method, found in result.estimates.items():
        if found.clipped:
            console.print(Text(f"{method}: cut at {found.value:.0f}; it came to {found.unclipped:.1f}"))
    for method, reason in result.refused.items():
        console.print(Text(f"{method} is refused: {reason}"))
    if result.n_empty:
        console.print(Text(f"{result.n_empty} pairs of the sheet have no label yet"))


def show_models(console: Console, result: ModelsAnalysis) -> None:
    """Show each model beside the next better one, the subsets, and what all tests found."""
    console.print(_neighbours(result))
    console.print(Text("behind: points behind the model above; needs: instructions to see that;"))
    console.print(Text("shows: the smallest difference that the instructions at hand show (80% power)"))
    if result.separation is not None:
        console.print(_subsets(result.separation))
        size, draws = result.separation.size, result.separation.draws
        console.print(
            Text(f"over all pairs of models, {draws} draws of {size} instructions from each subset")
        )
    table = result.comparison.table
    counts = [*(f"{_HEADINGS.get(test, 'permutation')} {(table[test] < 0.05).sum()}" for test in TESTS)]
    adjusted = _HEADINGS.get(result.comparison.adjusted, "permutation")
    console.print(
        Text(
            f"{len(table)} comparisons of {len(result.comparison.models)} models; p < 0.05 in: {', '.join(counts)}; "
            f"{adjusted} after Benjamini-Hochberg {(table['p_bh'] < 0.05).sum()}, "
            f"after Holm {(table['p_holm'] < 0.05).sum()}"
        )
    )
    _show_paths(console, result.paths)


def _neighbours(result: ModelsAnalysis) -> Table:
    """Compare each model with the next better one on everything."""
    table = result.comparison.table
    overall = table[table["subset"] == OVERALL].set_index(["model_1", "model_2"])
    shown = _table("model", ["win rate", "behind", "p (t)", "p (BH)", "needs", "shows"])
    models = result.comparison.models
    first = result.board.rows[models[0]]
    shown.add_row(Text(models[0]), _number(first["win_rate"], 1), "", "", "", "", "")
    for better, name in pairwise(models):
        row: Any = overall.loc[(better, name)]
        needed = math.ceil(row["instructions_needed"]) if row["instructions_needed"] <= row["n"] else None
        shown.add_row(
            Text(name),
            _number(result.board.rows[name]["win_rate"], 1),
            _number(row["value"], 1),
            _p(row["p_t"]),
            _p(row["p_bh"]),
            f"> {int(row['n'])}" if needed is None else str(needed),
            _number(row["minimum_detectable"], 1),
        )
    return shown


def _subsets(separation: SubsetSeparation) -> Table:
    shown = _table("subset", ["instructions", "mean p", "p < 0.05", "best in"])
    for row in separation.table.itertuples():
        cells = (f"{row.mean_p:.3f}", f"{row.share_significant:.0f}%", f"{row.best_share:.0f}%")
        shown.add_row(str(row.subset), str(row.available), *cells)
    return shown


def _table(name: str, headings: list[str]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(name, overflow="fold", max_width=31)
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _number(cell: Cell, digits: int) -> str:
    return f"{cell:.{digits}f}" if isinstance(cell, int | float) and not math.isnan(cell) else ""


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= 0.0005 else "< 0.001"


def _show_paths(console: Console, paths: Any) -> None:
    if paths:
        console.print(Text("Written:"))
    for path in paths:
        console.print(Text(f"  {path}"), soft_wrap=True)


SHOWN: Mapping[type, Callable[[Console, Any], None]] = {
    Bridge: show_bridge,
    BridgePlan: show_bridge_plan,
    JudgeAnalysis: show_judge_analysis,
    EvaluatorsBoard: show_evaluators,
    Audit: show_audit,
    Anchored: show_anchored,
    JudgesDates: show_dates,
    LabelSheet: show_label_sheet,
    Corrected: show_corrected,
    ModelsAnalysis: show_models,
}
BOARDS: Mapping[type, Callable[[Any], PrintedBoard]] = {
    kind: lambda result: PrintedBoard(result.shown(), EVALUATORS_COLUMNS, show_judge)
    for kind in (JudgeAnalysis, EvaluatorsBoard)
}
