"""A board that grows run by run: a row a model, wherever the file lies."""

from pathlib import Path
from typing import Any

import pytest

from autoeval.errors import UsageError
from autoeval.journeys.evaluate import evaluate
from autoeval.leaderboards.table import read_board


def outputs(who: str, answer: str = "an answer") -> list[dict[str, Any]]:
    return [
        {"instruction": f"do {number}", "output": f"{answer} {number}", "generator": who}
        for number in range(6)
    ]


def grow(board: Path, who: str, answer: str = "an answer", **parameters: Any) -> Any:
    return evaluate(
        outputs(who, answer),
        outputs("reference", "a reference"),
        "longest",
        precomputed_leaderboard=board,
        **{"output_path": None, "no_report": True, **parameters},
    )


@pytest.mark.parametrize("output_path", ["out", None])
def test_a_model_has_one_row_from_the_first_run_on(output_path: str | None, tmp_path: Path) -> None:
    folder = output_path and tmp_path / output_path
    board = tmp_path / "out" / "longest" / "leaderboard.csv"
    for who in ("one", "two", "two", "one"):
        shown = grow(board, who, output_path=folder).board
        assert [name for name in shown.rows if "(" in name] == []
    assert sorted(read_board(board).rows) == ["one", "two"]


def test_other_numbers_of_a_model_replace_its_row_only_where_that_is_asked_for(tmp_path: Path) -> None:
    board = tmp_path / "board.csv"
    grow(board, "one")
    before = read_board(board).rows["one"]["win_rate"]
    again = grow(board, "one", "a much longer answer")
    assert set(again.board.rows) == {"one", "one (this run)"}  # both are shown
    assert {name: row["win_rate"] for name, row in read_board(board).rows.items()} == {"one": before}
    grow(board, "one", "a much longer answer", is_overwrite_leaderboard=True)
    assert {name: row["win_rate"] for name, row in read_board(board).rows.items()} == {"one": 100.0}


def test_a_run_in_the_boards_folder_does_not_forget_the_others(tmp_path: Path) -> None:
    """Not even where the runs do not compare, or boards are to be left alone."""
    board = tmp_path / "longest" / "leaderboard.csv"
    for who in ("one", "two"):
        grow(board, who, output_path=tmp_path, is_cache_leaderboard=False)
    assert sorted(read_board(board).rows) == ["one", "two"]
    grow(board, "three", output_path=tmp_path, max_instances=3)
    assert sorted(read_board(board).rows) == ["one", "two"]


def test_recomputed_numbers_replace_the_row(tmp_path: Path) -> None:
    board = tmp_path / "board.csv"
    grow(board, "one", output_path=tmp_path)
    annotations = tmp_path / "longest" / "annotations.json"
    annotations.write_text(annotations.read_text().replace('"preference": 1.0', '"preference": 2.0'))
    grow(board, "one", output_path=tmp_path, is_recompute_metrics_only=True)
    assert {name: row["win_rate"] for name, row in read_board(board).rows.items()} == {"one": 100.0}


def test_a_board_in_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    board = tmp_path / "new" / "folder" / "board.csv"
    grow(board, "one", is_cache_leaderboard=False)
    assert not board.exists()
    grow(board, "one")
    assert list(read_board(board).rows) == ["one"]


def test_a_folder_that_cannot_be_made_is_found_before_anything_is_judged(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is no folder"):
        grow(tmp_path / "file" / "board.csv", "one")
