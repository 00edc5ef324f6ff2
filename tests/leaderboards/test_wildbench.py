"""Boards of WildBench's recorded grades."""

import json
from pathlib import Path

import pytest

from autoeval.errors import UsageError
from autoeval.journeys.make_leaderboard import make_leaderboard
from tests.recorded import recorded_data


def test_the_published_score(tmp_path: Path) -> None:
    judgments = recorded_data() / "wildbench" / "score.v2_eval=gpt-4o-2024-05-13_gemma-2b-it.json.gz"
    made = make_leaderboard(eval_set="wildbench", judgments=judgments, leaderboard_path=tmp_path / "b.csv")
    row = made.board.rows["google/gemma-2b-it"]
    assert row["score"] == pytest.approx(4.737512, abs=1e-6)
    assert row["adjusted"] == pytest.approx(-0.524976, abs=1e-6)
    assert row["adjusted_low"] < row["adjusted"] < row["adjusted_high"]
    assert row["n_total"] == 1021


def test_what_is_no_grade_is_missing_and_what_is_no_number_refused(tmp_path: Path) -> None:
    rows = [
        {"session_id": str(n), "model_test": "m", "score": score}
        for n, score in enumerate(("8", -1, None, "11"))
    ]
    path = tmp_path / "j.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    made = make_leaderboard(eval_set="wildbench", judgments=path, leaderboard_path=tmp_path / "b.csv")
    row = made.board.rows["m"]
    assert (row["score"], row["n_total"], row["n_missing"]) == (8.0, 1, 3)
    path.write_text(json.dumps([{**rows[0], "score": "good"}]), encoding="utf-8")
    with pytest.raises(UsageError, match="row 1: `score` is text"):
        make_leaderboard(eval_set="wildbench", judgments=path, leaderboard_path=tmp_path / "b.csv")
    with pytest.raises(UsageError, match="--compatible has no meaning"):
        make_leaderboard(eval_set="wildbench", judgments=path, compatible=True)
