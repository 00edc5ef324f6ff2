"""Making a leaderboard: what stands on it, what is refused, and what two processes leave behind."""

import json
from pathlib import Path
from typing import Any

import pytest

import autoeval
from autoeval.errors import UsageError
from autoeval.leaderboards.preferences import path_beside, read_preferences
from autoeval.leaderboards.table import read_board
from tests.leaderboards.conftest import BOTH, EXAMPLES, make
from tests.processes import start_command
from tests.servers import JudgeServer


def test_rows_are_those_of_evaluate(board: Path) -> None:
    rows = read_board(board).rows
    for outputs in BOTH:
        result = autoeval.evaluate(
            outputs,
            EXAMPLES / "reference_outputs.json",
            "offline",
            output_path=None,
            caching_path=None,
            current_leaderboard_mode="verified",
        )
        assert rows[result.name] == {
            name: cell or None if cell == "" else cell for name, cell in result.row.items()
        }


def test_preferences_are_stored_without_texts(board: Path) -> None:
    stored = read_preferences(path_beside(board))
    assert {name: len(rows) for name, rows in stored.items()} == {"example-model": 24, "example-model-b": 24}
    assert "lighthouse" not in path_beside(board).read_text()


def test_stored_preferences_are_looked_at_where_they_are_kept(board: Path) -> None:
    another = [{**row, "generator": "another"} for row in json.loads(Path(BOTH[0]).read_text())]
    stored = path_beside(board)
    stored.write_text(f"{stored.read_text()}gone,abc,,9,1,1,\n")
    make(board, another)
    assert list(read_preferences(stored)) == ["another", "example-model", "example-model-b"]
    stored.write_text(f"{stored.read_text()}example-model,abc,,9,1,1,\n")
    before = stored.read_bytes(), board.read_bytes()
    with pytest.raises(UsageError, match=r"line 74: the preference 9.0 is not from 1 to 2"):
        make(board, [{**row, "generator": "a third"} for row in another])
    assert (stored.read_bytes(), board.read_bytes()) == before


def test_models_on_the_board_are_left_alone_unless_told(board: Path) -> None:
    before = board.read_bytes()
    rows = json.loads(Path(BOTH[0]).read_text())
    worse = [{**row, "output": "no"} for row in rows]
    make(board, worse)
    assert board.read_bytes() == before
    make(board, worse, is_overwrite_leaderboard=True)
    assert read_board(board).rows["example-model"]["avg_length"] == 2


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"annotators_config": "longest"}, "the judge is longest"),
        ({"max_instances": 5}, "the set of instructions"),
    ],
)
def test_rows_that_do_not_compare_are_refused(board: Path, settings: dict[str, Any], reason: str) -> None:
    before = board.read_bytes()
    other = [{**row, "generator": "another"} for row in json.loads(Path(BOTH[0]).read_text())]
    with pytest.raises(UsageError, match=reason):
        make(board, other, **settings)
    assert board.read_bytes() == before
    make(board, other, is_mixed_allowed=True, **settings)
    assert "another" in read_board(board).rows


def test_another_prompt_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "key")
    config = tmp_path / "judge"
    config.mkdir()
    shipped = EXAMPLES / "annotator"
    for name in ("config.yaml", "prompt.jinja"):
        (config / name).write_text((shipped / name).read_text())
    path = tmp_path / "board.csv"
    with JudgeServer() as server:
        asked = {"annotators_config": config, "judge_base_url": server.base_url, "min_coverage": 0}
        make(path, BOTH[0], **asked)
        (config / "prompt.jinja").write_text((shipped / "prompt.jinja").read_text() + "\nThink.")
        n_requests = server.n_requests
        with pytest.raises(UsageError, match="fingerprint"):
            make(path, BOTH[1], **asked)
        assert server.n_requests == n_requests


def test_a_model_without_enough_verdicts_is_left_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "key")
    with JudgeServer(key="another key") as server:
        made = make(tmp_path / "board.csv", annotators_config="gpt4_ranking", judge_base_url=server.base_url)
    assert made.exit_code == 5
    assert set(made.incomplete) == {"example-model", "example-model-b"}
    assert not (tmp_path / "board.csv").exists()


def test_two_processes_that_add_different_models_both_end_up_on_the_board(tmp_path: Path) -> None:
    path = tmp_path / "board.csv"
    command = ["make_leaderboard", "--leaderboard_path", path, "--annotators_config", "offline"]
    command += ["--caching_path", None, "--reference_outputs", EXAMPLES / "reference_outputs.json"]
    runs = [start_command(*command, "--all_model_outputs", outputs) for outputs in BOTH]
    assert [run.finish().returncode for run in runs] == [0, 0]
    together = tmp_path / "together.csv"
    make(together)
    assert path.read_bytes() == together.read_bytes()
    assert path_beside(path).read_bytes() == path_beside(together).read_bytes()


def test_it_returns_what_alpaca_eval_returns(tmp_path: Path) -> None:
    table, annotations = make(tmp_path / "board.csv", is_return_instead_of_print=True)
    assert list(table.index) == ["example-model", "example-model-b"]
    assert len(annotations) == 48
    assert {row["generator_2"] for row in annotations} == {"example-model", "example-model-b"}


def test_annotations_are_written_where_asked(tmp_path: Path) -> None:
    make(tmp_path / "board.csv", output_path=tmp_path / "annotations")
    found = sorted(path.parent.name for path in tmp_path.glob("annotations/*/annotations.json"))
    assert found == ["example-model", "example-model-b"]
