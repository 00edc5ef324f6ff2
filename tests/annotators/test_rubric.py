"""Grading by a rubric: Prometheus' form is read back, and a rubric of one's own is asked about."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

import autoeval
from autoeval.annotators.loading import find_config, load_annotator
from autoeval.annotators.parsers.grade import GradeParser
from autoeval.errors import UsageError
from autoeval.types import Completion, Unparsed, Verdict
from tests.recorded import recorded_data
from tests.servers import Answer, JudgeServer, prompt_text
from tests.servers.answers import Body

PARSER = GradeParser(kind="grade", after="[RESULT]", out_of=5)


def test_recorded_feedback_and_grades_are_read_back() -> None:
    with gzip.open(recorded_data() / "prometheus" / "vicuna_eval.json.gz", "rt", encoding="utf-8") as file:
        rows = json.load(file)
    votes = [vote for row in rows for vote in zip(row["gpt4_feedback"], row["gpt4_score"], strict=True)]
    assert len(votes) == 960
    for feedback, score in votes:
        (reading,) = PARSER.read(Completion(f"Feedback: {feedback} [RESULT] {score}"))
        assert reading == Verdict(float(score), feedback.strip())


@pytest.mark.parametrize(
    ("reply", "grade"),
    [
        ("Feedback: fine [RESULT] 4", 4),
        ("Feedback: It rates 2 of 5 things. [result] (3)\n", 3),
        ("fine [RESULT] 5/5", 5),
        ("[RESULT] 4\nThat is all.", 4),
        ("fine [RESULT] 4 or 5", None),
        ("fine [RESULT] 3-4", None),
        ("fine [RESULT] 4 [RESULT] 2", None),
        ("fine [RESULT] 8/10", None),
        ("fine, a 4", None),
        ("fine [RESULT]", None),
        ("", None),
    ],
)
def test_a_result_is_one_number(reply: str, grade: float | None) -> None:
    (reading,) = PARSER.read(Completion(reply))
    assert isinstance(reading, Unparsed) if grade is None else reading.value == grade  # type: ignore[union-attr]


def of_ones_own(path: Path, **rubric: Any) -> Path:
    """Write the shipped judge with another rubric."""
    source = find_config("rubric")
    config = yaml.safe_load(source.read_text(encoding="utf-8"))
    config["rubric"] |= rubric
    path.mkdir()
    (path / "prompt.jinja").write_bytes(source.with_name("prompt.jinja").read_bytes())
    (path / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def test_a_rubric_of_ones_own_is_asked_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    rows = [{"instruction": f"q{n}", "output": f"answer {n}", "generator": "m"} for n in range(6)]
    rows[0]["reference"] = "the right one"
    judge = of_ones_own(tmp_path / "mine", criterion="Is it polite?")
    asked = []

    def grader(body: Body) -> Answer:
        asked.append(prompt_text(body))
        n = next(n for n in range(6) if f"answer {n}" in asked[-1])
        return Answer(f"Feedback: so it is. [RESULT] {1 + n % 5}")

    with JudgeServer(grader) as server:
        result = autoeval.evaluate(
            rows,
            annotators_config=judge,
            judge_base_url=server.base_url,
            output_path=None,
            caching_path=None,
            precomputed_leaderboard=None,
        )
    assert result.row["score"] == pytest.approx((1 + 2 + 3 + 4 + 5 + 1) / 6)
    assert {row["explanation"] for row in result.records()} == {"so it is."}
    assert all("Is it polite?\n1: it does not answer" in prompt for prompt in asked)
    assert sum("the right one" in prompt for prompt in asked) == 1
    assert load_annotator(judge).fingerprint != load_annotator("rubric").fingerprint
    with pytest.raises(UsageError, match="the rubric has the grade 7"):
        load_annotator(of_ones_own(tmp_path / "off", grades={1: "bad", 7: "good"}))
