"""Tables for the terminal, readable at 80 columns."""

import math
from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len, set_cell_size
from rich.table import Table
from rich.text import Text

from autoeval.annotators.builtin import INTERVAL, interval_name
from autoeval.leaderboards.aspects import Aspects
from autoeval.leaderboards.fooling import FOOLS, how_it_fools, notes_on_fooling
from autoeval.leaderboards.table import Board
from autoeval.metrics.columns import Cell, ColumnType
from autoeval.metrics.estimates import MeanGrade, WinRate
from autoeval.plugins import plugins

BRIDGED = "≈"
"""Marks a win rate that its board's judge never gave."""
_CONTROLLED = "length_controlled_winrate"
_MOST_CORRELATED = 6


def board_table(
    board: Board, current: str | None = None, width: int = 80, interval: str | None = None
) -> Table:
    """Make the leaderboard a table no wider than the terminal; the current model's row is marked.

    `interval` is what its intervals are called; None for what its rows tell.
    """
    rates = {
        "win rate": [_win_rate(row) for row in board.rows.values()],
        interval or _interval_of(board): [_interval(row) for row in board.rows.values()],
    }
    controlled = {"LC rate": [_number(row.get(_CONTROLLED)) for row in board.rows.values()]}
    columns = {
        **(controlled | rates if board.order == _CONTROLLED else rates | controlled),
        "SE": [_number(row.get("standard_error")) for row in board.rows.values()],
        "n": [_count(row.get("n_total")) for row in board.rows.values()],
        "missing": [_count(row.get("n_missing")) for row in board.rows.values()],
        "length": [_count(row.get("avg_length")) for row in board.rows.values()],
        **{
            column.title: [_number(row.get(column.name)) for row in board.rows.values()]
            for column in plugins("columns").values()
            if column.title
        },
    }
    labels = {name: f"{name} {FOOLS}" if how_it_fools(name) else name for name in board.rows}
    table = _table("model", list(labels.values()), columns, labels.get(current or ""), width)
    notes = notes_on_fooling(board.rows)
    if any(row.get("bridged_from") for row in board.rows.values()):
        notes = [f"{BRIDGED} bridged from another judge, with a prediction interval", *notes]
    if notes:
        table.caption = Text("\n".join(notes))
        table.caption_justify = "left"
    return table


def graded_table(board: Board, width: int = 80, current: str | None = None) -> Table:
    """Make a board of scores a table no wider than the terminal; the current model's row is marked."""
    rows = list(board.rows.values())
    columns: dict[str, list[str]] = {}
    for column in board.known:
        if column.title:
            shown = _count if column.type is ColumnType.COUNT else _number
            columns[column.title] = [shown(row.get(column.name)) for row in rows]
            if column is board.known[0]:
                columns["95% interval"] = [_interval(row, 2) for row in rows]
    return _table("model", list(board.rows), columns, current, width)


def ratings_table(board: Board, width: int = 80) -> Table:
    """Make a board of ratings a table no wider than the terminal."""
    rows = list(board.rows.values())
    columns = {
        "rating": [_number(row.get("rating"), 1) for row in rows],
        "95% interval": [_interval(row) for row in rows],
        "rank": [_count(row.get("rank")) for row in rows],
        "between": [f"{_count(row.get('rank_low'))} – {_count(row.get('rank_high'))}" for row in rows],
        "n": [_count(row.get("n")) for row in rows],
    }
    return _table("model", list(board.rows), columns, None, width)


def parts_table(by_part: Mapping[str, MeanGrade], width: int = 80) -> Table:
    """Make the scores of turns and categories a table no wider than the terminal."""
    means = by_part.values()
    columns = {
        "score": [_number(one.mean) for one in means],
        "95% interval": [f"{one.low:.2f} – {one.high:.2f}" for one in means],
        "n": [str(one.n) for one in means],
        "missing": [str(one.n_missing) for one in means],
    }
    return _table("part", [name.replace("_", " ") for name in by_part], columns, None, width)


def aspects_table(aspects: Aspects, width: int = 80) -> Table:
    """Make the scores of aspects, with how each goes with the others, a table no wider than the terminal."""
    means, correlations = aspects.means(), aspects.correlations()
    columns = {
        "score": [_number(one.mean) for one in means.values()],
        "95% interval": [f"{one.low:.2f} – {one.high:.2f}" for one in means.values()],
        "n": [str(one.n) for one in means.values()],
        "missing": [str(one.n_missing) for one in means.values()],
        "N/A": [str(aspects.n_inapplicable(name)) for name in means],
    }
    for number, other in enumerate(means if len(means) <= _MOST_CORRELATED else (), 1):
        columns[f"r {number}"] = [
            "" if name == other else _number(correlations[name][other].value) for name in means
        ]
    names = [f"{number} {name.replace('_', ' ')}" for number, name in enumerate(means, 1)]
    return _table("aspect", names, columns, None, width)


def _interval_of(board: Board) -> str:
    """Return what the intervals of a board are called: by an embedded judge, they are of the sampling only."""
    names = {
        interval_name(row.get("annotator"), fingerprint=row.get("fingerprint")) for row in board.rows.values()
    }
    return names.pop() if len(names) == 1 else INTERVAL


def subset_table(by_subset: Mapping[str, WinRate], width: int = 80, interval: str = INTERVAL) -> Table:
    """Make the win rates of subsets a table no wider than the terminal."""
    rates = by_subset.values()
    columns = {
        "win rate": [_number(rate.win_rate) for rate in rates],
        interval: [f"{rate.low:.1f} – {rate.high:.1f}" for rate in rates],
        "SE": [_number(rate.standard_error) for rate in rates],
        "n": [str(rate.n_total) for rate in rates],
        "missing": [str(rate.n_missing) for rate in rates],
    }
    return _table("subset", list(by_subset), columns, None, width)


def plain_table(
    title: str, names: Sequence[str], columns: Mapping[str, Sequence[str]], width: int = 80
) -> Table:
    """Make a table of texts no wider than the terminal; `title` heads the names."""
    return _table(title, names, columns, None, width)


_NARROWEST_NAME = 16
_NOTHING = ("", "0")


def _table(
    title: str, names: Sequence[str], columns: Mapping[str, Sequence[str]], current: str | None, width: int
) -> Table:
    """Make a table whose rows are one line each: columns that say nothing are left out, long names are cut."""
    shown = {
        header: cells for header, cells in columns.items() if not all(cell in _NOTHING for cell in cells)
    }
    wanted = sum(max(map(len, (header, *cells))) + _GAP for header, cells in shown.items())
    room = max(width - wanted - _GAP, _NARROWEST_NAME)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, _GAP - 1, 0, 0))
    for header in (title, *shown):
        table.add_column(header, justify="left" if header == title else "right", no_wrap=True)
    for place, name in enumerate(names):
        cells = [column[place] for column in shown.values()]
        table.add_row(Text(_cut(name, room)), *cells, style="bold" if name == current else None)
    return table


_GAP = 2
"""Characters between two columns."""


def _cut(name: str, room: int) -> str:
    """Cut a name in its middle, for names of one family differ at the ends; `room` is in columns."""
    name = "".join(char if char.isprintable() else " " for char in name)
    if cell_len(name) <= room:
        return name
    end = room // 2
    return f"{set_cell_size(name, room - end - 1)}…{set_cell_size(name[::-1], end)[::-1]}"


def _interval(row: Mapping[str, Cell], digits: int = 1) -> str:
    low, high = row.get("low"), row.get("high")
    return (
        f"{low:.{digits}f} – {high:.{digits}f}" if isinstance(low, float) and isinstance(high, float) else ""
    )


def _win_rate(row: Mapping[str, Cell]) -> str:
    number = _number(row.get("win_rate"))
    return f"{BRIDGED} {number}" if row.get("bridged_from") else number


def _number(cell: Cell, digits: int = 2) -> str:
    return f"{cell:.{digits}f}" if _is_number(cell) else ""


def _count(cell: Cell) -> str:
    return str(int(cell)) if isinstance(cell, int | float) and not math.isnan(cell) else ""


def _is_number(cell: Cell) -> bool:
    return isinstance(cell, int | float) and not math.isnan(cell)
