"""Boards as text for other programs: AlpacaEval's printed table, CSV, JSON and Markdown."""

import io
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from autoeval.leaderboards.table import EVALUATOR_COLUMNS, Board
from autoeval.metrics.columns import Cell, Column

MODELS_COLUMNS = ("win_rate", "standard_error", "n_total", "avg_length")
"""What AlpacaEval prints of models, after the column that the board is sorted by."""

LEADERBOARD_COLUMNS = ("win_rate", "standard_error", "n_total", "mode")
"""What its make_leaderboard prints of them."""

EVALUATORS_COLUMNS = EVALUATOR_COLUMNS[:8]
"""What it prints of judges: its own columns, without ours."""
_ESCAPED = str.maketrans({"\t": r"\t", "\r": r"\r", "\n": r"\n"})
_LATEX = {
    "\\": r"\textbackslash{}",
    **{char: f"\\{char}" for char in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "–": "--",
    "−": "$-$",
}


def models_columns(sort_by: str | None, with_mode: bool = False) -> list[str]:
    """Return the columns that AlpacaEval prints of models: first the one that the board is sorted by.

    Args:
        sort_by: that column.
        with_mode: put `mode` last, as there where models of every mode are shown.
    """
    names = [*([sort_by] if sort_by else []), *MODELS_COLUMNS, *(["mode"] if with_mode else [])]
    return list(dict.fromkeys(names))


def filled_columns(board: Board, columns: Iterable[Column]) -> list[str]:
    """Return which columns of a board of our own tables show, without those that no row has a value of."""
    titled = [column.name for column in columns if column.title]
    return [name for name in titled if any(row.get(name) is not None for row in board.rows.values())]


def alpaca_eval_table(board: Board, columns: Sequence[str]) -> str:
    """Return a board as AlpacaEval prints it: `to_string(float_format="%.2f")` of its DataFrame, to the letter.

    Made here, because importing pandas takes longer than many a run.
    """
    if not board.rows:
        return f"Empty DataFrame\nColumns: [{', '.join(columns)}]\nIndex: []"
    names = [name.translate(_ESCAPED) for name in board.rows]
    indent = min(len(name) - len(name.lstrip()) for name in names)
    names = [name[indent:] for name in names]
    width = max(map(len, names))
    shown = [["", *names], *(_pandas_column(board, column) for column in columns)]
    widths = [width, *(max(map(len, cells)) for cells in shown[1:])]
    return "\n".join(
        " ".join([line[0].ljust(width), *(map(str.rjust, line[1:], widths[1:]))])
        for line in zip(*shown, strict=True)
    )


def _pandas_column(board: Board, column: str) -> list[str]:
    """Return the heading and the cells of a column as pandas writes them, with its places for a sign."""
    cells = [_plain(row.get(column)) for row in board.rows.values()]
    heading = column.translate(_ESCAPED)
    if column == "mode" and all(row.get(column, "") is None for row in board.rows.values()):
        return [heading, *[" None"] * len(cells)]
    if any(isinstance(cell, str) for cell in cells):
        return [heading, *(" NaN" if cell is None else f" {cell}".translate(_ESCAPED) for cell in cells)]
    if all(isinstance(cell, int) for cell in cells):
        return [f" {heading}", *(f"{cell: d}" for cell in cells)]
    return [f" {heading}", *("NaN" if cell is None else f"{cell:.2f}" for cell in cells)]


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
    return markdown_table(_lines(board, columns))


def as_latex(board: Board, columns: Sequence[str]) -> str:
    """Return a board as a LaTeX table that needs no package, numbers with two digits."""
    return latex_table(_lines(board, columns))


def markdown_table(lines: Sequence[Sequence[str]]) -> str:
    """Return lines of cells, the head first, as a Markdown table; all but the first column are numbers."""
    head, *rows = lines
    marked = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in marked)


def latex_table(lines: Sequence[Sequence[str]]) -> str:
    """Return lines of cells, the head first, as a LaTeX table; all but the first column are numbers."""
    head, *rows = [" & ".join(map(latex, line)) + r" \\" for line in lines]
    kinds = "l" + "r" * (len(lines[0]) - 1)
    begin, end = rf"\begin{{tabular}}{{{kinds}}}", r"\end{tabular}"
    return "\n".join([begin, r"\hline", head, r"\hline", *rows, r"\hline", end])


def latex(text: str) -> str:
    """Escape text for LaTeX."""
    return "".join(_LATEX.get(char, char) for char in text)


def _lines(board: Board, columns: Sequence[str]) -> list[list[str]]:
    rows = [[name, *(_two_digits(row.get(column)) for column in columns)] for name, row in board.rows.items()]
    return [["", *columns], *rows]


FORMATS: Mapping[str, Callable[[Board, Sequence[str]], str]] = {
    "alpaca_eval": alpaca_eval_table,
    "csv": as_csv,
    "json": as_json,
    "markdown": as_markdown,
    "latex": as_latex,
}


def _plain(cell: Cell) -> Cell:
    return None if isinstance(cell, float) and math.isnan(cell) else cell


def _two_digits(cell: Cell) -> str:
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    return f"{cell:.2f}" if isinstance(cell, float) else str(cell)
