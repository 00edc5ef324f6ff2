"""Pages of the site for boards that are none of win rates: ratings with ranks, and judges by accuracy and price."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from autoeval.leaderboards.boards import header_of
from autoeval.leaderboards.labelled import read_evaluators
from autoeval.leaderboards.rating_columns import RATINGS, is_ratings
from autoeval.leaderboards.site_boards import number_of, slug
from autoeval.leaderboards.table import Board, read_board
from autoeval.metrics.columns import Cell
from autoeval.pages import charts
from autoeval.pages.charts import Interval
from autoeval.pages.document import render

_TEMPLATES = Path(__file__).parent / "templates"
_Z = 1.96


@dataclass(frozen=True)
class Judge:
    """A judge as it is chosen: how often it is right, in percent with the 95% interval, and its price.

    `price` is in US dollars per 1000 pairs, None where it is unknown. `is_worth_it`: no cheaper one is as accurate.
    """

    name: str
    accuracy: Interval
    price: float | None
    agreement: float | None
    first_shown: float | None
    n: int | None
    is_worth_it: bool = False


@dataclass(frozen=True)
class OtherBoard:
    """A board with one page of its own; `kind` is `ratings` or `evaluators`. `group` and `name` name it on the site."""

    kind: str
    group: str
    name: str
    folder: str
    board: Board

    @property
    def page(self) -> str:
        """Return its page's HTML."""
        return _PAGES[self.kind](self)

    @cached_property
    def best(self) -> Sequence[tuple[str, str]]:
        """The names of the first three, each with its number."""
        if self.kind == "ratings":
            rows = self.board.sorted_by("rating").rows
            return [
                (name, f"{number_of(row.get('rating')) or 0:.0f}") for name, row in list(rows.items())[:3]
            ]
        return [(judge.name, f"{judge.accuracy.value:.1f}%") for judge in judges(self.board)[:3]]

    @property
    def sentence(self) -> str:
        """What it is, in a few words."""
        n = len(self.board.rows)
        return (
            f"{n} models, rated by battles"
            if self.kind == "ratings"
            else f"{n} judges, by accuracy and price"
        )


def load_others(folder: Path, taken: Iterable[str]) -> list[OtherBoard]:
    """Read every board of ratings or of evaluators under a folder.

    Args:
        folder: where they lie.
        taken: the names of folders of pages that other boards have.

    Raises:
        UsageError: one cannot be read.
    """
    found, known = [], set(taken)
    for path in sorted(folder.rglob("*.csv")):
        kind = kind_of(path)
        if kind is None:
            continue
        name = plain = f"{slug(path.parent.name)}-{slug(path.stem)}"
        number = 1
        while name in known:
            number += 1
            name = f"{plain}-{number}"
        known.add(name)
        board = read_board(path, RATINGS) if kind == "ratings" else read_evaluators(path)
        found.append(OtherBoard(kind, path.parent.name, path.stem, name, board))
    return found


def kind_of(path: Path) -> str | None:
    """Return what a CSV file is a board of by its header; None where it is neither kind."""
    header = header_of(path)
    if is_ratings(header):
        return "ratings"
    return "evaluators" if {"accuracy", "Human agreement"} & set(header) else None


def judges(board: Board) -> list[Judge]:
    """Return the judges of a board of evaluators that have an accuracy, the most accurate first."""
    found = [judge for name, row in board.rows.items() if (judge := _judge(name, row)) is not None]
    found.sort(key=lambda judge: (-judge.accuracy.value, judge.price if judge.price is not None else 1e9))
    best, worth = float("inf"), set()
    for judge in found:  # of equally accurate ones the cheapest comes first
        if judge.price is not None and judge.price < best:
            best = judge.price
            worth.add(judge.name)
    return [replace(judge, is_worth_it=judge.name in worth) for judge in found]


def _judge(name: str, row: Mapping[str, Cell]) -> Judge | None:
    """Return a judge of a labelled set, or of AlpacaEval's board, on people's votes."""
    accuracy = number_of(row.get("accuracy"))
    if accuracy is not None:
        low, high = (number_of(row.get(f"accuracy_{end}")) for end in ("low", "high"))
        price, n = number_of(row.get("price_per_1000_pairs")), number_of(row.get("n_total"))
    else:
        accuracy = number_of(row.get("Human agreement"))
        if accuracy is None:
            return None
        half = _Z * (number_of(row.get("Human agreement SE")) or 0.0)
        low, high = max(accuracy - half, 0.0), min(accuracy + half, 100.0)
        price, n = number_of(row.get("Price [$/1000 examples]")), number_of(row.get("# parsed"))
    interval = Interval(name, accuracy, accuracy if low is None else low, accuracy if high is None else high)
    shares = [number_of(row.get(column)) for column in ("agreement", "first_shown")]
    return Judge(name, interval, price, shares[0], shares[1], None if n is None else int(n))


def _ratings_page(board: OtherBoard) -> str:
    rows = board.board.sorted_by("rating").rows
    values = [_rating(name, row) for name, row in rows.items()]
    low, high = min((one.low for one in values), default=0.0), max((one.high for one in values), default=0.0)
    axis = charts.Axis(low, high if high > low else low + 1, "", 0)
    marks = [
        charts.interval_mark(f"{one.value:.0f}, 95% interval {one.low:.0f} to {one.high:.0f}", one, axis)
        for one in values
    ]
    return render(
        _TEMPLATES / "ratings.html.jinja",
        board=board,
        rows=list(zip(rows.items(), marks, strict=True)),
        ends=(axis.low, axis.high),
    )


def _rating(name: str, row: Mapping[str, Cell]) -> Interval:
    """Return a model's rating; without its interval, where a board of another tool has none."""
    rating, low, high = (number_of(row.get(column)) for column in ("rating", "low", "high"))
    rating = rating or 0.0
    return Interval(name, rating, rating if low is None else low, rating if high is None else high)


def _evaluators_page(board: OtherBoard) -> str:
    found = judges(board.board)
    priced = {judge.name: (judge.price, judge.accuracy) for judge in found if judge.price is not None}
    title = "Accuracy against the price of 1000 pairs, a dot a judge, with 95% intervals"
    plot = (
        charts.interval_scatter(title, priced, "US dollars per 1000 pairs", "accuracy, %") if priced else None
    )
    return render(_TEMPLATES / "evaluators.html.jinja", board=board, judges=found, plot=plot)


_PAGES: Mapping[str, Callable[[OtherBoard], str]] = {"ratings": _ratings_page, "evaluators": _evaluators_page}
