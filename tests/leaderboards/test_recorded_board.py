"""Many real models in one pass, with a judge over HTTP that answers what GPT-4 answered then."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from autoeval.leaderboards.table import Board, read_board
from tests.processes import Process, start_command
from tests.recorded import load_recorded, recorded_data, recorded_models
from tests.servers import Answer, JudgeServer
from tests.servers.answers import Body
from tests.servers.recorded_judges import RecordedJudges


@pytest.fixture(scope="module")
def server() -> Iterator[JudgeServer]:
    with JudgeServer(RecordedJudges(recorded_data() / "alpaca_eval_1", recorded_models()), keeps=0) as server:
        yield server


def start(server: JudgeServer, board: Path, models: list[str]) -> Process:
    folder = recorded_data() / "alpaca_eval_1"
    outputs = [str(folder / model / "model_outputs.json.gz") for model in models]
    flags = {
        "leaderboard_path": board,
        "annotators_config": "gpt4_ranking",
        "all_model_outputs": outputs,
        "reference_outputs": folder / "reference_outputs.json.gz",
        "caching_path": board.with_suffix(".sqlite"),
        "is_allow_partial": True,
    }
    given = [part for name, value in flags.items() for part in (f"--{name}", value)]
    return start_command("make_leaderboard", *given, OPENAI_BASE_URL=server.base_url)


def kill_after(n_requests: int, server: JudgeServer, run: Process) -> None:
    recorded, last = server.answer, server.n_requests + n_requests

    def answer(body: Body) -> Answer:
        if server.n_requests >= last:
            run.kill()
        return recorded(body)

    server.answer = answer
    assert run.finish().returncode == -signal.SIGKILL
    server.answer = recorded


def finish(server: JudgeServer, board: Path, models: list[str]) -> Board:
    assert start(server, board, models).finish().returncode == 0
    return read_board(board)


def expected_win_rates(models: list[str]) -> dict[str, float]:
    """Compute win rates from the records; equal pairs get one verdict, that of the first of all models."""
    folder = recorded_data() / "alpaca_eval_1"
    verdicts: dict[tuple[str, str], float | None] = {}
    rates = {}
    for model in recorded_models():
        outputs = {
            row["instruction"]: row["output"]
            for row in load_recorded(folder / model / "model_outputs.json.gz")
        }
        shares = []
        for row in load_recorded(folder / model / "annotations.json.gz"):
            if row["instruction"] in outputs:
                preference = 1.5 if row["preference"] == 0 else row["preference"]
                preference = verdicts.setdefault((row["instruction"], row["output_2"]), preference)
                shares += [] if preference is None else [preference - 1]
        rates[model] = 100 * sum(shares) / len(shares)
    return {model: rates[model] for model in models}


@pytest.mark.slow
def test_killed_twice_it_ends_with_the_same_bytes_and_the_recorded_win_rates(
    server: JudgeServer, tmp_path: Path
) -> None:
    models = ["alpaca-7b", "claude2-alpaca-13b", "gpt4"]
    straight, killed = tmp_path / "straight.csv", tmp_path / "killed.csv"
    board = finish(server, straight, models)
    for n_requests in (200, 600):
        kill_after(n_requests, server, start(server, killed, models))
        assert not killed.exists()
    finish(server, killed, models)
    assert killed.read_bytes() == straight.read_bytes()
    rates = {name: row["win_rate"] for name, row in board.rows.items()}
    assert rates == pytest.approx(expected_win_rates(models), abs=1e-9)


@pytest.mark.slow
def test_recorded_models_come_in_the_published_order(server: JudgeServer, tmp_path: Path) -> None:
    models = recorded_models()[::3]
    board = finish(server, tmp_path / "board.csv", models)
    published = read_board(recorded_data() / "alpaca_eval_1" / "published_leaderboard.csv")
    assert list(board.rows) == [name for name in published.rows if name in models]
    rates = {name: row["win_rate"] for name, row in board.rows.items()}
    assert rates == pytest.approx(expected_win_rates(models), abs=1e-9)
