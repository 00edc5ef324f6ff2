"""What may be written on a board, what stands apart, and what follows from a board's preferences."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from autoeval.data.pairing import load_pairs
from autoeval.errors import AutoevalError, UsageError
from autoeval.leaderboards import boards
from autoeval.leaderboards.columns import COLUMNS
from autoeval.leaderboards.grades import COLUMNS as SCORES
from autoeval.leaderboards.placing import Standing
from autoeval.leaderboards.preferences import Preference, path_beside, read_preferences
from autoeval.leaderboards.presets import PRESETS
from autoeval.leaderboards.rows import Conditions
from autoeval.leaderboards.table import Board, read_board
from autoeval.leaderboards.tally import Tally
from autoeval.metrics.columns import Cell
from autoeval.runs.regeneration import compare_rows

HERE = Conditions("judge", "f1", "served", "reference", "e1")
TELLS: dict[str, Cell] = {"annotator": "judge", "fingerprint": "f1", "judge_models": "served"}
ROW: dict[str, Cell] = {"win_rate": 50.0, **TELLS, "reference": "reference", "eval_set": "e1"}


@pytest.mark.parametrize("column", ["annotator", "fingerprint", "judge_models", "reference", "eval_set"])
def test_a_condition_that_differs_is_a_conflict_and_one_that_is_not_told_is_none(column: str) -> None:
    assert HERE.conflict(Board({"old": ROW})) is None
    told = HERE.conflict(Board({"old": {**ROW, column: "another"}}))
    assert told is not None
    assert "'old' on the board is another" in told
    assert HERE.conflict(Board({"old": {**ROW, column: "another"}}), replaced={"old"}) is None
    for silent in (None, ""):
        assert HERE.conflict(Board({"old": {**ROW, column: silent}})) is None
    assert replace(HERE, **{column: ""}).conflict(Board({"old": ROW})) is None


def test_one_row_of_other_pairs_is_enough() -> None:
    same = {"a": ROW, "b": ROW}
    assert HERE.has_same_pairs_as(Board(same))
    for column in ("reference", "eval_set"):
        assert not HERE.has_same_pairs_as(Board({**same, "c": {**ROW, column: "another"}}))
    assert HERE.has_same_pairs_as(Board({"a": {**ROW, "annotator": "another"}}))


def standing(path: Path | str, *, is_kept: bool = True) -> Standing:
    return Standing.find(path, "judge", PRESETS["alpaca_eval_1"], False, "win_rate", "auto", is_kept)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.csv"
    boards.save_board(Board({"old": ROW}), path)
    return path


def test_a_row_that_compares_is_written_and_no_other(mine: Path) -> None:
    board = standing(mine)
    assert board.comparable_with("new", HERE) == mine
    placed = board.place("new", ROW, HERE)
    assert placed.apart is None
    assert set(placed.board.rows) == {"old", "new"}
    board.keep("new", ROW, (), placed.apart)
    assert set(read_board(mine).rows) == {"old", "new"}

    other = replace(HERE, annotator="another")
    assert board.comparable_with("other", other) is None
    placed = board.place("other", {**ROW, "annotator": "another"}, other)
    assert set(placed.board.rows) == {"other"}
    assert placed.apart is not None
    assert "the judge is another" in placed.apart.reason
    board.keep("other", ROW, (), placed.apart, always=True)
    assert set(read_board(mine).rows) == {"old", "new"}


def test_a_model_that_is_there_keeps_its_row_unless_it_is_to_be_replaced(mine: Path) -> None:
    board, other = standing(mine), {**ROW, "win_rate": 60.0}
    placed = board.place("old", other, HERE)
    assert placed.shown_as != "old"
    assert [placed.board.rows[name]["win_rate"] for name in (placed.shown_as, "old")] == [60, 50]
    told = board.note("old", placed)
    assert told is not None
    assert f"old is on {mine} already with other numbers" in told
    assert board.note("new", board.place("new", ROW, HERE)) is None
    elsewhere = replace(HERE, annotator="another")
    said = board.note("new", board.place("new", {**ROW, "annotator": "another"}, elsewhere))
    assert said is not None
    assert "mine.csv, because the numbers do not compare: the judge is another" in said
    board.keep("old", other, (), placed.apart)
    assert read_board(mine).rows["old"]["win_rate"] == 50
    replacing = Standing.find(mine, "judge", PRESETS["alpaca_eval_1"], True, "win_rate", "auto", True)
    placed = replacing.place("old", other, HERE)
    assert placed.shown_as == "old"
    replacing.keep("old", other, (), placed.apart)
    assert read_board(mine).rows["old"]["win_rate"] == 60
    shipped = standing("alpaca_eval_gpt4")
    assert shipped.note("gpt4", replace(placed, shown_as="gpt4 (yours)")) is None, (
        "nobody wants to write there"
    )


def test_a_board_of_own_runs_is_shown_whole_and_none_is_no_file(mine: Path) -> None:
    board = standing(mine, is_kept=False)
    assert board.is_file(mine.parent / "x" / ".." / mine.name)
    assert not board.is_file(mine.with_name("another.csv"))
    assert set(board.alone().rows) == {"old"}
    left = board.unchanged("new")
    assert (set(left.board.rows), left.shown_as, left.apart) == ({"old"}, "new", None)
    board.keep("new", ROW, (), None, always=True)
    assert set(read_board(mine).rows) == {"old", "new"}, "the run's own file is written whatever the board is"
    given = (COLUMNS, PRESETS["alpaca_eval_1"], False, "win_rate", True)
    assert set(Standing.among_own(mine, *given).board.rows) == {"old", "new"}
    nowhere = Standing.among_own(None, *given)
    assert not nowhere.is_kept
    assert nowhere.comparable_with("new", HERE) is None
    assert not nowhere.is_file(mine)
    nowhere.keep("newer", ROW, (), None, always=True)
    assert set(read_board(mine).rows) == {"old", "new"}


def test_a_board_that_is_not_to_be_kept_stays_as_it_is(mine: Path) -> None:
    before = mine.read_bytes()
    board = standing(mine, is_kept=False)
    board.keep("new", ROW, (), board.place("new", ROW, HERE).apart)
    assert mine.read_bytes() == before
    shipped = standing("alpaca_eval_gpt4")
    assert shipped.path is not None
    before = shipped.path.read_bytes()
    assert not shipped.is_kept
    shipped.keep("new", ROW, (), None)
    assert shipped.path.read_bytes() == before


def test_known_models_stand_apart_only_where_they_were_judged_on_the_same_pairs() -> None:
    known = boards.known_models(PRESETS["alpaca_eval_1"])
    row = next(iter(known.rows.values()))
    reference, eval_set = str(row["reference"]), str(row["eval_set"])
    board = standing("auto")
    same = Conditions("judge", "f1", "", reference, eval_set)
    placed = board.place("new", {**ROW, "reference": reference, "eval_set": eval_set}, same)
    assert placed.apart is not None
    assert set(placed.apart.board.rows) == set(known.rows)
    assert set(placed.board.rows) == {"new"}
    for other in (replace(same, eval_set="e1"), replace(same, reference="another")):
        assert board.place("new", ROW, other).apart is None


def preferences(*subsets: str) -> list[Preference]:
    values = [2.0, 1.0, 2.0, 1.5]
    return [
        Preference(f"{subset} {i}", subset, value, 10, 20, None)
        for place, subset in enumerate(subsets)
        for i, value in enumerate(values[place:])
    ]


def test_two_subsets_have_a_table_and_one_has_none() -> None:
    assert Tally.of(preferences("a")).by_subset() == {}
    rates = Tally.of(preferences("a", "b")).by_subset()
    assert [(name, rate.n_total) for name, rate in rates.items()] == [("a", 4), ("b", 3)]
    assert [rate.win_rate for rate in rates.values()] == pytest.approx([62.5, 50.0])
    assert list(Tally.of(preferences("a", "b", "c")).by_subset()) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("column", "by", "moved"),
    [
        ("win_rate", 1e-10, False),
        ("win_rate", 1e-7, True),
        ("length_controlled_winrate", 1e-7, False),
        ("length_controlled_winrate", 1e-5, True),
        ("length_controlled_winrate", 1.0, True),
        ("lc_standard_error", 0.5, True),
        ("difficulty_free_lc_winrate", -0.9, True),
    ],
)
def test_a_number_that_moved_is_found(column: str, by: float, moved: bool) -> None:
    board = Board({"m": {column: 50.0}})
    assert bool(compare_rows(Path("b.csv"), board, {"m": {column: 50.0 + by}})) is moved


def test_counts_come_back_as_whole_numbers(tmp_path: Path) -> None:
    path = tmp_path / "board.csv"
    counts = ("n_wins", "n_wins_base", "n_draws", "n_total", "n_missing", "avg_length")
    path.write_text(f",win_rate,{','.join(counts)}\nm,50.0,{','.join(['3', '4.0', '0', '7', '1', '120'])}\n")
    row = read_board(path).rows["m"]
    assert [row[count] for count in counts] == [3, 4, 0, 7, 1, 120]
    assert all(type(row[count]) is int for count in counts)
    boards.save_board(read_board(path), path)
    assert "m,50.0,3,4,0,7,1,120" in path.read_text()


def test_a_board_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "bytes.csv").write_bytes(b",win_rate\n\xff\xfe,1\n")
    for name in ("folder.csv", "bytes.csv", "none.csv"):
        with pytest.raises(UsageError, match=rf"the leaderboard .*{name} cannot be read"):
            read_board(tmp_path / name)


def test_a_board_is_found_by_its_file_or_name_and_is_no_other() -> None:
    preset = PRESETS["alpaca_eval_1"]
    named, path = boards.find_board("alpaca_eval_gpt4", "judge", preset)
    assert path is not None
    for other in ("alpaca_eval_gpt4_leaderboard", path):
        assert boards.find_board(other, "judge", preset) == (named, path)
    assert boards.find_board(None, "judge", preset) == (Board({}), None)
    assert not boards.is_own(path)
    with pytest.raises(UsageError, match=r"neither a file nor a board 'alpaca_eval_gpt5'.*alpaca_eval_gpt4"):
        boards.find_board("alpaca_eval_gpt5", "judge", preset)


def test_what_is_shown_of_a_board_is_what_is_asked_for_or_its_strictest_rows() -> None:
    preset = PRESETS["alpaca_eval_1"]
    strictest = boards.known_models(preset).strictest_mode()
    assert strictest != "dev"
    for named, mode, shown in (
        ("auto", "auto", strictest),
        (None, "auto", strictest),
        ("alpaca_eval_gpt4", "auto", strictest),
        ("auto", "dev", "dev"),
        ("auto", None, None),
    ):
        found = Standing.find(named, "judge", preset, False, "win_rate", mode, True)
        assert (found.mode_to_print, found.known) == (shown, preset if named == "auto" else None)


@pytest.mark.parametrize("column", ["annotator", "fingerprint", "reference", "eval_set", "method"])
def test_a_board_that_another_process_began_meanwhile_takes_no_row_that_does_not_compare(
    column: str, tmp_path: Path
) -> None:
    path = tmp_path / "new.csv"
    ours = standing(path)
    standing(path).keep("theirs", {**ROW, column: "another"}, (), None)
    with pytest.raises(AutoevalError, match=r"new.csv was changed by another process.*'ours'") as found:
        ours.keep("ours", ROW, (), None)
    assert found.value.exit_code == 1
    assert list(read_board(path).rows) == ["theirs"]


def test_preferences_are_stored_with_the_rows_that_are_written_where_those_of_others_are(mine: Path) -> None:
    beside, (some, others) = path_beside(mine), (preferences("a"), preferences("b"))

    def stored() -> dict[str, list[Preference]]:
        return {name: list(found) for name, found in read_preferences(beside).items()}

    standing(mine).keep("new", ROW, some, None)
    assert not beside.exists(), "nobody's are kept here"
    kept = {"old": some, "gone": some}
    best = {**ROW, "win_rate": 90.0}
    written = boards.update_board(mine, lambda board: board.with_row("best", best), kept, "win_rate")
    assert list(written.rows) == ["best", "new", "old"]
    assert stored() == {"old": some}, "of rows that there are"
    assert list(read_board(mine).rows) == ["best", "new", "old"]
    standing(mine).keep("another", ROW, others, None)
    standing(mine).keep("old", ROW, others, None)
    assert stored() == {"another": others, "old": some}
    Standing.find(mine, "judge", PRESETS["alpaca_eval_1"], True, "win_rate", "auto", True).keep(
        "old", ROW, others, None
    )
    assert stored() == {"another": others, "old": others}


def test_a_file_of_ones_own_is_checked_before_anything_is_paid(mine: Path) -> None:
    preset = PRESETS["alpaca_eval_1"]
    plain = mine.rename(mine.with_suffix(".txt"))
    found, path = boards.find_board(plain, "judge", preset)
    assert (set(found.rows), path, boards.is_own(plain)) == ({"old"}, plain, True)
    new = mine.with_name("new.csv")
    assert boards.find_board(new, "judge", preset) == (Board({}), new)
    plain.chmod(0o755)
    for impossible in (plain / "board.csv", plain / "deeper" / "board.csv"):
        with pytest.raises(UsageError, match="is no folder"):
            boards.find_board(impossible, "judge", preset)
    path_beside(plain).write_text("what is this\n")
    with pytest.raises(UsageError, match="preferences"):
        boards.find_board(plain, "judge", preset)


def test_boards_of_both_kinds_are_read_and_columns_that_they_have_not_are_refused(mine: Path) -> None:
    scores = mine.with_name("scores.csv")
    boards.save_board(Board({"m": {"score": 7.5}}, SCORES), scores)
    for path, known in ((mine, COLUMNS), (scores, SCORES)):
        board = boards.read_any(path)
        assert board.known == known
        boards.check_column(None, board)
        boards.check_column(known[0].name, board)
        with pytest.raises(UsageError, match=r"sort_by.*win_rate" if path == mine else "sort_by"):
            boards.check_column("win_rte", board)
    neither = mine.with_name("neither.csv")
    neither.write_text(",wins\nm,1\n")
    assert not boards.is_board(neither)
    with pytest.raises(UsageError, match="no column 'win_rate'"):
        boards.read_any(neither)


def test_pairs_can_be_read_from_another_thread() -> None:
    rows = [{"instruction": f"i{i}", "output": "x"} for i in range(3)]
    with load_pairs(rows, rows) as pairs, ThreadPoolExecutor(1) as other:
        assert [pair.index for pair in other.submit(lambda: list(pairs)).result()] == [0, 1, 2]
