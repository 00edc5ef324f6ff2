"""A static site from boards: a page a board, a page a model, each standing alone."""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from autoeval.annotators.builtin import interval_name
from autoeval.errors import UsageError
from autoeval.leaderboards.columns import all_columns, names_of
from autoeval.leaderboards.details import SIGNIFICANT, Comparison, Details, SubsetRate, board_details
from autoeval.leaderboards.fooling import how_it_fools
from autoeval.leaderboards.table import EVALUATORS, Board, read_board
from autoeval.metrics.columns import Cell
from autoeval.pages import charts
from autoeval.pages.charts import Interval
from autoeval.pages.document import packed, render

_TEMPLATES = Path(__file__).parent / "templates"
_MOST_IN_MATRIX = 60
_MOST_IN_RADAR = 40
_CHOSEN_AT_FIRST = 3
WIN_RATE, LENGTH_CONTROLLED = "win_rate", "length_controlled_winrate"


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
        return f"{_slug(self.eval_set)}-{_slug(self.judge)}"

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
        """The subsets that some model has, by name."""
        return sorted({name for rates in self.details.subsets.values() for name in rates})

    @cached_property
    def pages(self) -> Mapping[str, str]:
        """The file name of each model's page; no two are the same, also where case does not count."""
        names: dict[str, str] = {}
        for model in self.models:
            name = slug = f"model-{_slug(model)}"
            number = 1
            while f"{name}.html" in names.values():
                number += 1
                name = f"{slug}-{number}"
            names[model] = f"{name}.html"
        return names

    def told(self, column: str) -> str:
        """Return what all rows say in a column of names, or nothing where they differ or do not say."""
        values = {row.get(column) for row in self.board.rows.values()}
        return str(values.pop() or "") if len(values) == 1 else ""

    @property
    def other_results(self) -> Sequence[str]:
        """The columns of numbers that other harnesses measured."""
        known = names_of((*all_columns(), *EVALUATORS))
        columns = [column for column in self.board.columns() if column not in known]
        return [
            column
            for column in columns
            if not column.endswith(" SE")
            and any(_number(row.get(column)) is not None for row in self.board.rows.values())
        ]

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
        return "length-controlled win rate" if self.is_by_length_control else "win rate"

    @property
    def has_length_control(self) -> bool:
        """Whether some row has a length-controlled win rate."""
        return any(_number(row.get(LENGTH_CONTROLLED)) is not None for row in self.board.rows.values())


@dataclass(frozen=True)
class _Row:
    """A model as the tables show it. `marks` has an interval's drawing by subset, the whole under ''.

    `fools` says what it is if it was made to fool the judge. A bridged row, whose win rate its board's judge never
    gave, has no rank.
    """

    rank: int | None
    rank_interval: tuple[int, int] | None
    name: str
    page: str
    cells: Mapping[str, Cell]
    rates: Mapping[str, SubsetRate]
    marks: Mapping[str, Any] = field(default_factory=dict)
    fools: str | None = None


def load_boards(folder: Path, order_of: Mapping[str, str]) -> list[SiteBoard]:
    """Read every board under a folder; the folder that a board lies in names its eval set.

    Args:
        folder: where they lie.
        order_of: the column that the boards of an eval set are ordered by. Others are ordered as their file is: by
            the length-controlled win rate or by the win rate.

    Raises:
        UsageError: there is none, or one cannot be read.
    """
    paths = [path for path in sorted(folder.rglob("*.csv")) if _is_board(path)]
    if not paths:
        raise UsageError(f"there is no leaderboard (a CSV file with a column win_rate) in {folder}.")
    return [_load(path, order_of.get(path.parent.name)) for path in paths]


def _load(path: Path, order: str | None) -> SiteBoard:
    board = read_board(path)
    return SiteBoard(path.parent.name, path.stem, board, board_details(path), order or _order_of(board))


def _order_of(board: Board) -> str:
    """Return the column by which a board's file is sorted, as far as its rows tell."""
    has_it = any(_number(row.get(LENGTH_CONTROLLED)) is not None for row in board.rows.values())
    models = list(board.rows)
    is_by_it = has_it and models == list(board.sorted_by(LENGTH_CONTROLLED).rows)
    return LENGTH_CONTROLLED if is_by_it and models != list(board.sorted_by(WIN_RATE).rows) else WIN_RATE


def site_pages(boards: Sequence[SiteBoard]) -> Iterable[tuple[str, str]]:
    """Make every page of the site.

    Yields:
        Where each page goes, below the site's folder, and its HTML.
    """
    yield "index.html", render(_TEMPLATES / "index.html.jinja", boards=boards)
    for board in boards:
        yield f"{board.folder}/index.html", _board_page(board, boards)
        for row in _rows(board, with_marks=False):
            yield f"{board.folder}/{row.page}", _model_page(board, row)


def _board_page(board: SiteBoard, boards: Sequence[SiteBoard]) -> str:
    rows = _rows(board, with_marks=True)
    return render(
        _TEMPLATES / "board.html.jinja",
        _TEMPLATES / "board.js",
        board=board,
        boards=boards,
        rows=rows,
        modes=sorted({str(row.cells["mode"]) for row in rows if row.cells.get("mode")}),
        scatter=_scatter(rows),
        matrix=_matrix(board),
        radar=_radar(board),
        radar_models=board.models[:_MOST_IN_RADAR],
        n_chosen=_CHOSEN_AT_FIRST,
        data=packed(
            {row.name: {name: [r.win_rate, r.low, r.high] for name, r in row.rates.items()} for row in rows}
        ),
    )


def _model_page(board: SiteBoard, row: _Row) -> str:
    subsets = [Interval(name, rate.win_rate, rate.low, rate.high) for name, rate in row.rates.items() if name]
    whole = row.rates[""]
    others = [
        (other, board.details.comparison(row.name, other)) for other in board.models if other != row.name
    ]
    return render(
        _TEMPLATES / "model.html.jinja",
        board=board,
        row=row,
        whole=whole,
        overall=charts.intervals(
            f"Win rate {whole.win_rate:.1f}%, {board.interval_name} {whole.low:.1f} to {whole.high:.1f}%",
            [Interval("", whole.win_rate, whole.low, whole.high)],
            width=640,
        ),
        subsets=charts.intervals(f"Win rate by subset ({board.interval_name})", subsets) if subsets else None,
        comparisons=[(other, comparison, _verdict(comparison)) for other, comparison in others if comparison],
    )


def _rows(board: SiteBoard, with_marks: bool) -> list[_Row]:
    rows = []
    ranks = {model: rank for rank, model in enumerate(board.measured, 1)}
    for model in board.models:
        cells = board.board.rows[model]
        rank = ranks.get(model)
        rates = {"": _whole(cells), **board.details.subsets.get(model, {})}
        marks = {name: _mark(board, model, name, rate) for name, rate in rates.items()} if with_marks else {}
        interval = board.details.rank_interval(model, board.measured) if rank else None
        fools = how_it_fools(model)
        rows.append(_Row(rank, interval, model, board.pages[model], cells, rates, marks, fools))
    return rows


def _whole(cells: Mapping[str, Cell]) -> SubsetRate:
    """Return a row's win rate; where a board has no interval, one of two standard errors."""
    rate, error = _number(cells.get("win_rate")) or 0.0, _number(cells.get("standard_error")) or 0.0
    low, high = _number(cells.get("low")), _number(cells.get("high"))
    return SubsetRate(
        win_rate=rate,
        low=max(rate - 2 * error, 0.0) if low is None else low,
        high=min(rate + 2 * error, 100.0) if high is None else high,
        n=int(_number(cells.get("n_total")) or 0),
    )


def _mark(board: SiteBoard, model: str, subset: str, rate: SubsetRate) -> Any:
    where = f" on {subset}" if subset else ""
    title = f"{rate.win_rate:.1f}%{where}, {board.interval_name} {rate.low:.1f} to {rate.high:.1f}%"
    return charts.interval_mark(title, Interval(model, rate.win_rate, rate.low, rate.high))


def _scatter(rows: Sequence[_Row]) -> Any:
    lengths = {row.name: _number(row.cells.get("avg_length")) for row in rows}
    points = {
        row.name: (length, row.rates[""].win_rate)
        for row in rows
        if (length := lengths[row.name]) is not None
    }
    title = "Win rate against the mean length of the outputs, a dot a model"
    return charts.scatter(title, points, "characters, mean", "win rate, %") if points else None


def _matrix(board: SiteBoard) -> Sequence[tuple[str, Sequence[tuple[str, str]]]]:
    """Return, for each model, who it differs from: (kind, sentence) for each of the models."""
    models = board.models[:_MOST_IN_MATRIX]
    rows = []
    for one in models:
        cells = []
        for other in models:
            comparison = board.details.comparison(one, other)
            kind = "self" if one == other else _verdict(comparison) if comparison else "unknown"
            cells.append((kind, _sentence(one, other, comparison)))
        rows.append((one, cells))
    return rows if board.details.comparisons else []


def _verdict(comparison: Comparison) -> str:
    if comparison.p_holm >= SIGNIFICANT:
        return "tie"
    return "win" if comparison.difference > 0 else "loss"


def _sentence(one: str, other: str, comparison: Comparison | None) -> str:
    if comparison is None:
        return ""
    return f"{one} − {other}: {comparison.difference:+.1f} points, p = {comparison.p_holm:.3g} (Holm)"


def _radar(board: SiteBoard) -> Any:
    if len(board.subsets) < 3:
        return None
    series = {}
    for model in board.models[:_MOST_IN_RADAR]:
        rates = board.details.subsets.get(model, {})
        series[model] = [rates[name].win_rate if name in rates else None for name in board.subsets]
    return charts.radar("Win rate by subset for the chosen models", board.subsets, series)


def _is_board(path: Path) -> bool:
    if path.name.endswith(".preferences.csv"):
        return False
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return "win_rate" in next(csv.reader(file), ())
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} cannot be read: {error}.") from None


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-.") or "x"


def _number(cell: Cell) -> float | None:
    return float(cell) if isinstance(cell, int | float) and cell == cell else None
