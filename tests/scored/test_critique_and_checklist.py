"""Critiques whose score their words must bear out, and grades by a checklist of the eval set's."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

import autoeval
from autoeval.annotators.loading import load_annotator
from autoeval.annotators.parsers.critique import CritiqueParser
from autoeval.data.wildbench import read_wildbench
from autoeval.leaderboards.wildbench import wildbench_board
from autoeval.types import Completion, Unfinished, Unparsed, Verdict
from tests.recorded import load_recorded, recorded_data
from tests.servers import Answer, JudgeServer, prompt_text
from tests.servers.answers import Body

LEVELS = load_annotator("critique").judges[0].parser.levels  # type: ignore[union-attr]
PARSER = CritiqueParser(kind="critique", levels=LEVELS)


@pytest.mark.parametrize(
    ("reply", "score"),
    [
        ("It is fine.\nOverall Score: 8 (good)", 8),
        ("It is fine.\n**Overall Score:** 8/10", 8),
        ("Useless and wrong.\nOverall Score: 1/10", 1),
        ("It misses half.\n### Overall Score: 3.5 (poor)", 3.5),
        ("A correct, complete answer without errors.\nOverall Score: 10", 10),
        ("Pas mal du tout.\nOverall Score: 10", 10),
        ("Good in style, but wrong.\nOverall Score: 10", 10),
        ("It is fine.\nOverall Score: 8\nThat is, overall score: 8/10", 8),
        ("Nonsense.\nOverall Score: 1 (very poor)", 1),
        ("Excellent, though an example is missing.\nOverall Score: 10 (very good)", 10),
        # the slip: 10 where 1 is meant
        ("The answer is wrong and does not help; it fails the user.\nOverall Score: 10", None),
        ("This is not helpful.\nOverall Score: 10", None),
        ("Nonsense from start to end.\nOverall Score: 10 (very poor)", None),
        ("Splendid.\nOverall Score: 1 (very good)", None),
        # replies that can be read two ways, or hold no score of ten
        ("It is fine.\nOverall Score: 7-8", None),
        ("It is fine.\nOverall Score: 4/5", None),
        ("Overall Score: 1\nOn second thought.\nOverall Score: 10", None),
        ("Overall Score: 8\nOverall Score: high", None),
        ("I would not say Overall Score: 9", None),
        ("It is fine. I give it an 8.", None),
        ("", None),
    ],
)
def test_a_score_is_what_its_words_bear_out(reply: str, score: float | None) -> None:
    (reading,) = PARSER.read(Completion(reply))
    assert (reading.value if isinstance(reading, Verdict) else None) == score


def test_what_stands_before_the_first_score_explains_it_and_without_one_a_judge_may_go_on() -> None:
    for reply, why in (
        ("## Critique: It is **fine**.\n\nOverall Score: 8\nSo: overall score: 8", "It is **fine**."),
        ("Overall Score: 8", None),
    ):
        (found,) = PARSER.read(Completion(reply))
        assert isinstance(found, Verdict)
        assert found.explanation == why
    (silent,) = PARSER.read(Completion("It is fine."))
    assert isinstance(silent, Unfinished)
    assert silent.reason == "the reply has no Overall Score:"
    (other,) = PARSER.read(Completion("It is fine.\nOverall Score: 4/5"))
    assert isinstance(other, Unparsed)
    assert not isinstance(other, Unfinished), "told to finish, a judge would only say it again"
    assert other.reason == "what follows Overall Score: is not one number of 10"


@pytest.mark.parametrize("levels", [{"poor": (1, 3), "good": (3, 5)}, {"poor": (3, 1)}])
def test_levels_that_share_a_score_or_hold_none_are_refused(levels: dict[str, tuple[float, float]]) -> None:
    with pytest.raises(ValidationError, match="no two share one"):
        CritiqueParser(kind="critique", levels=levels)
    assert CritiqueParser(kind="critique", levels={"good": (4, 5), "poor": (1, 3), "odd": (0, 0)})


def test_a_score_that_was_cut_off_is_none() -> None:
    (reading,) = PARSER.read(Completion("Wrong.\nOverall Score: 1", finish_reason="length"))
    assert not isinstance(reading, Verdict)


def asked(
    judge: str, rows: list[dict[str, Any]], server: JudgeServer, folder: Path | None = None, **more: Any
) -> Any:
    return autoeval.evaluate(
        rows,
        annotators_config=judge,
        judge_base_url=server.base_url,
        output_path=folder,
        caching_path=None,
        precomputed_leaderboard=None,
        **more,
    )


def test_critiques_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    said = [
        "Wrong throughout.\nOverall Score: 10",
        "Right.\nOverall Score: 10 (very good)",
        "Poor.\nOverall Score: 2 (very poor)",
    ]
    rows = [{"instruction": f"q{n}", "output": f"answer {n}"} for n in range(3)]

    def critic(body: Body) -> Answer:
        return Answer(next(words for n, words in enumerate(said) if f"answer {n}" in prompt_text(body)))

    with JudgeServer(critic) as server:
        result = asked("critique", rows, server)
    assert [row["score"] for row in result.records()] == [None, 10, 2]
    assert "a slip for 1" in result.records()[0]["failure"]
    assert result.records()[2]["explanation"] == "Poor."
    assert (result.row["score"], result.row["n_missing"]) == (6, 1)


def test_grades_by_a_checklist_give_wildbenchs_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    path = recorded_data() / "wildbench" / "score.v2_eval=gpt-4o-2024-05-13_gemma-2b-it.json.gz"
    recorded = {row["session_id"]: row for row in load_recorded(path)}
    some = list(recorded)[:150]
    (expected,) = wildbench_board(list(read_wildbench(path))[:150]).rows.values()
    rows = [
        {
            "instruction": f"task {name}",
            "output": row["model_output"],
            "generator": "gemma-2b-it",
        }
        for name, row in ((name, recorded[name]) for name in some)
    ]
    tasks = [{"instruction": f"task {n}", "checklist": [f"Does it do {n}?", "Is it complete?"]} for n in some]
    prompts = []

    def judge(body: Body) -> Answer:
        prompts.append(prompt_text(body))
        name = prompts[-1].split("Does it do ")[1].split("?")[0]
        return Answer(json.dumps(recorded[name]["parsed_result"]))

    with JudgeServer(judge) as server:
        result = asked("checklist", rows, server, tmp_path, evaluation_dataset=tasks)
    for column, cell in expected.items():
        assert result.row[column] == pytest.approx(cell)
    assert result.row["adjusted"] == pytest.approx(2 * (result.row["score"] - 5))
    assert ",adjusted,adjusted_low,adjusted_high," in (tmp_path / "checklist" / "leaderboard.csv").read_text()
    assert "\nIs it complete?\n" in prompts[0]
    with pytest.raises(autoeval.UsageError, match="no column 'checklist'"), JudgeServer(judge) as server:
        asked("checklist", [{"instruction": "q", "output": "a"}], server)
