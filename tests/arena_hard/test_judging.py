"""`evaluate --eval_set arena_hard_…`, `evaluate_from_model`: recorded games come out as they were recorded."""

from pathlib import Path
from typing import Any

import pytest

import autoeval
from autoeval.data.arena_hard import read_judgments
from autoeval.journeys.make_leaderboard import make_leaderboard
from autoeval.runs.result import Evaluation
from tests.arena_hard.recorded_games import BASELINE, SYSTEM, RecordedGames
from tests.servers import JudgeServer


@pytest.fixture(autouse=True)
def _at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")


def judged(server: JudgeServer, **more: Any) -> Evaluation:
    parameters: dict[str, Any] = {
        "model_outputs": "data/arena-hard-v0.1/model_answer/tested.jsonl",
        "eval_set": "arena_hard_v0.1",
        "judge_prompts": "data/arena-hard-v0.1/judge_config.yaml",
        "judge_base_url": server.base_url,
        "output_path": "out",
        "caching_path": "replies.sqlite",
        "min_coverage": 0.9,
        "retry_delay": 0,
    }
    result: Evaluation = autoeval.evaluate(**{**parameters, **more})
    return result


def test_recorded_games_come_out_as_recorded_and_make_the_board_that_they_make() -> None:
    games = RecordedGames.of_a_fork()
    games.write(Path("data/arena-hard-v0.1"))
    with JudgeServer(games) as server:
        result = judged(server)
        assert games.unknown == [], "every prompt is to the letter the recorded one"
        assert games.systems == {SYSTEM}
        assert {body["temperature"] for body in server.bodies} == {0}
        assert {body["model"] for body in server.bodies} == {"recorded-judge"}
        n_asked = server.n_requests
        again = judged(server)
        assert server.n_requests == n_asked
    assert again.row == result.row
    judgments = next(path for path in result.paths if path.parent.name == "recorded-judge")
    written = {one.question_id: one for one in read_judgments(str(judgments))}
    assert len(written) == len(games.rows)
    for row in games.rows:
        found = written[row["question_id"]]
        assert found.row.keys() == row.keys()
        for game, recorded in zip(found.row["games"], row["games"], strict=True):
            assert game["user_prompt"] == recorded["user_prompt"]
            assert game["score"] == recorded["score"]
            assert game["judgment"].strip() == recorded["judgment"].strip()
    recorded_board = make_leaderboard(eval_set="arena_hard_v0.1", judgments=str(judgments)).board
    expected = recorded_board.rows[games.model]
    for column in ("score", "standard_error", "low", "high", "n_total", "n_missing"):
        assert result.row[column] == pytest.approx(expected[column]), column
    assert result.row["reference"] == BASELINE
    assert list(result.board.rows) == [games.model]
    assert result.row["score"] == result.row["win_rate"]
