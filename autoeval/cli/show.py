"""Showing a result on the terminal, readable at 80 columns."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.text import Text

from autoeval.cli.show_asked import asked_lines, cost_of
from autoeval.cli.show_line_up import show_line_up
from autoeval.cli.show_runs import show_comparison, show_run
from autoeval.cli.show_scored import show_best_of_n, show_gate, show_refusals, show_results, show_scored
from autoeval.cli.tables import board_notes, board_table, graded_table, parts_table, subset_table
from autoeval.journeys.batches import BatchList
from autoeval.journeys.best_of_n import BestOfN
from autoeval.journeys.cache import CacheReport
from autoeval.journeys.citation import citation, latex_citation
from autoeval.journeys.compare import RunComparison
from autoeval.journeys.export import Export
from autoeval.journeys.gate import Gate
from autoeval.journeys.import_annotations import Import
from autoeval.journeys.import_results import ImportedResults
from autoeval.journeys.learn import Learned
from autoeval.journeys.line_up import LineUp
from autoeval.journeys.make_leaderboard import Leaderboard
from autoeval.journeys.new import NewConfig
from autoeval.journeys.recorded_board import RecordedBoard
from autoeval.journeys.refusal import Refusals
from autoeval.journeys.site import Site
from autoeval.journeys.validate import Validation
from autoeval.leaderboards.columns import COLUMNS, shown_names
from autoeval.leaderboards.grades import COLUMNS as GRADED_COLUMNS
from autoeval.leaderboards.printed import EVALUATORS_COLUMNS, FORMATS, LEADERBOARD_COLUMNS, models_columns
from autoeval.leaderboards.table import Board
from autoeval.runs.estimate import DryRun, DryRuns
from autoeval.runs.finished import Run
from autoeval.runs.generating import Generation
from autoeval.runs.regeneration import Regeneration
from autoeval.runs.result import Evaluation, GradedEvaluation, Result
from autoeval.runs.scored import ScoredRun
from autoeval.runs.sharding import ShardReport

TABLE = "table"
"""The format for people; `leaderboards.printed` has those for programs."""


def show(result: Any, output_format: str | None = None) -> None:
    """Print what a journey came to.

    Args:
        result: what it returned.
        output_format: how a board is printed. Default: as a table for people on a terminal, elsewhere as
            AlpacaEval's, which programs read; then nothing else goes to standard output.
    """
    output_format = output_format or (TABLE if sys.stdout.isatty() else "alpaca_eval")
    printed = board_of(result)
    is_for_people = output_format == TABLE or printed is None
    console = Console(highlight=False, soft_wrap=False, stderr=not is_for_people)
    if printed is not None and not is_for_people:
        if printed.board.rows:
            sys.stdout.write(FORMATS[output_format](printed.board, printed.columns) + "\n")
            sys.stdout.flush()
            for note in board_notes(printed.board):
                console.print(Text(note), soft_wrap=True)
        printed.show_rest(console, result)
        return
    show_on(console, result)


def show_on(console: Console, result: Any) -> None:
    """Print what a journey came to on a console, as people read it."""
    for kind, show_one in _SHOWN.items():
        if isinstance(result, kind):
            show_one(console, result)
            return
    if result is not None:
        from autoeval.cli.show_judges import SHOWN  # it imports every analysis
        from autoeval.cli.show_labelled import show_labelled

        display = show_labelled if type(result).__name__ == "LabelledAnalysis" else SHOWN.get(type(result))
        display(console, result) if display else console.print(result)


@dataclass(frozen=True)
class PrintedBoard:
    """The board that a result is, its columns where there is no room for all, and what shows the rest."""

    board: Board
    columns: Sequence[str]
    show_rest: Callable[[Console, Any], None]


def board_of(result: Any) -> PrintedBoard | None:
    """Return the board that a journey's result is for a program that reads it; None for other results."""
    if isinstance(result, GradedEvaluation):
        board = result.board if result.tally.n_judged else Board({})
        return PrintedBoard(board, shown_names(GRADED_COLUMNS), _show_written)
    if isinstance(result, Evaluation):
        shown = result.board.of_mode(result.mode_to_print, result.shown_as)
        columns = models_columns(shown.order, result.shows_mode)
        return PrintedBoard(shown if result.tally.n_judged else Board({}), columns, _show_account)
    if isinstance(result, Board):
        return PrintedBoard(result, models_columns(result.order), _show_no_board)
    if isinstance(result, Leaderboard):
        is_of_pairs = result.board.known is COLUMNS
        shown_columns = LEADERBOARD_COLUMNS if is_of_pairs else shown_names(result.board.known)
        return PrintedBoard(result.board, shown_columns, _show_models)
    if type(result).__name__ == "Ranking":
        from autoeval.cli.show_rankings import RANKING_COLUMNS, show_ranking_notes

        return PrintedBoard(result.board, RANKING_COLUMNS, show_ranking_notes)
    if type(result).__name__ == "Percentages":
        from autoeval.cli.show_rankings import PERCENT_COLUMNS, show_percentages_notes

        return PrintedBoard(result.board, PERCENT_COLUMNS, show_percentages_notes)
    if type(result).__name__ == "LabelledAnalysis":
        from autoeval.cli.show_labelled import PRINTED_COLUMNS, show_labelled_notes

        return PrintedBoard(result.board, PRINTED_COLUMNS, show_labelled_notes)
    if type(result).__name__ in ("JudgeAnalysis", "EvaluatorsBoard"):
        from autoeval.cli.show_judges import show_judge  # it imports every analysis

        return PrintedBoard(result.shown(), EVALUATORS_COLUMNS, show_judge)
    return None


def _show_validation(console: Console, result: Validation) -> None:
    console.print(Text(f"{result.path}: the {result.kind} {result.name!r} is valid."), soft_wrap=True)
    for asked in result.requests:
        console.print()
        console.print(Text(f"{asked.name}: {asked.address}"), soft_wrap=True)
        if asked.unmet:
            console.print(Text(f"It cannot be asked here: {asked.unmet}."), soft_wrap=True)
        if asked.body:
            console.print(Text(json.dumps(asked.body, ensure_ascii=False, indent=2)), soft_wrap=True)


def _show_import(console: Console, result: Import) -> None:
    for line in (*result.lines, f"Cache: {result.cache}"):
        console.print(Text(line), soft_wrap=True)


def _show_new(console: Console, result: NewConfig) -> None:
    _show_validation(console, result.validation)
    console.print()
    trial = result.trial
    said = trial.verdict if trial else "nobody was asked"
    paid = f" (${trial.cost:.6f})" if trial and trial.cost is not None else ""
    console.print(Text(f"Tried: {said}{paid}. Written: {result.validation.path}"), soft_wrap=True)


def _show_export(console: Console, result: Export) -> None:
    if result.path is None and result.text:
        sys.stdout.write(result.text)
    for line in result.lines:
        console.print(Text(line), soft_wrap=True)


def _show_learned(console: Console, result: Learned) -> None:
    for line in result.lines:
        console.print(Text(line), soft_wrap=True)


def _show_lines(console: Console, result: BatchList | CacheReport | ShardReport) -> None:
    console.print(Text(str(result)), soft_wrap=True)


def _show_evaluation(console: Console, result: Evaluation) -> None:
    if result.tally.n_judged:
        console.print(
            board_table(
                result.board.of_mode(result.mode_to_print, result.shown_as),
                result.shown_as,
                console.width,
                result.setting.interval_name,
            )
        )
        if result.by_subset:
            console.print(subset_table(result.by_subset, console.width, result.setting.interval_name))
        if result.apart:
            console.print(
                Text(f"Apart, because the numbers do not compare: {result.apart.reason}."), style="italic"
            )
            apart = result.apart.board.of_mode(result.mode_to_print)
            if apart.rows:
                console.print(board_table(apart, width=console.width))
    _show_account(console, result)


def _show_graded(console: Console, result: GradedEvaluation) -> None:
    if result.tally.n_judged:
        shown = result.board.of_mode(result.mode_to_print, result.shown_as)
        console.print(graded_table(shown, console.width, result.shown_as))
        if result.by_part:
            console.print(parts_table(result.by_part, console.width))
        if result.apart:
            console.print(
                Text(f"Apart, because the numbers do not compare: {result.apart.reason}."), style="italic"
            )
    _show_written(console, result)


def _show_written(console: Console, result: Result) -> None:
    """Say how much was judged, what it cost and where it was written."""
    for line in summary_lines(result):
        console.print(Text(line))
    for path in (*result.outputs_paths, *result.paths):
        console.print(Text(f"  {path}"), soft_wrap=True)


def _show_account(console: Console, result: Evaluation) -> None:
    """Say what there is to say of a run on pairs besides its board, and how to cite it."""
    _show_written(console, result)
    if result.tally.n_judged and result.tally.coverage >= result.min_coverage:
        console.print(Text("To cite:"))
        console.print(Text(f"  {citation(result)}"), soft_wrap=True)
        console.print(Text(f"  {latex_citation(result)}"), soft_wrap=True)


def summary_lines(result: Result) -> list[str]:
    """Say the coverage, the failures by reason, the flips, what was asked and what it cost."""
    tally, asked = result.tally, result.ask
    total = tally.n_judged + tally.n_missing
    lines = [line for made in result.generations for line in generation_lines(made)]
    lines.append(f"{tally.n_judged} of {total} {result.counted} judged ({100 * tally.coverage:.1f}%)")
    if result.n_unpaired:
        whose = "reference" if isinstance(result, Evaluation) else "eval set"
        lines.append(f"{result.n_unpaired} instructions of the {whose} have no output (--is_allow_partial)")
    for reason, count in tally.failures.most_common():
        lines.append(f"  missing: {count} {reason}")
    if isinstance(result, Evaluation) and tally.n_missing and tally.n_judged and not result.paid:
        bounds = result.tally.worst_case()
        lines.append(
            f"whatever the missing ones are, the win rate lies from {bounds.low:.1f} to {bounds.high:.1f}%"
        )
    lines += result.cautions
    if isinstance(result, Evaluation):
        lines += result.paid.lines if result.paid else []
        if (flips := result.tally.flip_rate) is not None:
            lines.append(f"{flips:.1f}% of the verdicts flip when the order is turned round")
    lines += asked_lines(asked)
    if result.paths or result.outputs_paths:
        lines.append("Written:")
    return lines


def generation_lines(made: Generation) -> list[str]:
    """Say how many outputs a model has, where they came from, how fast, and what is wrong with them."""
    asked, name = made.report, made.generator.name
    parts = [f"{len(made.rows)} outputs of {name}: {made.n_kept} kept", f"{asked.n_cached} cached"]
    generated = f"{asked.n_asked} generated"
    if made.tokens_per_second:
        generated += f" in {asked.seconds:.1f} s ({made.tokens_per_second:.0f} tokens/s, {cost_of(asked)})"
    lines = [", ".join([*parts, generated])]
    flaws = {
        "truncated at the token limit": made.n_truncated,
        "refused": made.n_refused,
        "empty": made.n_empty,
    }
    if any(flaws.values()):
        lines.append("  of these " + ", ".join(f"{count} {flaw}" for flaw, count in flaws.items() if count))
    lines += [f"  not generated: {count} {reason}" for reason, count in made.missing.items()]
    return lines


def _show_board(console: Console, board: Board) -> None:
    if board.rows:
        console.print(board_table(board, width=console.width))
    _show_no_board(console, board)


def _show_no_board(console: Console, board: Board) -> None:
    if not board.rows:
        console.print(
            "There is no shipped leaderboard for this judge and reference. Give --model_outputs to evaluate a model, "
            "or --precomputed_leaderboard to show a board; alpaca_eval --help says more."
        )


def _show_refusals(console: Console, run: Refusals) -> None:
    show_refusals(console, run)
    for line in asked_lines(run.ask):
        console.print(Text(line))


def _show_recorded_board(console: Console, result: RecordedBoard) -> None:
    console.print(graded_table(result.board, console.width))
    for model, cautions in result.cautions.items():
        for caution in cautions:
            console.print(Text(f"{model}: {caution}"), soft_wrap=True)
    for note in result.notes:
        console.print(Text(note), soft_wrap=True)
    console.print(Text(f"Written: {result.path}"), soft_wrap=True)


def _show_leaderboard(console: Console, result: Leaderboard) -> None:
    if result.board.known is COLUMNS:
        console.print(board_table(result.board, width=console.width, interval=result.interval_name))
    else:
        console.print(graded_table(result.board, console.width))
    _show_models(console, result)


def _show_models(console: Console, result: Leaderboard) -> None:
    """Say which models were judged."""
    for name, coverage in result.incomplete.items():
        console.print(Text(f"left off: {name}, of which {100 * coverage:.1f}% could be judged"))
    for line in asked_lines(result.ask):
        console.print(Text(line))
    console.print(Text(f"{_counted(len(result.judged), 'model')} written to {result.path}"), soft_wrap=True)


def _show_regeneration(console: Console, result: Regeneration) -> None:
    for difference in result.differences:
        console.print(Text(str(difference)), soft_wrap=True)
    if result.unchecked:
        console.print(Text(f"not checked, without stored preferences: {', '.join(result.unchecked)}"))
    found = (
        f"{len(result.differences)} numbers moved" if result.differences else "every number as on the board"
    )
    console.print(
        Text(
            f"{_counted(result.n_models, 'model')} on {_counted(result.n_boards, 'board')} regenerated: {found}"
        )
    )


def _show_dry_run(console: Console, plan: DryRun | DryRuns) -> None:
    for name, text in plan.rows():
        console.print(Text(f"{name}: {text}"), soft_wrap=True)
    for note in plan.notes:
        console.print(Text(note), soft_wrap=True)


def _show_site(console: Console, result: Site) -> None:
    made = f"{_counted(result.n_boards, 'board')}, {_counted(result.n_pages, 'page')}"
    if result.n_runs:
        made = _counted(result.n_runs, "run")
    console.print(Text(f"{made}. Open {result.index}"), soft_wrap=True)


def _counted(n: int, thing: str) -> str:
    return f"{n} {thing}" if n == 1 else f"{n} {thing}s"


_SHOWN: Mapping[type, Callable[[Console, Any], None]] = {
    Evaluation: _show_evaluation,
    GradedEvaluation: _show_graded,
    DryRun: _show_dry_run,
    DryRuns: _show_dry_run,
    Leaderboard: _show_leaderboard,
    RecordedBoard: _show_recorded_board,
    Regeneration: _show_regeneration,
    Run: show_run,
    Refusals: _show_refusals,
    ScoredRun: show_scored,
    BestOfN: show_best_of_n,
    Gate: show_gate,
    ImportedResults: show_results,
    RunComparison: show_comparison,
    Site: _show_site,
    Board: _show_board,
    Validation: _show_validation,
    Export: _show_export,
    Import: _show_import,
    NewConfig: _show_new,
    BatchList: _show_lines,
    CacheReport: _show_lines,
    ShardReport: _show_lines,
    LineUp: show_line_up,
    Learned: _show_learned,
}
