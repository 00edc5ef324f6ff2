"""The boards of a site: those of win rates with what their pages are made from, and the others."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from autoeval.annotators.builtin import interval_name
from autoeval.errors import UsageError
from autoeval.leaderboards.columns import all_columns, names_of
from autoeval.leaderboards.details import Details, board_details
from autoeval.leaderboards.fooling import how_it_fools
from autoeval.leaderboards.other_pages import OtherBoard, load_other, number
from autoeval.leaderboards.table import EVALUATORS, Board, read_board

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
            and any(number(row.get(column)) is not None for row in self.board.rows.values())
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
        return any(number(row.get(LENGTH_CONTROLLED)) is not None for row in self.board.rows.values())


def load_boards(
    folder: Path, order_of: Mapping[str, str]
) -> tuple[Sequence[SiteBoard], Sequence[OtherBoard]]:
    """Read every board under a folder; the folder that a board lies in names its eval set.

    Args:
        folder: where they lie.
        order_of: the column that the boards of an eval set are ordered by. Others are ordered as their file is: by
            the length-controlled win rate or by the win rate.

    Returns:
        The boards of win rates, and those of ratings and of evaluators.

    Raises:
        UsageError: there is none, or one cannot be read.
    """
    paths = sorted(folder.rglob("*.csv"))
    boards = [_load(path, order_of.get(path.parent.name)) for path in paths if _is_board(path)]
    known = {board.folder for board in boards}
    others = []
    for path in paths:
        slug = f"{_slug(path.parent.name)}-{_slug(path.stem)}"
        if not _is_board(path) and (one := load_other(path, _unused(slug, known))) is not None:
            others.append(one)
    if not boards and not others:
        raise UsageError(
            f"there is no leaderboard (a CSV file with a column win_rate, rating or accuracy) in {folder}."
        )
    return boards, others


def _unused(slug: str, known: set[str]) -> str:
    """Return a folder's name that no other board has, and remember it."""
    name, number = slug, 1
    while name in known:
        number += 1
        name = f"{slug}-{number}"
    known.add(name)
    return name


def _load(path: Path, order: str | None) -> SiteBoard:
    board = read_board(path)
    return SiteBoard(path.parent.name, path.stem, board, board_details(path), order or _order_of(board))


def _order_of(board: Board) -> str:
    """Return the column by which a board's file is sorted, as far as its rows tell."""
    has_it = any(number(row.get(LENGTH_CONTROLLED)) is not None for row in board.rows.values())
    models = list(board.rows)
    is_by_it = has_it and models == list(board.sorted_by(LENGTH_CONTROLLED).rows)
    return LENGTH_CONTROLLED if is_by_it and models != list(board.sorted_by(WIN_RATE).rows) else WIN_RATE


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
