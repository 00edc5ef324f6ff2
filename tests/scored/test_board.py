"""A board of many models whose outputs are scored by themselves, those for one instruction in one prompt."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from autoeval.errors import UsageError
from autoeval.journeys.make_leaderboard import make_leaderboard
from autoeval.leaderboards.grades import COLUMNS
from autoeval.leaderboards.table import read_board
from autoeval.runs.estimate import DryRun
from tests.servers import Answer, JudgeServer, prompt_text
from tests.servers.answers import Body

MODELS = {"apple": 4, "birch": 2, "cedar": 3}
N = range(20)


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")


def write(folder: Path, name: str, n: int = len(N)) -> Path:
    rows = [{"instruction": f"question {q}", "output": f"{name} on {q}", "generator": name} for q in range(n)]
    path = folder / f"{name}.json"
    path.write_text(json.dumps(rows))
    return path


def rate(body: Body) -> Answer:
    texts = re.findall(r"(apple|birch|cedar) on (\d+)", prompt_text(body))
    blocks = [
        f"Output {place}\nRating: {MODELS[model] + int(number) % 2}"
        for place, (model, number) in enumerate(texts, 1)
    ]
    return Answer("\n".join(blocks))


def make(folder: Path, server: JudgeServer, outputs: Any, **parameters: Any) -> Any:
    return make_leaderboard(
        folder / "board.csv",
        "ultrafeedback",
        outputs,
        judge_base_url=server.base_url,
        caching_path=folder / "cache.sqlite",
        **{"output_path": folder / "runs", **parameters},
    )


def test_models_are_rated_together_and_stand_on_one_board(tmp_path: Path) -> None:
    files = [write(tmp_path, name) for name in MODELS]
    with JudgeServer(rate) as server:
        expected = make(tmp_path, server, files, dry_run=True)
        made = make(tmp_path, server, files)
        assert isinstance(expected, DryRun)
        assert server.n_requests == expected.n_requests == 20 * 4  # three models in each
        with pytest.raises(UsageError, match="--n_paid chooses among pairs"):
            make(tmp_path, server, files, n_paid=50)
        again = make(tmp_path, server, files)  # they are on it already
        assert server.n_requests == 80
    assert again.judged == ()
    assert made.judged == tuple(MODELS)
    board = read_board(tmp_path / "board.csv", COLUMNS)
    assert list(board.rows) == ["apple", "cedar", "birch"]
    for name, row in board.rows.items():
        assert row["score"] == row["truthfulness"] == pytest.approx(MODELS[name] + 0.5)
        assert row["n_total"] == 20


def test_what_does_not_compare_is_refused(tmp_path: Path) -> None:
    files = [write(tmp_path, "apple"), write(tmp_path, "birch", 15)]
    with JudgeServer(rate) as server:
        with pytest.raises(UsageError, match="no output for 5 of the 20"):
            make(tmp_path, server, files)
        made = make(tmp_path, server, files, is_allow_partial=True)
        assert made.judged == ("apple", "birch")
        assert made.board.rows["birch"]["n_missing"] == 5
        with pytest.raises(UsageError, match="does not compare with the leaderboard"):
            make(tmp_path, server, [write(tmp_path, "cedar", 4)])
