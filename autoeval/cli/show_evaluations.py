"""Showing what a model came to: its board, how much was judged, what it cost, where it is, and how to cite it."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from autoeval.cli.printed_board import PrintedBoard
from autoeval.cli.show_asked import asked_lines, cost_of
from autoeval.journeys.citation import citation, latex_citation
from autoeval.leaderboards.grades import COLUMNS as GRADED_COLUMNS
from autoeval.leaderboards.printed import filled_columns, models_columns
from autoeval.leaderboards.table import Board
from autoeval.runs.result import Evaluation, GradedEvaluation, Result

if TYPE_CHECKING:
    from autoeval.runs.generating import Generation


def _show_evaluation(console: Console, result: Evaluation) -> None:
    from autoeval.cli.tables import board_table, subset_table

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
    from autoeval.cli.tables import aspects_table, graded_table, parts_table

    if result.tally.n_judged:
        shown = result.board.of_mode(result.mode_to_print, result.shown_as)
        console.print(graded_table(shown, console.width, result.shown_as))
        if result.by_part:
            console.print(parts_table(result.by_part, console.width))
        if result.tally.aspects.values:
            console.print(aspects_table(result.tally.aspects, console.width))
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


def generation_lines(made: "Generation") -> list[str]:
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


def _board(result: Evaluation) -> PrintedBoard:
    shown = result.board.of_mode(result.mode_to_print, result.shown_as)
    columns = models_columns(shown.order, result.shows_mode)
    return PrintedBoard(shown if result.tally.n_judged else Board({}), columns, _show_account)


def _graded_board(result: GradedEvaluation) -> PrintedBoard:
    board = result.board if result.tally.n_judged else Board({})
    return PrintedBoard(board, filled_columns(board, GRADED_COLUMNS), _show_written)


SHOWN: Mapping[type, Callable[[Console, Any], None]] = {
    Evaluation: _show_evaluation,
    GradedEvaluation: _show_graded,
}
BOARDS: Mapping[type, Callable[[Any], PrintedBoard]] = {Evaluation: _board, GradedEvaluation: _graded_board}
