"""Showing a result on the terminal, readable at 80 columns."""

import sys
from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

from rich.console import Console
from rich.text import Text

from autoeval.cli.console import SafeConsole
from autoeval.cli.harmless import harmless
from autoeval.cli.printed_board import PrintedBoard

TABLE = "table"
"""The format for people; `leaderboards.printed` has those for programs."""

MODULES: Mapping[str, tuple[str, ...]] = {
    "show_evaluations": ("Evaluation", "GradedEvaluation"),
    "show_boards": ("Board", "Leaderboard", "RecordedBoard", "Regeneration", "Site"),
    "show_lines": (
        *("BatchList", "CacheReport", "DryRun", "DryRuns", "Export", "Import", "Learned", "NewConfig"),
        *("ShardReport", "Validation"),
    ),
    "show_runs": ("Run", "RunComparison", "ToldAgain"),
    "show_scored": ("BestOfN", "Gate", "ImportedResults", "Refusals", "ScoredRun"),
    "show_evolved": ("EvolvedSet",),
    "show_line_up": ("LineUp",),
    "show_rankings": ("Percentages", "Ranking"),
    "show_labelled": ("LabelledAnalysis",),
    "show_judges": (
        *("Anchored", "Audit", "Bridge", "BridgePlan", "Corrected", "EvaluatorsBoard", "JudgeAnalysis"),
        *("JudgesDates", "LabelSheet", "ModelsAnalysis"),
    ),
}
"""The classes of results, by the module that shows them, which is imported when one is there.

A module has in `SHOWN` what shows each class, and in `BOARDS` those that are a board for a program that reads it.
"""


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
    console = SafeConsole(highlight=False, soft_wrap=False, stderr=not is_for_people)
    if printed is not None and not is_for_people:
        _show_to_program(console, printed, output_format)
        printed.show_rest(console, result)
        return
    show_on(console, result)


def _show_to_program(console: Console, printed: PrintedBoard, output_format: str) -> None:
    if not printed.board.rows:
        return
    from autoeval.leaderboards.fooling import notes_on_fooling
    from autoeval.leaderboards.printed import FORMATS

    text = FORMATS[output_format](printed.board, printed.columns)
    sys.stdout.write((harmless(text) if sys.stdout.isatty() else text) + "\n")
    sys.stdout.flush()
    for note in notes_on_fooling(printed.board.rows):
        console.print(Text(note), soft_wrap=True)


def show_on(console: Console, result: Any) -> None:
    """Print what a journey came to on a console, as people read it."""
    found = _module_of(result)
    if found is not None:
        module, kind = found
        module.SHOWN[kind](console, result)
    elif result is not None:
        console.print(result)


def board_of(result: Any) -> PrintedBoard | None:
    """Return the board that a journey's result is for a program that reads it; None for other results."""
    found = _module_of(result)
    if found is None:
        return None
    module, kind = found
    board = getattr(module, "BOARDS", {}).get(kind)
    return None if board is None else board(result)


def _module_of(result: Any) -> tuple[ModuleType, type] | None:
    """Return the module that shows a result, and which of its classes the result is."""
    for kind in type(result).__mro__:
        for name, classes in MODULES.items():
            if kind.__name__ in classes:
                module = import_module(f"autoeval.cli.{name}")
                if kind in module.SHOWN:
                    return module, kind
    return None
