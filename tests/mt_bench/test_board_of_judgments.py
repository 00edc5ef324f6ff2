"""`make_leaderboard --eval_set mt_bench --judgments`: FastChat's figures, and ours beside them."""

import csv
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autoeval.data.fastchat import ERROR, read_games
from autoeval.errors import UsageError
from autoeval.journeys.make_leaderboard import make_leaderboard
from autoeval.metrics.grades import mean_grade, settled
from tests.processes import start_command
from tests.recorded import recorded_data

PUBLISHED = {
    "phi-3-dpo": (8.3625, 8.0375, 8.2),
    "mistral-orpo-trl": (7.73125, 6.6, 7.165625),
    "gemini-1.5-flash": (9.075, 8.4625, 8.76875),
}


def judgments() -> str:
    return str(recorded_data() / "mt_bench" / "runs" / "*" / "model_judgment" / "*_single.jsonl.gz")


@pytest.mark.parametrize("compatible", [False, True])
def test_published_figures_come_back(compatible: bool, tmp_path: Path) -> None:
    board = make_leaderboard(
        tmp_path / "b.csv", eval_set="mt_bench", judgments=judgments(), compatible=compatible
    ).board
    for model, (turn_1, turn_2, score) in PUBLISHED.items():
        row = board.rows[model]
        assert [row["turn_1"], row["turn_2"], row["score"]] == pytest.approx(
            [turn_1, turn_2, score], abs=1e-12
        )
        assert (row["n_total"], row["n_missing"]) == (160, 0)


def test_a_model_that_was_judged_twice_counts_once_unless_compatible(tmp_path: Path) -> None:
    ours, theirs = (
        make_leaderboard(
            tmp_path / "b.csv", eval_set="mt_bench", judgments=judgments(), compatible=compatible
        )
        for compatible in (False, True)
    )
    row = theirs.board.rows["mistral-orpo"]
    assert [row["turn_1"], row["turn_2"], row["score"]] == pytest.approx([6.675, 5.0377, 5.8589], abs=5e-5)
    assert (row["n_total"], row["n_missing"]) == (319, 1)
    assert ours.board.rows["mistral-orpo"]["n_total"] == 160
    assert any("judged more than once" in caution for caution in ours.cautions["mistral-orpo"])


def test_failed_judgments_are_missing_with_their_reason(tmp_path: Path) -> None:
    made = make_leaderboard(tmp_path / "b.csv", eval_set="mt_bench", judgments=judgments())
    row = made.board.rows["mistral-7b_dolphin_orca_labonne_dpo"]
    assert (row["n_total"], row["n_missing"]) == (146, 14)
    assert made.cautions["mistral-7b_dolphin_orca_labonne_dpo"] == [
        "14 without a grade: the judge's server failed"
    ]


def grade(score: float, question: int = 81, turn: int = 1, judgment: str = "ok") -> dict[str, Any]:
    return {
        "question_id": question,
        "model": "m",
        "judge": ["j", "p"],
        "user_prompt": "",
        "judgment": judgment,
        "score": score,
        "turn": turn,
    }


def test_a_grade_outside_the_scale_is_missing_not_a_number(tmp_path: Path) -> None:
    rows = [
        grade(11),
        grade(7, 82),
        grade(-1, 83),
        grade(-1, 84, judgment=ERROR),
        grade(0, 85),
        grade(10, 86),
    ]
    made = make_leaderboard(tmp_path / "b.csv", eval_set="mt_bench", judgments=rows)
    row = made.board.rows["m"]
    assert (row["score"], row["n_total"], row["n_missing"]) == (8.5, 2, 4)
    assert made.cautions["m"] == [
        "2 without a grade: the grade lies outside 1 to 10",
        "1 without a grade: the reply holds no grade",
        "1 without a grade: the judge's server failed",
    ]


def test_the_board_is_a_csv_with_the_model_first(tmp_path: Path) -> None:
    path = tmp_path / "board.csv"
    command = ["make_leaderboard", "--eval_set", "mt_bench", "--judgments", judgments()]
    done = start_command(*command, "--leaderboard_path", path).finish()
    assert (done.returncode, "gemini-1.5-flash" in done.stdout) == (0, True)
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header[0] == ""
    assert {"score", "turn_1", "turn_2", "n_total", "n_missing", "writing", "math", "humanities"} <= {*header}
    assert [row[0] for row in rows][:2] == ["gemini-1.5-flash", "phi-3-dpo"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"eval_set": "mt_bemch", "judgments": "x"}, "mt_bench"),
        ({"judgments": "x"}, "--eval_set is missing"),
        ({"eval_set": "mt_bench"}, "--judgments is missing"),
        ({"eval_set": "mt_bench", "judgments": "nothing_there.jsonl"}, "nothing_there.jsonl"),
    ],
)
def test_what_is_missing_is_said(arguments: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=said):
        make_leaderboard(tmp_path / "b.csv", **arguments)
    assert not (tmp_path / "b.csv").exists()


def test_the_interval_covers_with_questions_as_observations() -> None:
    draw = np.random.default_rng(7)
    truth, hits, runs = 6.0, 0, 600
    expected = _expected(truth)
    for _ in range(runs):
        quality = np.clip(draw.normal(truth, 1.8, 80), 1.5, 10.5)
        turns = np.clip(np.round(quality[:, None] + draw.normal(0, 1, (80, 2))), 1, 10)
        estimate = mean_grade(list(turns.ravel()), [question for question in range(80) for _ in range(2)])
        hits += estimate.low <= expected <= estimate.high
    assert 0.93 <= hits / runs <= 0.985


def _expected(truth: float) -> float:
    draw = np.random.default_rng(8)
    quality = np.clip(draw.normal(truth, 1.8, 400_000), 1.5, 10.5)
    return float(np.clip(np.round(quality + draw.normal(0, 1, quality.size)), 1, 10).mean())


def test_the_error_is_that_of_a_mean_of_clusters() -> None:
    grades = [7.0, 9.0, 4.0, 4.0, None, 6.0, 10.0, 9.0]
    questions = [1, 1, 2, 2, 3, 3, 4, 4]
    estimate = mean_grade(grades, questions)
    judged = [
        (grade, question) for grade, question in zip(grades, questions, strict=True) if grade is not None
    ]
    mean = sum(grade for grade, _ in judged) / len(judged)
    residuals = [sum(grade - mean for grade, of in judged if of == question) for question in (1, 2, 3, 4)]
    error = math.sqrt(4 / 3 * sum(residual**2 for residual in residuals)) / len(judged)
    assert (estimate.mean, estimate.standard_error) == pytest.approx((mean, error))
    assert (estimate.n, estimate.n_missing) == (7, 1)


def test_grades_that_are_all_equal_leave_doubt_and_none_leaves_all() -> None:
    sure = mean_grade([10.0] * 20, range(20))
    assert sure.low < 10.0 == sure.high
    nothing = mean_grade([None, None], [1, 2])
    assert (math.isnan(nothing.mean), nothing.low, nothing.high, nothing.n_missing) == (True, 1.0, 10.0, 2)


def test_the_recorded_games_give_fastchats_counts() -> None:
    path = (
        recorded_data()
        / "mt_bench"
        / "runs"
        / "Stefanstud_FastChat"
        / "model_judgment"
        / "gpt-4_pair.jsonl.gz"
    )
    outcomes = [settled(games.winners) for games in read_games(path)]
    assert [outcomes.count(outcome) for outcome in ("model_1", "model_2", "tie", "error")] == [18, 20, 35, 2]


def test_json_of_a_board_row_has_no_nan(tmp_path: Path) -> None:
    made = make_leaderboard(tmp_path / "b.csv", eval_set="mt_bench", judgments=[grade(-1)])
    assert (tmp_path / "b.csv").read_text().count("nan") == 0
    assert json.dumps(made.board.rows["m"]["n_missing"]) == "1"


def _judged(**changes: Any) -> dict[str, Any]:
    row = {"question_id": 81, "model": "m", "judge": ["gpt-4", "single-v1"], "user_prompt": "?", "turn": 1}
    return {**row, "judgment": "Good. Rating: [[9]]", "score": 9, "tstamp": 0.0, **changes}


def test_what_the_judge_said_and_who_it_was_is_held_against_the_file(tmp_path: Path) -> None:
    def made(*rows: dict[str, Any]) -> Any:
        path = tmp_path / "gpt-4_single.jsonl"
        path.write_text("".join(json.dumps(row) + "\r\n" for row in rows))
        return make_leaderboard(tmp_path / "b.csv", eval_set="mt_bench", judgments=str(path))

    assert made(_judged(), _judged(question_id="82")).cautions == {}
    for score in (1, -1):
        found = made(_judged(), _judged(question_id=82, score=score))
        assert any("1 with another score in the file" in one for one in found.cautions["m"])
    other = ["gpt-5", "single-v1"]
    with pytest.raises(UsageError, match=r"row 2: the judge of 'm' is 'gpt-5', but 'gpt-4' in .*row 1"):
        made(_judged(), _judged(question_id=82, judge=other))
    assert len(made(_judged(), _judged(model="n", judge=other)).board.rows) == 2
    with pytest.raises(UsageError, match="row 1: `model` is empty"):
        made(_judged(model=" "))
