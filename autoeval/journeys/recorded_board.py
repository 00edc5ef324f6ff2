"""Boards of judgments that another tool recorded, in that tool's own files: nobody is asked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autoeval.checks import check_choice, require_source
from autoeval.data.fastchat import read_grades
from autoeval.data.mt_bench import category_of
from autoeval.leaderboards import grades
from autoeval.leaderboards.boards import save_board
from autoeval.leaderboards.table import Board


@dataclass(frozen=True)
class RecordedBoard:
    """A board as it was written. `cautions` are what a reader must know of each model's numbers."""

    path: Path
    board: Board
    cautions: Mapping[str, Sequence[str]]


def recorded_board(
    eval_set: str | None, judgments: Any, path: str | Path | None, compatible: bool
) -> RecordedBoard:
    """Make a board of recorded judgments and write it.

    Args:
        eval_set: the eval set that they are of.
        judgments: their files.
        path: the board's file. Default: results/<eval_set>_leaderboard.csv.
        compatible: compute the figures as the tool that recorded them does.

    Raises:
        UsageError: there is no such eval set, a file is wrong, or the board cannot be written.
    """
    known = ", ".join(_READERS)
    check_choice(
        "eval_set", require_source(eval_set, "--eval_set", f"say what was judged ({known})"), _READERS
    )
    require_source(judgments, "--judgments", "name the files of judgments")
    board, cautions = _READERS[str(eval_set)](judgments, compatible)
    written = Path(path or f"results/{eval_set}_leaderboard.csv")
    save_board(board, written)
    return RecordedBoard(written, board, cautions)


Reader = Callable[[Any, bool], tuple[Board, Mapping[str, Sequence[str]]]]


def _mt_bench(judgments: Any, compatible: bool) -> tuple[Board, Mapping[str, Sequence[str]]]:
    found = grades.recorded_grades(read_grades(judgments), category_of)
    told = {model: grades.cautions(of_model) for model, of_model in found.items()}
    return grades.recorded_board(found, compatible), {model: lines for model, lines in told.items() if lines}


_READERS: Mapping[str, Reader] = {"mt_bench": _mt_bench}
"""Eval sets, each with what makes a board of its judgments."""
