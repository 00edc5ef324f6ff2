"""Whether a leaderboard still follows from its preferences, and what contributors' results are held against."""

import json
import shutil
from pathlib import Path

import pytest

import autoeval
from autoeval.journeys.make_leaderboard import make_leaderboard
from autoeval.leaderboards.preferences import path_beside
from tests.leaderboards.conftest import EXAMPLES, make
from tests.processes import start_python

SCRIPT = Path(__file__).parents[2] / "scripts" / "check_contributions.py"


def test_shipped_boards_follow_from_their_preferences() -> None:
    found = make_leaderboard(check=True)
    assert (found.exit_code, found.differences) == (0, [])
    assert found.n_boards >= 2


@pytest.mark.parametrize("judge", ["offline", "longest"])
def test_shipped_boards_come_out_again_when_the_examples_are_judged(judge: str) -> None:
    path = EXAMPLES.parent / "leaderboards" / "examples" / f"{judge}.csv"
    found = make(path, annotators_config=judge, check=True)
    assert (found.n_models, found.differences) == (2, ())


def test_a_changed_preference_is_named_by_model_and_column(board: Path) -> None:
    preferences = path_beside(board)
    lines = preferences.read_text().splitlines()
    changed = lines[1].split(",")
    changed[3] = "2"
    preferences.write_text("\n".join([lines[0], ",".join(changed), *lines[2:]]) + "\n")
    found = make_leaderboard(board, check=True)
    assert found.exit_code == 1
    assert {(difference.model, difference.column) for difference in found.differences} >= {
        ("example-model", "win_rate"),
        ("example-model", "n_wins"),
    }


def test_a_changed_judge_is_noticed_when_the_examples_are_judged_again(board: Path) -> None:
    found = make(board, annotators_config="longest", check=True)
    assert ("example-model", "annotator") in {(one.model, one.column) for one in found.differences}


@pytest.fixture
def contribution(tmp_path: Path, board: Path) -> Path:
    folder = tmp_path / "contributions" / "eval_set" / "offline" / "newcomer"
    folder.mkdir(parents=True)
    rows = json.loads((EXAMPLES / "outputs.json").read_text())
    outputs = folder / "model_outputs.json"
    outputs.write_text(
        json.dumps([{**row, "generator": "newcomer", "output": row["output"] + "!"} for row in rows])
    )
    autoeval.evaluate(
        str(outputs), EXAMPLES / "reference_outputs.json", "offline", caching_path=None, no_report=True
    )
    shutil.copy(folder / "offline" / "annotations.json", folder / "annotations.json")
    return folder


def run_script(board: Path) -> tuple[int, str]:
    root = board.parents[1]
    flags = ["--contributions", str(root / "contributions"), "--leaderboards", str(root)]
    done = start_python(SCRIPT, *flags).finish()
    return done.returncode, done.stdout


def test_the_workflows_script_passes_a_good_contribution(contribution: Path, board: Path) -> None:
    code, said = run_script(board)
    assert code == 0, said
    assert "| eval_set/offline/newcomer | " in said


@pytest.mark.parametrize(
    ("wrong", "told"),
    [("preference", "row 4"), ("output_2", "row 4"), ("instruction", "other instructions")],
)
def test_the_workflows_script_fails_a_wrong_contribution(
    contribution: Path, board: Path, wrong: str, told: str
) -> None:
    annotations = contribution / "annotations.json"
    rows = json.loads(annotations.read_text())
    rows[3][wrong] = 2.0 if wrong == "preference" else "something else"
    annotations.write_text(json.dumps(rows))
    code, said = run_script(board)
    assert code == 1
    assert "newcomer" in said
    assert told in said
