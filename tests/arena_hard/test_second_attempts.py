"""A judge whose reply holds no verdict is told to finish, in the same conversation, as v0.1's tools do."""

import json
from pathlib import Path
from typing import Any

import pytest

import autoeval
from autoeval.errors import UsageError
from autoeval.runs.estimate import DryRun
from autoeval.runs.result import Evaluation
from tests.servers import Answer, JudgeServer
from tests.servers.answers import Body

GAMES = 12
CONFIG: dict[str, Any] = {
    "judge_model": "gpt-judge",
    "baseline_model": "base",
    "temperature": 0,
    "max_tokens": 50,
    "regex_pattern": r"\[\[([AB<>=]+)\]\]",
    "system_prompt": "compare",
    "prompt_template": ["{question_1} {answer_1} {answer_2}"],
}
CHECKOUT = """\
raise SystemExit  # never run
def judgment(conv, new_judgment):
    conv.append({"role": "assistant", "content": new_judgment})
    conv.append({"role": "user", "content": "on with it, label last"})
"""


@pytest.fixture(autouse=True)
def _a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    folder = Path("data/arena-hard-v0.1/model_answer")
    folder.mkdir(parents=True)
    questions = [
        {"question_id": f"q{n}", "category": "arena-hard-v0.1", "turns": [{"content": f"Q{n}?"}]}
        for n in range(GAMES // 2)
    ]
    write(folder.parent / "question.jsonl", questions)
    for model in ("base", "tested"):
        answers = [
            {
                "question_id": one["question_id"],
                "answer_id": "a",
                "model_id": model,
                "choices": [{"index": 0, "turns": [{"content": f"{model}'s"}]}],
                "tstamp": 1.0,
            }
            for one in questions
        ]
        write(folder / f"{model}.jsonl", answers)
    Path("config").mkdir()
    configured()
    Path("gen_judgment.py").write_text(CHECKOUT)


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def configured(**changes: Any) -> None:
    Path("config/judge_config.yaml").write_text(json.dumps({**CONFIG, **changes}))


def judged(server: JudgeServer, **more: Any) -> Any:
    parameters: dict[str, Any] = {
        "model_outputs": "data/arena-hard-v0.1/model_answer/tested.jsonl",
        "eval_set": "arena_hard_v0.1",
        "judge_prompts": "config/judge_config.yaml",
        "judge_base_url": server.base_url,
        "judge_price": (1, 1),
        "output_path": "out",
        "caching_path": "replies.sqlite",
        "retry_delay": 0,
        "max_concurrency": 1,
        "no_report": True,
    }
    return autoeval.evaluate(**{**parameters, **more})


def n_told(body: Body) -> int:
    """Return how often the judge has been told to finish."""
    return sum(message["role"] == "assistant" for message in body["messages"])


def says_later(body: Body) -> Answer:
    """Say who wins, the tested model always, once it is told to finish."""
    if not n_told(body):
        return Answer("Both are fine so far.")
    return Answer("So: [[B>A]]" if body["messages"][1]["content"].endswith("tested's") else "So: [[A>B]]")


def test_a_judge_that_says_no_verdict_at_first_is_told_to_finish_in_the_checkouts_words() -> None:
    with JudgeServer(says_later) as server:
        plan: DryRun = judged(server, dry_run=True)
        assert (plan.n_new, server.n_requests) == (GAMES, 0)
        assert any(f"at most {GAMES} further requests, about $" in note for note in plan.notes)
        result: Evaluation = judged(server)
        assert server.n_requests == 2 * GAMES, "also where none of the first replies holds a verdict"
        assert judged(server, dry_run=True).n_cached == 2 * GAMES
        again: Evaluation = judged(server)
        assert server.n_requests == 2 * GAMES
        (told,) = {json.dumps(body["messages"][2:]) for body in server.bodies if n_told(body)}
    assert json.loads(told) == [
        {"role": "assistant", "content": "Both are fine so far."},
        {"role": "user", "content": "on with it, label last"},
    ]
    assert (result.row["score"], result.row["n_total"]) == (100, GAMES // 2)
    assert again.row == result.row
    assert (result.ask.n_requests, result.ask.n_asked, again.ask.n_cached) == (24, 24, 24)
    (written,) = Path("out").rglob("model_judgment/gpt-judge/tested.jsonl")
    games = [game for line in written.read_text().splitlines() for game in json.loads(line)["games"]]
    assert {game["judgment"] for game in games} == {
        "\nBoth are fine so far.\nSo: [[B>A]]",
        "\nBoth are fine so far.\nSo: [[A>B]]",
    }


def test_what_stopped_goes_on_and_what_stays_without_a_verdict_is_asked_anew_only_when_wanted() -> None:
    n_left = GAMES + 8

    def answer(body: Body) -> Answer:
        nonlocal n_left
        n_left -= 1
        if n_left < 0:
            return Answer("no more today", status=401)
        if "Q0?" in body["messages"][1]["content"]:
            return Answer("I cannot tell.")
        if "Q1?" in body["messages"][1]["content"]:
            return Answer("[[A>B]] or [[B>A]]")
        return Answer("Let me see: ", finish_reason="length") if not n_told(body) else Answer("[[A=B]]")

    with JudgeServer(answer) as server:
        stopped: Evaluation = judged(server, go_on=True)
        assert stopped.exit_code == 5
        n_left, before = 1000, server.n_requests
        result: Evaluation = judged(server, go_on=True)
        # Of 12 games 2 say at once two things, which is not asked again; the others are told to finish.
        assert server.n_requests - before == 2 * GAMES - 2 - (before - 1)
        failures = {row["failure"] for row in rows_of(result) if row["preference"] is None}
        assert {failure.partition(" the reply ")[2] for failure in failures} == {
            "holds none of the verdicts [[A>>B]], [[A>B]], [[A=B]], [[B>A]], [[B>>A]]",
            "holds verdicts that contradict each other",
        }
        before = server.n_requests
        anew: Evaluation = judged(server, go_on=True, is_reask_unparsed=True)
        assert server.n_requests - before == 2 * 2 + 2, "two games twice, and two once"
    assert (result.row["n_total"], result.row["n_missing"]) == (GAMES // 2 - 2, 2)
    assert anew.row["score"] == result.row["score"] == 50


def rows_of(result: Evaluation) -> list[dict[str, Any]]:
    path = next(path for path in result.paths if path.name == "annotations.json")
    return list(json.loads(path.read_text()))


def test_a_judge_that_never_finishes_costs_little() -> None:
    with JudgeServer(lambda _: Answer("No comment.")) as server:
        with pytest.raises(Exception, match="none of the first 8 replies holds a verdict"):
            require_judged(judged(server))
        assert server.n_requests == 2 * 8


def require_judged(result: Evaluation) -> None:
    if result.exit_code:
        raise RuntimeError(result.ask.stop.message if result.ask.stop else "")


@pytest.mark.parametrize(("attempts", "n_requests"), [(1, GAMES), (3, 3 * GAMES)])
def test_a_config_says_how_many_attempts_there_are(attempts: int, n_requests: int) -> None:
    configured(number_of_judgment_attempts=attempts, follow_up="label, please")

    def answer(body: Body) -> Answer:
        return Answer("[[A=B]]" if n_told(body) == attempts - 1 else "hm")

    with JudgeServer(answer) as server:
        result: Evaluation = judged(server, go_on=True)
        last = server.bodies[-1]["messages"][-1]["content"]
    assert (server.n_requests, result.row["score"]) == (n_requests, 50)
    assert (last == "label, please") == (attempts > 1)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"number_of_judgment_attempts": 0}, "a number from 1 to 5, not 0"),
        ({"follow_up": 3}, "`follow_up` should be text"),
    ],
)
def test_wrong_attempts_are_refused(changes: dict[str, Any], told: str) -> None:
    configured(**changes)
    with JudgeServer() as server, pytest.raises(UsageError, match=told):
        judged(server)
