"""Boards as text for other programs: AlpacaEval's printed table, CSV, JSON and Markdown."""

import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from autoeval.leaderboards.table import EVALUATOR_COLUMNS, Board
from autoeval.metrics.columns import Cell

if TYPE_CHECKING:
    import pandas as pd

MODELS_COLUMNS = ("win_rate", "standard_error", "n_total", "avg_length")
"""What AlpacaEval prints of models, after the column that the board is sorted by."""

LEADERBOARD_COLUMNS = ("win_rate", "standard_error", "n_total", "mode")
"""What its make_leaderboard prints of them."""

EVALUATORS_COLUMNS = EVALUATOR_COLUMNS[:8]
"""What it prints of judges: its own columns, without ours."""


def models_columns(sort_by: str | None, with_mode: bool = False) -> list[str]:
    """Return the columns that AlpacaEval prints of models: first the one that the board is sorted by.

    Args:
        sort_by: that column.
        with_mode: put `mode` last, as there where models of every mode are shown.
    """
    names = [*([sort_by] if sort_by else []), *MODELS_COLUMNS, *(["mode"] if with_mode else [])]
    return list(dict.fromkeys(names))


def alpaca_eval_table(board: Board, columns: Sequence[str]) -> str:
    """Return a board as AlpacaEval prints it: pandas' table with two digits and whole names."""
    return _frame(board, columns).to_string(float_format="%.2f")


def as_csv(board: Board, columns: Sequence[str]) -> str:  # noqa: ARG001 - a file has every column
    """Return a board as leaderboard.csv holds it."""
    file = io.StringIO()
    board.write(file)
    return file.getvalue().rstrip("\n")


def as_json(board: Board, columns: Sequence[str]) -> str:  # noqa: ARG001 - a file has every column
    """Return a board as a JSON list with an object a row, whose `name` is the model's or the judge's."""
    rows = [
        {"name": name, **{key: _plain(cell) for key, cell in row.items()}} for name, row in board.rows.items()
    ]
    return json.dumps(rows, ensure_ascii=False, indent=2)


def as_markdown(board: Board, columns: Sequence[str]) -> str:
    """Return a board as a Markdown table, numbers with two digits."""
    lines = [["", *columns], ["---", *["---:"] * len(columns)]]
    lines += [
        [name, *(_two_digits(row.get(column)) for column in columns)] for name, row in board.rows.items()
    ]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines)


FORMATS: Mapping[str, Callable[[Board, Sequence[str]], str]] = {
    "alpaca_eval": alpaca_eval_table,
    "csv": as_csv,
    "json": as_json,
    "markdown": as_markdown,
}


def _frame(board: Board, columns: Sequence[str]) -> "pd.DataFrame":
    """Return some columns as a DataFrame; whole numbers stay whole, nothing is NaN."""
    import pandas as pd

    frame = board.to_pandas().reindex(columns=list(columns))
    for column in frame.columns:
        if column != "mode":
            frame[column] = pd.to_numeric(frame[column])
    return frame


def _plain(cell: Cell) -> Cell:
    return None if isinstance(cell, float) and math.isnan(cell) else cell


def _two_digits(cell: Cell) -> str:
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    return f"{cell:.2f}" if isinstance(cell, float) else str(cell)
