"""In which order a board's rows stand, and which of them are shown."""

import math
from itertools import permutations

import pytest

from autoeval.leaderboards.table import Board
from autoeval.metrics.columns import Cell

ROWS: dict[str, dict[str, Cell]] = {
    "first": {"win_rate": 30.0, "length_controlled_winrate": 50.0},
    "b": {"win_rate": 20.0, "length_controlled_winrate": 40.0},
    "c": {"win_rate": 20.0, "length_controlled_winrate": 40.0},
    "a": {"win_rate": 10.0, "length_controlled_winrate": 40.0},
    "zero": {"win_rate": 90.0, "length_controlled_winrate": 0.0},
    "without": {"win_rate": 80.0},
    "not a number": {"win_rate": 70.0, "length_controlled_winrate": math.nan},
    "nothing": {},
}


def test_equal_rows_stand_by_win_rate_then_by_name_whoever_came_first() -> None:
    names = list(ROWS)
    for order in (names, names[::-1], sorted(names)):
        board = Board({name: ROWS[name] for name in order}).sorted_by("length_controlled_winrate")
        assert list(board.rows) == names
        assert board.order == "length_controlled_winrate"


def test_without_any_value_the_win_rate_decides() -> None:
    orders = {
        tuple(Board({name: ROWS[name] for name in order}).sorted_by("n_total").rows)
        for order in permutations(["a", "b", "c", "without"])
    }
    assert orders == {("without", "b", "c", "a")}


@pytest.mark.parametrize(
    ("modes", "strictest", "shown"),
    [
        (["dev", "community", "verified"], "verified", [2]),
        (["dev", "community", "minimal"], "minimal", [2]),
        (["dev", "dev"], "dev", [0, 1]),
        (["community", None], "minimal", [1]),
        ([], "dev", []),
    ],
)
def test_the_strictest_mode_is_one_that_shows_something(
    modes: list[str | None], strictest: str, shown: list[int]
) -> None:
    board = Board({str(place): {"mode": mode} for place, mode in enumerate(modes)})
    assert board.strictest_mode() == strictest
    assert list(board.of_mode(strictest).rows) == [str(place) for place in shown]
