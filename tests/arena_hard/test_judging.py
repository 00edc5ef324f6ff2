"""`evaluate --eval_set arena_hard_…`, `evaluate_from_model`: recorded games come out as they were recorded."""

import json
from pathlib import Path
from typing import Any

import pytest

import autoeval
from autoeval.data.arena_answers import read_answers
from autoeval.data.arena_hard import read_judgments
from autoeval.errors import UsageError
from autoeval.journeys.import_annotations import import_annotations
from autoeval.journeys.make_leaderboard import make_leaderboard
from autoeval.runs.result import Evaluation
from tests.arena_hard.recorded_games import BASELINE, SYSTEM, RecordedGames
from tests.servers import Answer, JudgeServer
from tests.servers.answers import Body


@pytest.fixture(autouse=True)
def _at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")


def judged(server: JudgeServer, **more: Any) -> Evaluation:
    parameters: dict[str, Any] = {
        "model_outputs": "data/arena-hard-v0.1/model_answer/tested.jsonl",
        "eval_set": "arena_hard_v0.1",
        "judge_prompts": "data/arena-hard-v0.1/judge_config.yaml",
        "judge_base_url": server.base_url,
        "output_path": "out",
        "caching_path": "replies.sqlite",
        "min_coverage": 0.9,
        "retry_delay": 0,
    }
    result: Evaluation = autoeval.evaluate(**{**parameters, **more})
    return result


def test_recorded_games_come_out_as_recorded_and_make_the_board_that_they_make() -> None:
    games = RecordedGames.of_a_fork()
    games.write(Path("data/arena-hard-v0.1"))
    with JudgeServer(games) as server:
        result = judged(server)
        assert games.unknown == [], "every prompt is to the letter the recorded one"
        assert games.systems == {SYSTEM}
        assert {body["temperature"] for body in server.bodies} == {0}
        assert {body["model"] for body in server.bodies} == {"recorded-judge"}
        n_asked = server.n_requests
        again = judged(server)
        assert server.n_requests == n_asked
    assert again.row == result.row
    judgments = next(path for path in result.paths if path.parent.name == "recorded-judge")
    written = {one.question_id: one for one in read_judgments(str(judgments))}
    assert len(written) == len(games.rows)
    for row in games.rows:
        found = written[row["question_id"]]
        assert found.row.keys() == row.keys()
        for game, recorded in zip(found.row["games"], row["games"], strict=True):
            assert game["user_prompt"] == recorded["user_prompt"]
            assert game["score"] == recorded["score"]
            assert game["judgment"].strip() == recorded["judgment"].strip()
    recorded_board = make_leaderboard(eval_set="arena_hard_v0.1", judgments=str(judgments)).board
    expected = recorded_board.rows[games.model]
    for column in ("score", "standard_error", "low", "high", "n_total", "n_missing"):
        assert result.row[column] == pytest.approx(expected[column]), column
    assert result.row["reference"] == BASELINE
    assert list(result.board.rows) == [games.model]
    assert result.row["score"] == result.row["win_rate"]


def second_version(folder: Path) -> None:
    """Write two hard questions and a creative one, two baselines' answers and a model's, as v2.0 has them."""
    said = {"o3-mini-2025-01-31": "right", "gemini-2.0-flash-001": "a poem", "tested": "mine"}
    questions = [
        ("h1", "hard_prompt", "1+1?"),
        ("h2", "hard_prompt", "2+2?"),
        ("c1", "creative_writing", "Sing!"),
    ]
    (folder / "model_answer").mkdir(parents=True)
    rows = [{"uid": uid, "category": category, "prompt": prompt} for uid, category, prompt in questions]
    (folder / "question.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for model, text in said.items():
        messages = [
            [
                {"role": "user", "content": prompt},
                {"role": "assistant", "content": {"answer": f"{text} to {prompt}"}},
            ]
            for _, _, prompt in questions
        ]
        answers = [
            {"uid": uid, "ans_id": "x", "model": model, "messages": one, "tstamp": 1.0}
            for (uid, _, _), one in zip(questions, messages, strict=True)
        ]
        path = folder / "model_answer" / f"{model}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in answers))


def verdict(body: Body) -> str:
    """Say that the tested model wins clearly at hard questions in both orders, and loses at creative ones."""
    shown = body["messages"][-1]["content"]
    is_first = shown.index("mine to") < min(shown.find(text) % 10**9 for text in ("right to", "a poem to"))
    wins, loses = ("A>>B", "B>A") if is_first else ("B>>A", "A>B")
    return f"First [[A=B]], but then:\n[[{loses if 'Sing!' in shown else wins}]]"


def test_recorded_games_are_imported_and_nothing_is_asked_again() -> None:
    games = RecordedGames.of_a_fork()
    config = games.write(Path("data/arena-hard-v0.1"))
    name = games.rows[0]["judge"]
    one, torn = games.rows[0], games.rows[1]
    torn = {**torn, "games": [torn["games"][0], {**torn["games"][1], "judgment": "\n$ERROR$", "score": None}]}
    write("recorded.jsonl", [one, torn, *games.rows[2:]])
    with JudgeServer(games) as server:
        at: dict[str, Any] = {
            "annotators_config": "arena_hard",
            "judge_base_url": server.base_url,
            "judge_prompts": config,
        }
        with pytest.raises(UsageError, match=f"--judge_model {name}"):
            import_annotations("recorded.jsonl", caching_path="replies.sqlite", **at)
        at["judge_model"] = name
        n_games = 2 * len(games.rows)
        for n_new, rest in ((n_games - 1, ""), (0, f", {n_games - 1} were there already")):
            assert import_annotations("recorded.jsonl", caching_path="replies.sqlite", **at).lines == [
                f"recorded.jsonl: {n_new} replies and 0 verdicts imported, 1 say only that nobody answered{rest}"
            ]
        result = judged(server, no_report=True, **at)
        assert server.n_requests == 1, "the game that failed"
        own = next(str(path) for path in result.paths if path.parent.name == name)
        assert f"{n_games} replies" in import_annotations(own, caching_path="again.sqlite", **at).lines[0]
        again = judged(server, caching_path="again.sqlite", no_report=True, **at)
        assert server.n_requests == 1, "judgments that we wrote are read like upstream's"
    assert {**again.row, "judge_models": ""} == {**result.row, "judge_models": ""}
    for change, told in (
        ({"judge_prompts": None}, "answer the prompts of its config"),
        ({"annotators_config": "mt_bench_grade", "judge_prompts": None}, "answer the prompts of its config"),
    ):
        with pytest.raises(UsageError, match=told):
            import_annotations("recorded.jsonl", caching_path="c.sqlite", **{**at, **change})
    config.write_text(config.read_text().replace("You compare", "You judge"))
    write("new.jsonl", [new_form(row) for row in games.rows[:2]])
    with pytest.raises(UsageError, match="no game answers a prompt of this config"):
        import_annotations("new.jsonl", caching_path="c.sqlite", **at)
    config.write_text(config.read_text().replace("You judge", "You compare"))
    assert import_annotations("new.jsonl", caching_path="replies.sqlite", **at).lines == [
        "new.jsonl: 0 replies and 0 verdicts imported, 4 were there already"
    ]


def write(name: str, rows: list[dict[str, Any]]) -> None:
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def new_form(row: dict[str, Any]) -> dict[str, Any]:
    """Return a judgment of v0.1's first form as today's tools write it."""
    games = [
        {
            "score": game["score"],
            "judgment": {"answer": game["judgment"]},
            "prompt": [
                {"role": "system", "content": SYSTEM},
                {"role": "user", "content": game["user_prompt"]},
            ],
        }
        for game in row["games"]
    ]
    return {
        "uid": row["question_id"],
        "category": "arena-hard-v0.1",
        "judge": row["judge"],
        "model": "m",
        "games": games,
    }


def test_categories_have_their_own_baselines_and_only_hard_ones_are_answered_by_the_judge_first() -> None:
    folder = Path("data/arena-hard-v2.0")
    second_version(folder)
    with JudgeServer(lambda body: Answer(verdict(body))) as server:
        result = judged(
            server,
            model_outputs=folder / "model_answer" / "tested.jsonl",
            eval_set="arena_hard_v2.0",
            judge_prompts=None,
        )
        asked = [body["messages"][-1]["content"] for body in server.bodies]
    assert len(asked) == 6
    for prompt in asked:
        assert ("Fulfil the request yourself" in prompt) == ("Sing!" not in prompt)
        assert ("a poem to" in prompt) == ("Sing!" in prompt)
    # Two questions won twice and clearly, one lost twice: 12 of 14.
    assert result.row["score"] == pytest.approx(100 * 12 / 14)
    assert (result.row["hard_prompt"], result.row["creative_writing"]) == (100, 0)
    assert result.setting.reference == "o3-mini-2025-01-31 gemini-2.0-flash-001"
    judgments = str(result.paths[1])
    rows = [one.row for one in read_judgments(judgments)]
    assert [row["baseline"] for row in rows] == ["o3-mini-2025-01-31"] * 2 + ["gemini-2.0-flash-001"]
    assert [game["score"] for game in rows[0]["games"]] == ["B>>A", "A>>B"]
    assert rows[2]["games"][0]["prompt"][-1] == {"role": "user", "content": asked_first(asked, "Sing!")}
    board = make_leaderboard(eval_set="arena_hard_v2.0", judgments=judgments).board
    for column in ("score", "standard_error", "low", "high", "n_total", "creative_writing"):
        assert result.row[column] == pytest.approx(board.rows["tested"][column]), column
    (answers,) = read_answers(result.paths[2]).values()
    assert [one.turns for one in answers.values()] == [
        ("mine to 1+1?",),
        ("mine to 2+2?",),
        ("mine to Sing!",),
    ]


def asked_first(asked: list[str], word: str) -> str:
    """Return the prompt that shows the baseline first."""
    return next(
        prompt for prompt in asked if word in prompt and prompt.index("a poem") < prompt.index("mine")
    )


CONFIG = """\
judge_model: gpt-judge
temperature: 0.0
max_tokens: 16000
bench_name: arena-hard-v2.0
reference: null
regex_patterns:
  - \\[\\[([AB<>=]+)\\]\\]
  - \\[([AB<>=]+)\\]
prompt_template: "Q {QUESTION} A {ANSWER_A} B {ANSWER_B} {{}}"
model_list: [tested]
"""
SETTINGS = """\
import os  # never run
raise SystemExit
LONG = "answer first yourself"
JUDGE_SETTINGS = {
    "hard_prompt": {"baseline": "gemini-2.0-flash-001", "system_prompt": LONG},
    "creative_writing": {"baseline": "gemini-2.0-flash-001", "system_prompt": "no answer"},
}
"""


def test_todays_config_has_its_system_prompts_in_the_checkout_and_a_run_goes_on_where_it_stopped() -> None:
    folder = Path("data/arena-hard-v2.0")
    second_version(folder)
    for name, text in (("config/arena-hard-v2.0.yaml", CONFIG), ("utils/judge_utils.py", SETTINGS)):
        Path(name).parent.mkdir()
        Path(name).write_text(text)
    n_left = 0

    def answer(body: Body) -> Answer:
        nonlocal n_left
        n_left -= 1
        if body["model"] == "writer":
            return Answer(f"mine to {body['messages'][-1]['content']}")
        return Answer(verdict(body)) if n_left >= 0 else Answer("no more today", status=401)

    with JudgeServer(answer) as server:
        run: dict[str, Any] = {
            "model_configs": {
                "writer": {"provider": "openai", "model": "writer", "base_url": server.base_url}
            },
            "eval_set": "arena_hard_v2.0",
            "judge_prompts": "config/arena-hard-v2.0.yaml",
            "judge_base_url": server.base_url,
            "judge_price": (1, 1),
            "generator_price": (1, 1),
            "caching_path": "replies.sqlite",
            "max_concurrency": 1,
            "retry_delay": 0,
        }
        n_left = 3 + 5
        stopped: Evaluation = autoeval.evaluate_from_model(**run)
        assert stopped.exit_code == 5
        assert stopped.tally.n_judged == 2
        n_left = 1000
        result: Evaluation = autoeval.evaluate_from_model(**run)
        assert 1000 - n_left == 1, "the one game that is left"
        n_asked = server.n_requests
        again: Evaluation = autoeval.evaluate_from_model(**run)
        assert server.n_requests == n_asked
        judging = [body for body in server.bodies if body["model"] == "gpt-judge"]
    assert again.row == result.row
    assert result.row["score"] == pytest.approx(100 * 12 / 14)
    assert result.row["reference"] == "gemini-2.0-flash-001"
    asked = {
        message["content"]: body["messages"][0]["content"] for body in judging for message in body["messages"]
    }
    assert asked["Q Sing! A a poem to Sing! B mine to Sing! {}"] == "no answer"
    assert asked["Q 1+1? A mine to 1+1? B a poem to 1+1? {}"] == "answer first yourself"
    assert all(body["max_tokens"] == 16000 for body in judging)
    assert "arena_hard_v2.0_arena_hard_leaderboard.csv" in {path.name for path in Path("results").iterdir()}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"eval_set": "arena_hard_v2"}, "Did you mean 'arena_hard_v2.0'"),
        ({"reference_outputs": "data/arena-hard-v2.0/model_answer/tested.jsonl"}, "is the baseline itself"),
        (
            {"evaluation_dataset": "data/arena-hard-v2.0/model_answer/tested.jsonl"},
            "row 1 has no field 'prompt'",
        ),
        ({"judge_prompts": "nowhere.yaml"}, "nowhere.yaml cannot be read"),
        ({"judge_prompts": {"reference": True}}, "asks with right answers"),
        ({"judge_prompts": {"pairwise": False}}, "single answers are graded"),
        ({"judge_prompts": {"regex_patterns": ["(["]}}, "is not a regular expression"),
        ({"judge_prompts": {"regex_patterns": ["(A)(B)"]}}, "has 2 groups"),
        ({"judge_prompts": {"prompt_template": None}}, "`prompt_template` should be a text"),
        ({"judge_prompts": {"prompt_template": "{QUESTIONS}"}}, "Did you mean 'QUESTION'"),
        ({"judge_prompts": {"system_prompt": {"hard_promt": "x"}}}, "no system prompt for the category"),
        ({"judge_prompts": {"system_prompt": None}}, "has no `system_prompt`"),
        ({"annotators_config": "mt_bench_grade", "judge_prompts": {}}, "compares two answers"),
        ({"reference_answers": "x.jsonl"}, "has no right answers"),
        ({"n_paid": 60}, "a clear win counts three times"),
    ],
)
def test_wrong_usage_is_said_before_anything_is_asked(change: dict[str, Any], told: str) -> None:
    folder = Path("data/arena-hard-v2.0")
    second_version(folder)
    config = change.get("judge_prompts")
    if isinstance(config, dict):
        good = {"system_prompt": "s", "prompt_template": "{QUESTION}", "regex_patterns": ["x"]}
        Path("own.yaml").write_text(json.dumps({**good, **config}))
        change = {**change, "judge_prompts": "own.yaml"}
    flags = {"eval_set": "arena_hard_v2.0", "judge_prompts": None, **change}
    with JudgeServer() as server, pytest.raises(UsageError, match=told):
        judged(server, model_outputs=folder / "model_answer" / "tested.jsonl", **flags)
    assert server.n_requests == 0


def test_many_models_stand_on_one_board_as_each_would_alone() -> None:
    folder = Path("data/arena-hard-v2.0")
    second_version(folder)
    answers = folder / "model_answer"
    other = (
        (answers / "tested.jsonl")
        .read_text()
        .replace('"tested"', '"other"')
        .replace("mine to 1+1?", "a slip")
    )
    (answers / "other.jsonl").write_text(other)
    many = [answers / name for name in ("tested.jsonl", "other.jsonl")]

    def answer(body: Body) -> Answer:
        text = body["messages"][-1]["content"]
        return Answer("[[A=B]]" if "a slip" in text else verdict(body))

    with JudgeServer(answer) as server:
        asks: dict[str, Any] = {
            "eval_set": "arena_hard_v2.0",
            "judge_base_url": server.base_url,
            "caching_path": "c.sqlite",
            "retry_delay": 0,
        }
        plan = make_leaderboard("b.csv", all_model_outputs=many, dry_run=True, **asks)
        made = make_leaderboard("b.csv", all_model_outputs=many, output_path="runs", **asks)
        assert (server.n_requests, plan.n_new) == (6 + 2, 6 + 2), (
            "four games of the two are on the same answers"
        )
        alone = autoeval.evaluate(many[0], output_path=None, **asks)
        with_baselines = [*many, answers / "o3-mini-2025-01-31.jsonl"]
        assert server.n_requests == 8
        no_more = make_leaderboard("b.csv", all_model_outputs=with_baselines, **asks)
        assert no_more.judged == ()
        (told,) = no_more.left_out
        assert "o3-mini-2025-01-31 is the baseline that others meet, 50 by definition" in told
        checked = make_leaderboard("b.csv", check=True)
        again = make_leaderboard("b.csv", all_model_outputs=many, check=True, **asks)
        with pytest.raises(UsageError, match="--n_paid"):
            make_leaderboard("c.csv", all_model_outputs=many, n_paid=50, **asks)
    assert list(made.board.rows) == ["tested", "other"]
    row = made.board.rows["tested"]
    assert {name: cell for name, cell in row.items() if name != "mode"} == {
        name: cell for name, cell in alone.row.items() if name != "mode"
    }
    assert row["score"] == pytest.approx(100 * 12 / 14)
    assert made.board.rows["other"]["score"] == pytest.approx(100 * (6 + 2 * 0.5) / 10)
    assert [*checked.differences, *again.differences] == []
    assert checked.n_models == 2, "stored preferences say how many times a clear win counts"
    stored = Path("b.preferences.csv").read_text().splitlines()
    assert stored[0].endswith(",is_flipped,weight")
    assert {line.rpartition(",")[2] for line in stored[1:]} == {"1", "3"}
    told = json.loads(Path("runs/other/run.json").read_text())
    assert (told["setting"]["eval_set"], told["setting"]["preset"]) == (
        "Arena-Hard v2.0 (3 pairs)",
        "arena_hard_v2.0",
    )
    judgments = next(Path("runs/tested/model_judgment").iterdir())
    board = make_leaderboard("r.csv", eval_set="arena_hard_v2.0", judgments=judgments).board
    assert board.rows["tested"]["score"] == pytest.approx(row["score"])
