"""The shipped boards of known models, and what a result of another judge may not do with them."""

from pathlib import Path

import pytest

from autoeval import evaluate
from autoeval.errors import UsageError
from autoeval.leaderboards.boards import find_board, known_models
from autoeval.leaderboards.presets import PRESETS
from autoeval.leaderboards.table import read_board
from benchmarks.known_models import make_board, recorded_1, recorded_2
from tests.leaderboards.conftest import EXAMPLES
from tests.recorded import recorded_data

COLUMNS = ("win_rate", "standard_error", "n_wins", "n_wins_base", "n_draws", "n_total", "discrete_win_rate")


@pytest.mark.parametrize(("preset", "n_models"), [("alpaca_eval_1", 21), ("alpaca_eval_2", 29)])
def test_their_rows_are_the_published_ones(preset: str, n_models: int) -> None:
    board = known_models(PRESETS[preset])
    published = read_board(recorded_data() / preset / "published_leaderboard.csv")
    assert len(board.rows) == n_models
    for name, row in published.rows.items():
        assert {column: board.rows[name][column] for column in COLUMNS} == pytest.approx(
            {column: row[column] for column in COLUMNS}, abs=1e-9
        )


def test_their_length_controlled_win_rates_are_near_the_published_ones() -> None:
    published = read_board(recorded_data() / "alpaca_eval_2" / "published_leaderboard.csv").rows
    ours = known_models(PRESETS["alpaca_eval_2"]).rows
    column = "length_controlled_winrate"
    apart = [
        abs(float(ours[name][column] or 0) - float(row[column] or 0))
        for name, row in published.items()
        if row["n_total"] == 805
    ]
    assert len(apart) == 28
    assert sum(apart) / len(apart) < 0.4
    assert max(apart) < 2


@pytest.mark.slow
@pytest.mark.parametrize(("preset", "read"), [("alpaca_eval_1", recorded_1), ("alpaca_eval_2", recorded_2)])
def test_they_come_out_again(preset: str, read: object) -> None:
    folder = recorded_data() / preset
    assert callable(read)
    board = make_board(folder, PRESETS[preset], read(folder))
    shipped = known_models(PRESETS[preset])
    assert list(board.rows) == list(shipped.rows)
    for name, row in board.rows.items():
        numbers = {column: cell for column, cell in row.items() if isinstance(cell, float)}
        assert numbers == pytest.approx({column: shipped.rows[name][column] for column in numbers}, abs=1e-6)


def test_the_board_is_found_for_its_judge_and_preset() -> None:
    for preset in PRESETS.values():
        board, path = find_board("auto", preset.board, preset)
        assert path is not None
        assert len(board.rows) == len(known_models(preset).rows)
        assert find_board("auto", preset.annotator, preset)[1] is None


def test_a_board_can_be_named() -> None:
    board, _ = find_board("alpaca_eval_gpt4", "offline", PRESETS["alpaca_eval_1"])
    assert "gpt4" in board.rows
    for beside in ("instruction_effects", "instruction_difficulties", "alpaca_eval_gpt3"):
        with pytest.raises(UsageError) as refused:
            find_board(beside, "offline", PRESETS["alpaca_eval_1"])
        assert "instruction_" not in str(refused.value).replace(repr(beside), "")


def test_a_number_of_another_judge_is_shown_apart(tmp_path: Path) -> None:
    reference = EXAMPLES / "reference_outputs.json"
    result = evaluate(
        EXAMPLES / "outputs.json",
        reference,
        "offline",
        precomputed_leaderboard="alpaca_eval_gpt4",
        output_path=None,
        caching_path=None,
    )
    assert list(result.board.rows) == ["example-model"]
    assert result.apart is not None
    assert "the judge is offline, but that of" in result.apart.reason
    assert len(result.apart.board.rows) == 21


def test_a_result_of_another_judge_does_not_join_a_board_of_ones_own(board: Path) -> None:
    before = board.read_bytes()
    evaluate(
        EXAMPLES / "outputs.json",
        EXAMPLES / "reference_outputs.json",
        "longest",
        name="mine",
        precomputed_leaderboard=board,
        output_path=None,
        caching_path=None,
    )
    assert board.read_bytes() == before
    evaluate(
        EXAMPLES / "outputs.json",
        EXAMPLES / "reference_outputs.json",
        "offline",
        name="mine",
        precomputed_leaderboard=board,
        output_path=None,
        caching_path=None,
    )
    assert "mine" in read_board(board).rows
