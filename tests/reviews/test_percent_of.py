"""Shares of a reference's score from FastChat's reviews: the published figures, and what counts as a review."""

import json
from pathlib import Path
from typing import Any

import pytest

from autoeval.errors import UsageError
from autoeval.journeys.percent_asked import Percentages
from autoeval.journeys.percent_of import percent_of
from tests.cli.running import CommandLine
from tests.recorded import recorded_data


def shares(*arguments: Any, **parameters: Any) -> Percentages:
    found = percent_of(*arguments, **parameters)
    assert isinstance(found, Percentages)
    return found


def reviews() -> Path:
    return recorded_data() / "vicuna_bench" / "review" / "vicuna-13b_20230322-clean-lang"


def test_vicunas_announcement_comes_out() -> None:
    row = shares(reviews() / "review_gpt35_vicuna-13b.jsonl.gz").board.rows["vicuna-13b"]
    assert (row["sum_model"], row["sum_reference"], row["reference"]) == (638, 693, "gpt35")
    assert row["percent"] == pytest.approx(92.06, abs=0.005)
    assert float(row["low"] or 0) < 92 < float(row["high"] or 0)


def test_a_score_outside_the_scale_is_missing_unless_the_tools_own_figure_is_wanted() -> None:
    files = str(reviews() / "*.jsonl.gz")
    row = shares(files, reference="vicuna-13b").board.rows["llama-13b"]
    assert (row["sum_model"], row["sum_reference"], row["n_missing"]) == (513, 685, 1)
    row = shares(files, reference="vicuna-13b", compatible=True).board.rows["llama-13b"]
    assert (row["sum_model"], row["sum_reference"], row["n_missing"]) == (513, 694, 0)
    others = shares(files, reference="vicuna-13b").board.rows
    assert {name: (row["sum_model"], row["sum_reference"]) for name, row in others.items()} == {
        "gpt35": (693, 638),
        "bard": (664, 655.5),
        "alpaca-13b": (583, 704),
        "llama-13b": (513, 685),
    }


def write(folder: Path, name: str, rows: list[Any]) -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_both_orders_of_a_pair_are_one_figure_and_a_question_is_one_observation(tmp_path: Path) -> None:
    write(
        tmp_path,
        "review_ref_mine.jsonl",
        [{"question_id": 1, "score": [8, 6]}, {"question_id": 2, "text": "5, 4\nok"}],
    )
    write(
        tmp_path,
        "review_mine_ref.jsonl",
        [{"question_id": 1, "score": [7, 9]}, {"question_id": 2, "score": [-1, -1]}],
    )
    files = str(tmp_path / "*.jsonl")
    row = shares(files, reference="ref").board.rows["mine"]
    assert (row["sum_model"], row["sum_reference"], row["n_total"], row["n_missing"]) == (17, 22, 3, 1)


def test_skills_and_difficulties_are_told_apart(command: CommandLine) -> None:
    questions = [
        {"idx": i, "Skill": "Math" if i < 3 else "Code", "Difficulty": i % 2, "Instruction": "q"}
        for i in range(6)
    ]
    command.write("questions.jsonl", "".join(json.dumps(row) + "\n" for row in questions))
    rows = [{"question_id": i, "score": [8, 4 if i < 3 else 8]} for i in range(6)]
    write(command.folder, "review_chatgpt_mine.jsonl", rows)
    flags = ["--reviews", "review*.jsonl", "--by", "Skill,Difficulty", "--questions", "questions.jsonl"]
    found = command("percent_of", *flags, "--leaderboard_path", "b.csv", "--output_format", "table")
    assert found.code == 0
    assert "75.0" in found.out
    lines = (command.folder / "b.csv").read_text().splitlines()
    assert {line.split(",")[0]: float(line.split(",")[1]) for line in lines[1:]} == {
        "mine": 75,
        "Skill: Code": 100,
        "Skill: Math": 50,
        "Difficulty: 1": pytest.approx(100 * 20 / 24),
        "Difficulty: 0": pytest.approx(100 * 16 / 24),
    }


@pytest.mark.parametrize(
    ("name", "row", "flags", "told"),
    [
        ("reviews.jsonl", {"question_id": 1, "score": [1, 2]}, {}, "does not say whose answers"),
        ("review_a_b.jsonl", {"question_id": 1, "score": [1]}, {}, "row 1: `score` is a list"),
        ("review_a_b.jsonl", {"question_id": 1, "score": [1, float("nan")]}, {}, "row 1: `score`"),
        ("review_a_b.jsonl", {"score": [1, 2]}, {}, "row 1 has no field 'question_id'"),
        ("review_a_b.jsonl", {"question_id": 1}, {}, "neither `score` nor `text`"),
        ("review_a_b.jsonl", {"question_id": 1, "text": "no scores"}, {}, "no review has two scores"),
        ("review_a_b.jsonl", {"question_id": 1, "score": [1, 2]}, {"reference": "c"}, "--reference"),
        ("review_a_b.jsonl", {"question_id": 1, "score": [1, 2]}, {"by": "Skill"}, "--by and --questions"),
    ],
)
def test_wrong_reviews_are_refused(tmp_path: Path, name: str, row: Any, flags: Any, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        percent_of(write(tmp_path, name, [row]), **flags)
