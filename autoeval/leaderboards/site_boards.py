"""Boards as the site shows them: read from their files, with what their pages are made from."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from autoeval.annotators.builtin import interval_name
from autoeval.leaderboards.boards import is_board, read_any
from autoeval.leaderboards.columns import all_columns, names_of
from autoeval.leaderboards.details import Details, SubsetRate, board_details
from autoeval.leaderboards.fooling import how_it_fools
from autoeval.leaderboards.grades import TURNS
from autoeval.leaderboards.table import EVALUATORS, Board
from autoeval.metrics.columns import Cell
from autoeval.pages import charts

WIN_RATE, LENGTH_CONTROLLED = "win_rate", "length_controlled_winrate"
_TURNS = frozenset(names_of(TURNS))


@dataclass(frozen=True)
class SiteBoard:
    """A board with what its pages are made from. `eval_set` and `judge` name it on the site, `order` is its order."""

    eval_set: str
    judge: str
    board: Board
    details: Details
    order: str = WIN_RATE

    @property
    def folder(self) -> str:
        """Where its pages go."""
        return f"{slug(self.eval_set)}-{slug(self.judge)}"

    @cached_property
    def models(self) -> Sequence[str]:
        """The models in the board's order, the best first."""
        return list(self.board.sorted_by(self.order).rows)

    @cached_property
    def measured(self) -> Sequence[str]:
        """The models that the board's judge has judged, the best first; bridged ones are left out."""
        return [model for model in self.models if not self.board.rows[model].get("bridged_from")]

    @property
    def fooling(self) -> Mapping[str, str | None]:
        """What each model is if it was made to fool the judge."""
        return {model: how_it_fools(model) for model in self.models}

    @cached_property
    def subsets(self) -> Sequence[str]:
        """The subsets that some model has: by name, of scores in the board's order."""
        found = dict.fromkeys(name for rates in self.details.subsets.values() for name in rates)
        return sorted(found) if self.headline == WIN_RATE else list(found)

    @property
    def part_name(self) -> str:
        """What a subset is called."""
        return "subset" if self.headline == WIN_RATE else "category"

    @cached_property
    def pages(self) -> Mapping[str, str]:
        """The file name of each model's page; no two are the same, also where case does not count."""
        names: dict[str, str] = {}
        for model in self.models:
            name = plain = f"model-{slug(model)}"
            number = 1
            while f"{name}.html" in names.values():
                number += 1
                name = f"{plain}-{number}"
            names[model] = f"{name}.html"
        return names

    def told(self, column: str) -> str:
        """Return what all rows say in a column of names, or nothing where they differ or do not say."""
        values = {row.get(column) for row in self.board.rows.values()}
        return str(values.pop() or "") if len(values) == 1 else ""

    @property
    def other_results(self) -> Sequence[str]:
        """The columns of numbers that other harnesses measured."""
        if self.headline != WIN_RATE:
            return []
        known = names_of((*all_columns(), *EVALUATORS))
        columns = [column for column in self.board.columns() if column not in known]
        return [
            column
            for column in columns
            if not column.endswith(" SE")
            and any(number_of(row.get(column)) is not None for row in self.board.rows.values())
        ]

    @property
    def headline(self) -> str:
        """The column that models are measured by."""
        return self.board.known[0].name

    @property
    def title(self) -> str:
        """What that number is called."""
        return self.headline.replace("_", " ")

    @cached_property
    def axis(self) -> charts.Axis:
        """What the numbers lie on: percent, or as far as the scores and their intervals reach."""
        if self.headline == WIN_RATE:
            return charts.PERCENT
        reached = [
            number
            for row in self.board.rows.values()
            for name, cell in row.items()
            if name.endswith(("low", "high")) and (number := number_of(cell)) is not None
        ]
        return charts.Axis(math.floor(min(reached, default=0.0)), math.ceil(max(reached, default=1.0)), "", 2)

    @property
    def interval_name(self) -> str:
        """What the intervals are called: by an embedded judge, they are of the sampling only."""
        return interval_name(self.told("annotator"), fingerprint=self.told("fingerprint"))

    @property
    def is_by_length_control(self) -> bool:
        """Whether models are ranked by the length-controlled win rate."""
        return self.order == LENGTH_CONTROLLED

    @property
    def order_name(self) -> str:
        """What models are ranked by, in words."""
        return "length-controlled win rate" if self.is_by_length_control else self.title

    @property
    def has_length_control(self) -> bool:
        """Whether some row has a length-controlled win rate."""
        return any(number_of(row.get(LENGTH_CONTROLLED)) is not None for row in self.board.rows.values())


def load_boards(folder: Path, order_of: Mapping[str, str]) -> list[SiteBoard]:
    """Read every board under a folder; the folder that a board lies in names its eval set.

    Args:
        folder: where they lie.
        order_of: the column that the boards of an eval set are ordered by. Others are ordered as their file is: by
            the length-controlled win rate or by the win rate.

    Raises:
        UsageError: one cannot be read.
    """
    paths = [path for path in sorted(folder.rglob("*.csv")) if is_board(path)]
    return [_load(path, order_of.get(path.parent.name)) for path in paths]


def _load(path: Path, order: str | None) -> SiteBoard:
    board = read_any(path)
    if board.known[0].name != WIN_RATE:
        return SiteBoard(path.parent.name, path.stem, board, _score_details(board), board.known[0].name)
    return SiteBoard(path.parent.name, path.stem, board, board_details(path), order or _order_of(board))


def _score_details(board: Board) -> Details:
    """Return the categories of a board of scores, which stand in its rows; no model is compared with another."""
    columns = [name for name in board.columns() if f"{name}_low" in board.columns() and name not in _TURNS]
    return Details(
        {
            model: {name: rate for name in columns if (rate := _score_of(row, name))}
            for model, row in board.rows.items()
        },
        {},
    )


def _score_of(row: Mapping[str, Cell], name: str) -> SubsetRate | None:
    value, low, high = (number_of(row.get(f"{name}{end}")) for end in ("", "_low", "_high"))
    if value is None or low is None or high is None:
        return None
    return SubsetRate(value, low, high, int(number_of(row.get("n_total")) or 0))


def _order_of(board: Board) -> str:
    """Return the column by which a board's file is sorted, as far as its rows tell."""
    has_it = any(number_of(row.get(LENGTH_CONTROLLED)) is not None for row in board.rows.values())
    models = list(board.rows)
    is_by_it = has_it and models == list(board.sorted_by(LENGTH_CONTROLLED).rows)
    return LENGTH_CONTROLLED if is_by_it and models != list(board.sorted_by(WIN_RATE).rows) else WIN_RATE


def slug(name: str) -> str:
    """Return a name as a file's can be."""
    return re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-.") or "x"


def number_of(cell: Cell) -> float | None:
    """Return a cell's number; None where it holds none."""
    return float(cell) if isinstance(cell, int | float) and cell == cell else None
