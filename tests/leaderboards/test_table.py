"""A board's file: what is written is read again as it was, and what is no board is refused by its line and cell."""

import csv
import math
from io import StringIO
from pathlib import Path

import pytest

from autoeval.data.spreadsheet import as_cell
from autoeval.errors import UsageError
from autoeval.leaderboards.table import EVALUATORS, Board, read_board
from autoeval.metrics.columns import Cell


def written(board: Board) -> str:
    file = StringIO(newline="")
    board.write(file)
    return file.getvalue()


def read(text: str | bytes, folder: Path) -> Board:
    path = folder / "board.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_board(path)


ROWS: dict[str, dict[str, Cell]] = {
    "=plus": {"win_rate": 1 / 3, "n_total": 805, "mode": "minimal", "theirs": "007", "more": 5},
    "b, c": {"win_rate": 100.0, "n_total": 0, "mode": None, "theirs": "1.50", "more": 2.5},
    'd "e"': {"win_rate": 0.0, "n_total": 2**53, "mode": "-x", "theirs": "nan", "more": None},
}


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    board = Board(ROWS)
    assert read(written(board), tmp_path) == board
    cells = [cell for line in csv.reader(StringIO(written(board))) for cell in line]
    assert {cell for cell in cells if cell.endswith(("plus", "x"))} == {as_cell("=plus"), as_cell("-x")}
    assert not any(cell.startswith(("=", "-")) for cell in cells), "no spreadsheet takes a name for a formula"
    assert read("\ufeff" + written(board) + "\n\n", tmp_path) == board, "a mark at the beginning, empty lines"
    assert written(Board({"m": {"win_rate": math.nan, "n_total": None}})) == ",win_rate,n_total\nm,,\n"


def test_our_columns_come_first_and_rows_are_added_or_replaced() -> None:
    board = Board({"a": {"theirs": 1, "n_total": 3, "win_rate": 50.0}})
    assert board.columns() == ["win_rate", "n_total", "theirs"]
    more = board.with_row("b", {"win_rate": 40.0, "more": "x"})
    assert more.columns() == ["win_rate", "n_total", "theirs", "more"]
    assert list(more.with_rows({"a": {"win_rate": 1.0}, "c": {}}).rows.items()) == [
        ("a", {"win_rate": 1.0}),
        ("b", {"win_rate": 40.0, "more": "x"}),
        ("c", {}),
    ]
    assert list(board.rows) == ["a"], "a board never changes"
    table = more.to_pandas()
    assert (list(table.index), list(table.columns)) == (["a", "b"], more.columns())
    assert table.loc["b", "win_rate"] == 40


def test_rows_of_a_mode_and_the_one_that_is_kept() -> None:
    board = Board({mode: {"mode": mode} for mode in ("minimal", "verified", "community", "dev")})
    assert list(board.of_mode("verified").rows) == ["minimal", "verified"]
    assert list(board.of_mode("minimal", keep="dev").rows) == ["minimal", "dev"]
    assert board.of_mode(None) == board


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no column 'win_rate'"),
        ("win_rate,model\n1,a\n", "no column 'win_rate'"),
        (",win_rate,n_total,win_rate\na,1,1,1\n", "the column 'win_rate' is there twice"),
        (",win_rate\na,1\n\na,2\n", "line 4: the model 'a' is there twice"),
        (",win_rate\n ,1\n", "line 2: no model is named"),
        (",win_rate\na,1,2\n", "line 2: 3 fields where the header has 2"),
        (",win_rate,n_total\na,1\n", "line 2: 2 fields where the header has 3"),
        (",win_rate\na,often\n", "win_rate is 'often', not a number"),
        (",win_rate\na,nan\n", "win_rate is 'nan', not a number"),
        (",win_rate\na,inf\n", "win_rate is 'inf', not a number"),
        (",win_rate\na,-0.1\n", "win_rate is '-0.1', which is negative"),
        (",win_rate\na,100.1\n", "win_rate is '100.1', which is more than 100"),
        (",win_rate,standard_error\na,1,-1\n", "standard_error is '-1', which is negative"),
        (",win_rate,n_total\na,1,-1\n", "n_total is '-1', which is negative"),
        (",win_rate,n_total\na,1,2.5\n", "n_total is '2.5', not a whole number"),
        (f",win_rate,n_total\na,1,{2**54}\n", f"n_total is '{2**54}', which is more than 9.0072e+15"),
        (b",win_rate\n\xff,1\n", "cannot be read"),
    ],
)
def test_what_is_no_board_is_refused(text: str | bytes, told: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the leaderboard") as refused:
        read(text, tmp_path)
    assert told in str(refused.value)


def test_numbers_are_read_as_their_columns_say(tmp_path: Path) -> None:
    text = ",win_rate,n_total,standard_error,theirs,long\na,1,8.0,1e3,1e3,1e999\n"
    row = read(text, tmp_path).rows["a"]
    assert row == {"win_rate": 1.0, "n_total": 8, "standard_error": 1000.0, "theirs": "1e3", "long": "1e999"}
    assert {name: type(cell) for name, cell in row.items()}["n_total"] is int
    assert read(",win_rate\na,1\n", tmp_path).columns() == ["win_rate"]


def test_a_board_of_evaluators_has_other_columns(tmp_path: Path) -> None:
    path = tmp_path / "evaluators.csv"
    path.write_text(",Human agreement,Bias\na,60,-5.5\n")
    board = read_board(path, EVALUATORS)
    assert board.rows == {"a": {"Human agreement": 60.0, "Bias": -5.5}}
    assert board.known == EVALUATORS
    with pytest.raises(UsageError, match="no column 'win_rate'"):
        read_board(path)
    with pytest.raises(UsageError, match="cannot be read"):
        read_board(tmp_path / "none.csv")
