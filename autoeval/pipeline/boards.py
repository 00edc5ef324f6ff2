"""A result among others: the row that it makes, and the board that it joins."""

import os
from pathlib import Path

from autoeval.errors import UsageError
from autoeval.leaderboards.table import Board, Cell, read_board
from autoeval.pipeline.annotation_file import replacing
from autoeval.resources import shipped

_EMPTY = Board({})


def find_board(
    precomputed: str | Path | None, annotator: str | Path, eval_set: str
) -> tuple[Board, Path | None]:
    """Return the board that results are shown among, and its file.

    Args:
        precomputed: a CSV file; `auto` for the shipped board of this judge and eval set; None for no board.
        annotator: the judge.
        eval_set: the folder of shipped boards to look in.

    Raises:
        UsageError: the file is missing or no leaderboard.
    """
    if precomputed is None:
        return _EMPTY, None
    if precomputed == "auto":
        path = shipped("leaderboards") / eval_set / f"{Path(annotator).name}.csv"
        return (read_board(path), path) if path.is_file() else (_EMPTY, None)
    path = Path(precomputed)
    if not path.exists():  # a board to be begun
        if not path.parent.is_dir():
            raise UsageError(f"--precomputed_leaderboard: the folder {path.parent} does not exist.")
        return _EMPTY, path
    return read_board(path), path


def is_own(path: Path) -> bool:
    """Whether a board is the user's, so that it may be written to; shipped ones may not."""
    return not path.resolve().is_relative_to(shipped("leaderboards").resolve())


def merged(board: Board, name: str, row: dict[str, Cell], overwrite: bool) -> tuple[Board, str]:
    """Put a row on a board; beside the model's old row unless that is to be replaced.

    Returns:
        The board, and the name under which the new row stands.
    """
    shown_as = name if overwrite or name not in board.rows else f"{name} (this run)"
    return board.with_row(shown_as, row), shown_as


def save_board(board: Board, path: Path) -> None:
    """Write a board in one step.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        with replacing(path) as file:
            board.write(file)
    except OSError as error:
        reason = error.strerror or os.strerror(error.errno or 0)
        raise UsageError(f"the leaderboard {path} cannot be written: {reason}.") from None
