"""m-Arena-Hard: one question in many languages is one observation; answers' languages are told apart."""

import json
from pathlib import Path
from typing import Any

import pytest

import autoeval
from autoeval.data.m_arena_hard import DATASETS, LANGUAGES
from autoeval.errors import UsageError
from autoeval.journeys.make_leaderboard import make_leaderboard
from autoeval.leaderboards.arena_columns import ARENA_COLUMNS
from autoeval.leaderboards.table import read_board
from autoeval.runs.result import Evaluation
from tests.data.local_hub import local_hub
from tests.data.test_hub import python
from tests.servers import Answer, JudgeServer
from tests.servers.answers import Body

SAID = {
    "en": "This is the answer that somebody wrote to your question in English.",
    "fr": "Voici la réponse que quelqu'un a écrite à votre question en français.",
    "de": "Das ist die Antwort, die jemand auf deine Frage in deutscher Sprache geschrieben hat.",
}
Row = dict[str, Any]


def questions(n: int = 6) -> list[Row]:
    return [
        {
            "question_id": f"q{i}",
            "category": "hard_prompt",
            "prompt": f"{language} {i}?",
            "language": language,
        }
        for language in SAID
        for i in range(n)
    ]


def answers(model: str, said: dict[str, str]) -> list[Row]:
    return [
        {"instruction": row["prompt"], "output": f"{model}: {said[row['language']]}", "generator": model}
        for row in questions()
    ]


def judged(server: JudgeServer, **more: Any) -> Evaluation:
    parameters: dict[str, Any] = {
        "model_outputs": answers("tested", {**SAID, "de": SAID["en"]}),
        "reference_outputs": answers("other", SAID),
        "eval_set": "m_arena_hard_v2.0",
        "evaluation_dataset": questions(),
        "judge_base_url": server.base_url,
        "caching_path": None,
        "output_path": None,
        "retry_delay": 0,
    }
    result: Evaluation = autoeval.evaluate(**{**parameters, **more})
    return result


def verdict(body: Body) -> Answer:
    """Say that the tested model wins three of six questions, in every language alike."""
    shown = body["messages"][-1]["content"].replace("third:", "tested:")
    wins = any(f" {i}?" in shown for i in range(3))
    return Answer("[[A>B]]" if wins == (shown.index("tested:") < shown.index("other:")) else "[[B>A]]")


def test_languages_have_their_scores_and_a_question_is_one_observation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    with JudgeServer(verdict) as server:
        result = judged(server)
        english = judged(
            server,
            evaluation_dataset=questions()[:6],
            model_outputs=answers("tested", SAID)[:6],
            reference_outputs=answers("other", SAID)[:6],
        )
    row = result.row
    assert [row[name] for name in ("score", *SAID)] == [50] * 4
    assert (row["n_total"], english.row["n_total"]) == (18, 6)
    for column in ("standard_error", "low", "high"):
        assert row[column] == pytest.approx(english.row[column]), "three languages say no more than one"
    assert row["same_language"] == pytest.approx(100 * 12 / 18)
    assert english.row["same_language"] == 100
    board = Path("results/m_arena_hard_v2.0_arena_hard_leaderboard.csv")
    assert not board.exists(), "nothing is written without --output_path"
    with JudgeServer(verdict) as server:
        judged(server, output_path="out")
        made = make_leaderboard(
            board,
            all_model_outputs=[*answers("tested", SAID), *answers("third", {"en": SAID["en"], **SAID})],
            reference_outputs=answers("other", SAID),
            eval_set="m_arena_hard_v2.0",
            evaluation_dataset=questions(),
            judge_base_url=server.base_url,
            caching_path=None,
        )
    assert made.judged == ("third",), "the row of the run is there"
    of_languages = {
        name: read_board(board.with_name(f"{board.stem}.{name}.csv"), ARENA_COLUMNS) for name in SAID
    }
    for name, of_one in of_languages.items():
        assert {model: row["score"] for model, row in of_one.rows.items()} == {
            model: row[name] for model, row in made.board.rows.items()
        }
        assert of_one.rows["tested"]["low"] == pytest.approx(made.board.rows["tested"][f"{name}_low"])
        assert of_one.rows["tested"]["n_total"] == made.board.rows["tested"][f"{name}_n"] == 6
    assert len(list(board.parent.glob("*_leaderboard.??.csv"))) == 3
    assert result.warnings == ("6 of 6 answers to questions in 'de' are in another language, mostly 'en'",)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"reference_outputs": None}, "has no baseline of its own"),
        (
            {"evaluation_dataset": [{"question_id": 1, "prompt": "x", "language": "xx"}]},
            "the language is 'xx'",
        ),
        ({"evaluation_dataset": [{"question_id": 1, "prompt": "x"}]}, "the language is None"),
    ],
)
def test_wrong_usage_is_said(change: Row, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    with JudgeServer(verdict) as server, pytest.raises(UsageError, match=told):
        judged(server, **change)
    assert server.n_requests == 0


@pytest.mark.slow
def test_all_languages_come_from_the_hub(tmp_path: Path) -> None:
    name = DATASETS["m_arena_hard"]
    configs = "".join(
        f"- config_name: {language}\n  data_files:\n  - split: test\n    path: {language}/test.jsonl\n"
        for language in LANGUAGES
    )
    files = {f"{name}/README.md": f"---\nconfigs:\n{configs}---\n".encode()}
    for language in LANGUAGES:
        row = {"question_id": "q1", "cluster": "c", "category": "arena-hard-v0.1", "prompt": f"{language}?"}
        files[f"{name}/{language}/test.jsonl"] = json.dumps(row).encode()
    script = (
        "from autoeval.data.eval_sets import find_eval_set\n"
        "for one in find_eval_set('m_arena_hard').load({source!r}, None, ()):\n"
        "    print(one.text, one.fields['question_id'])"
    )
    with local_hub(files) as hub:
        variables = {"HF_ENDPOINT": hub.endpoint, "HF_HUB_DISABLE_XET": "1"}
        found, error = python(script.format(source=None), tmp_path, **variables)
        assert found.split("\n") == [f"{language}? q1-{language}" for language in LANGUAGES], error
        assert python(script.format(source=f"{name}:fr"), tmp_path, **variables)[0] == "fr? q1-fr"
