"""A static site from boards: a page a board, a page a model, each standing alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autoeval.leaderboards.details import SIGNIFICANT, Comparison, SubsetRate
from autoeval.leaderboards.fooling import how_it_fools
from autoeval.leaderboards.site_boards import SiteBoard, number_of
from autoeval.metrics.columns import Cell
from autoeval.pages import charts
from autoeval.pages.charts import Interval
from autoeval.pages.document import packed, render

_TEMPLATES = Path(__file__).parent / "templates"
_MOST_IN_MATRIX = 60
_MOST_IN_RADAR = 40
_CHOSEN_AT_FIRST = 3


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
        scatter=_scatter(board, rows),
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
    whole, axis = row.rates[""], board.axis
    said = [f"{axis.said(number)}{axis.unit}" for number in (whole.win_rate, whole.low, whole.high)]
    others = [
        (other, board.details.comparison(row.name, other)) for other in board.models if other != row.name
    ]
    return render(
        _TEMPLATES / "model.html.jinja",
        board=board,
        row=row,
        whole=whole,
        overall=charts.intervals(
            f"{board.title.capitalize()} {said[0]}, {board.interval_name} {said[1]} to {said[2]}",
            [Interval("", whole.win_rate, whole.low, whole.high)],
            width=640,
            axis=axis,
        ),
        subsets=charts.intervals(
            f"{board.title.capitalize()} by {board.part_name} ({board.interval_name})", subsets, axis=axis
        )
        if subsets
        else None,
        comparisons=[(other, comparison, _verdict(comparison)) for other, comparison in others if comparison],
    )


def _rows(board: SiteBoard, with_marks: bool) -> list[_Row]:
    rows = []
    ranks = {model: rank for rank, model in enumerate(board.measured, 1)}
    for model in board.models:
        cells = board.board.rows[model]
        rank = ranks.get(model)
        rates = {"": _whole(cells, board), **board.details.subsets.get(model, {})}
        marks = {name: _mark(board, model, name, rate) for name, rate in rates.items()} if with_marks else {}
        interval = board.details.rank_interval(model, board.measured) if rank else None
        fools = how_it_fools(model)
        rows.append(_Row(rank, interval, model, board.pages[model], cells, rates, marks, fools))
    return rows


def _whole(cells: Mapping[str, Cell], board: SiteBoard) -> SubsetRate:
    """Return a row's number; where a board has no interval, one of two standard errors."""
    rate, error = number_of(cells.get(board.headline)) or 0.0, number_of(cells.get("standard_error")) or 0.0
    low, high = number_of(cells.get("low")), number_of(cells.get("high"))
    return SubsetRate(
        win_rate=rate,
        low=max(rate - 2 * error, board.axis.low) if low is None else low,
        high=min(rate + 2 * error, board.axis.high) if high is None else high,
        n=int(number_of(cells.get("n_total")) or 0),
    )


def _mark(board: SiteBoard, model: str, subset: str, rate: SubsetRate) -> Any:
    where = f" on {subset}" if subset else ""
    axis = board.axis
    said, low, high = (f"{axis.said(number)}{axis.unit}" for number in (rate.win_rate, rate.low, rate.high))
    title = f"{said}{where}, {board.interval_name} {low} to {high}"
    return charts.interval_mark(title, Interval(model, rate.win_rate, rate.low, rate.high), axis)


def _scatter(board: SiteBoard, rows: Sequence[_Row]) -> Any:
    lengths = {row.name: number_of(row.cells.get("avg_length")) for row in rows}
    points = {
        row.name: (length, row.rates[""].win_rate)
        for row in rows
        if (length := lengths[row.name]) is not None
    }
    title = f"{board.title.capitalize()} against the mean length of the outputs, a dot a model"
    y_title = f"{board.title}, %" if board.axis.unit else board.title
    return charts.scatter(title, points, "characters, mean", y_title, board.axis) if points else None


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
    title = f"{board.title.capitalize()} by {board.part_name} for the chosen models"
    return charts.radar(title, board.subsets, series, (board.axis.low, board.axis.high))
