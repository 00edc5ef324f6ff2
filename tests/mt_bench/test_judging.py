"""`evaluate --eval_set mt_bench`, `evaluate_from_model`: a judge that says what GPT-4 said gives FastChat's figures."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import autoeval
from autoeval.data.fastchat import ERROR, read_games, read_grades
from autoeval.errors import AutoevalError, NothingJudgedError, UsageError
from autoeval.journeys.import_annotations import import_annotations
from autoeval.metrics.grades import settled
from autoeval.runs.result import GradedEvaluation
from tests.mt_bench.recorded_answers import RecordedGrader, lines
from tests.recorded import recorded_data
from tests.servers import Answer, JudgeServer
from tests.servers.answers import Body

PHI = ("Stefanstud_FastChat", "phi-3-dpo")
ORPO = ("alvarobartt_FastChat", "mistral-orpo-trl")
FIGURES = {PHI: (8.3625, 8.0375, 8.2), ORPO: (7.73125, 6.6, 7.165625)}


@pytest.fixture(autouse=True)
def _at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")


def folder() -> Path:
    return recorded_data() / "mt_bench"


def grader(*owners: str) -> RecordedGrader:
    runs = [folder() / "runs" / owner / "model_judgment" for owner in owners]
    return RecordedGrader.of(path for run in runs for path in run.glob("*_single.jsonl.gz"))


def judged(server: JudgeServer, of: tuple[str, str], **more: Any) -> GradedEvaluation:
    owner, model = of
    run = folder() / "runs" / owner
    parameters: dict[str, Any] = {
        "model_outputs": run / "model_answer" / f"{model}.jsonl.gz",
        "eval_set": "mt_bench",
        "annotators_config": "mt_bench_grade",
        "judge_prompts": folder() / "judge_prompts.jsonl.gz",
        "reference_answers": run / "reference_answer" / "gpt-4.jsonl.gz",
        "judge_base_url": server.base_url,
        "output_path": Path("out") / model,
        "caching_path": Path("replies.sqlite"),
        "retry_delay": 0,
    }
    result: GradedEvaluation = autoeval.evaluate(**{**parameters, **more})
    return result


def test_recorded_answers_give_fastchats_figures_and_a_row_on_ones_own_board() -> None:
    judge = grader(*(owner for owner, _ in FIGURES))
    with JudgeServer(judge) as server:
        for of, figures in FIGURES.items():
            result = judged(server, of)
            row = result.row
            assert [row["turn_1"], row["turn_2"], row["score"]] == pytest.approx(figures, abs=1e-12)
            assert (row["n_total"], row["n_missing"]) == (160, 0)
            assert row["turn_1_low"] < row["turn_1"] < row["turn_1_high"]  # type: ignore[operator]
        assert judge.unknown == [], "every prompt is to the letter what FastChat sent"
        assert server.n_requests == 320
    assert list(result.board.rows) == ["phi-3-dpo", "mistral-orpo-trl"]
    assert list(result.leaderboard["score"]) == sorted(result.leaderboard["score"], reverse=True)
    assert "score 7.17" in repr(result)
    assert "<table" in result._repr_html_()
    _rows_say_what_was_judged(result)
    _fastchat_reads_what_was_written(result)


def _rows_say_what_was_judged(result: GradedEvaluation) -> None:
    rows = result.records()
    assert len(rows) == 80
    for row in rows:
        assert row["score"] == pytest.approx((row["parts"]["turn_1"] + row["parts"]["turn_2"]) / 2)
        assert (len(row["user_turns"]), len(row["turns"]), len(row["judgments"])) == (2, 2, 2)
        assert not {"preference", "is_switched_outputs"} & set(row)
    with_reference = {row["dataset"] for row in rows if "reference" in row["fields"]}
    assert with_reference == {"math", "reasoning", "coding"}


def _fastchat_reads_what_was_written(result: GradedEvaluation) -> None:
    owner, model = ORPO
    (path,) = [path for path in result.paths if path.name.endswith("_single.jsonl")]
    recorded = lines(folder() / "runs" / owner / "model_judgment" / "gpt-4_single.jsonl.gz")
    names = ("question_id", "turn", "model", "user_prompt", "judgment", "score")
    expected = {tuple(row[name] for name in names) for row in recorded if row["model"] == model}
    written = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    assert {tuple(row[name] for name in names) for row in written} == expected
    assert all(list(row) == list(recorded[0]) for row in written)
    assert len(list(read_grades(path))) == 160


def test_a_stopped_run_goes_on_and_a_finished_one_asks_nothing() -> None:
    judge = grader(PHI[0])
    n_left = 0

    def answer(body: Body) -> Answer:
        nonlocal n_left
        n_left -= 1
        return judge(body) if n_left >= 0 else Answer("no more today", status=401)

    with JudgeServer(answer) as server:
        n_judged = 0
        for allowed in (50, 60):
            n_left = allowed
            stopped = judged(server, PHI)
            assert stopped.exit_code == 5
            assert n_judged < stopped.tally.n_judged < 160
            n_judged = stopped.tally.n_judged
        n_left = 1000
        result = judged(server, PHI)
        assert result.ask.n_asked == 1000 - n_left < 160
        assert result.row["score"] == pytest.approx(8.2)
        before = server.n_requests
        again = judged(server, PHI)
        assert server.n_requests == before
    assert again.row == result.row


def test_recorded_judgments_serve_from_the_cache() -> None:
    owner, _ = PHI
    run = folder() / "runs" / owner
    with JudgeServer() as server:
        imported = import_annotations(
            str(run / "model_judgment" / "*.jsonl.gz"),
            annotators_config="mt_bench_grade",
            judge_prompts=folder() / "judge_prompts.jsonl.gz",
            judge_base_url=server.base_url,
            caching_path="replies.sqlite",
        )
        assert sum(one.replies for _, one in imported.files) == 160 + 147
        assert sum(one.failed for _, one in imported.files) == 3
        assert judged(server, PHI).row["score"] == pytest.approx(8.2)
        assert server.n_requests == 0


def test_two_models_are_compared_in_both_orders_and_disagreement_is_a_tie() -> None:
    """The recorded games come out as FastChat counts them: the winner of both games, else a tie."""
    owner, _ = PHI
    run = folder() / "runs" / owner
    games = {game.question_id: game for game in read_games(run / "model_judgment" / "gpt-4_pair.jsonl.gz")}
    replies = {
        prompt: said
        for game in games.values()
        for prompt, said in zip(game.user_prompts, game.judgments, strict=True)
        if said != ERROR
    }
    with JudgeServer(RecordedGrader(replies)) as server, pytest.raises(NothingJudgedError) as stopped:
        judged(  # of which second turns are not recorded
            server,
            PHI,
            reference_outputs=run / "model_answer" / "phi-3.jsonl.gz",
            annotators_config="mt_bench_pairwise",
            precomputed_leaderboard=None,
            go_on=True,
        )
    result: Any = stopped.value.result
    by_question = {row["fields"]["question_id"]: row.get("parts", {}) for row in result.records()}
    names = {2.0: "model_2", 1.0: "model_1", 1.5: "tie"}
    found = [
        (names[by_question[question]["turn_1"]], settled(game.winners))
        for question, game in games.items()
        if "turn_1" in by_question[question]
    ]
    assert len(found) == 73
    assert all(ours == theirs for ours, theirs in found)
    assert Counter(ours for ours, _ in found) == {"model_2": 20, "model_1": 18, "tie": 35}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"eval_set": "mt_bensch"}, "Did you mean 'mt_bench'"),
        ({"evaluation_dataset": "nowhere.jsonl"}, "nowhere"),
        ({"reference_answers": "nowhere.jsonl"}, "nowhere"),
        ({"judge_prompts": "nowhere.jsonl"}, "nowhere"),
        ({"eval_set": None}, "--eval_set mt_bench"),
    ],
)
def test_wrong_usage_is_said_before_anything_is_asked(change: dict[str, Any], message: str) -> None:
    with JudgeServer() as server, pytest.raises(UsageError, match=message):
        judged(server, PHI, **change)
    assert server.n_requests == 0


def two_turns(path: Path, n: int = 4) -> Path:
    """Write questions of two turns and different categories."""
    categories = ("writing", "math", "stem", "roleplay")
    rows = [
        {"question_id": 900 + i, "category": categories[i % 4], "turns": [f"first {i}?", f"second {i}?"]}
        for i in range(n)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_model_answers_in_rounds_stops_in_the_second_and_goes_on(tmp_path: Path) -> None:
    """Each question at its category's temperature; what was said before is part of what is asked; nothing twice."""
    bodies: list[Body] = []

    def answer(body: Body) -> Answer:
        if body["model"] == "judge":
            return Answer("Good.\nGrade: [[7]]")
        bodies.append(body)
        is_second = len(body["messages"]) > 1
        if is_second and sum(len(one["messages"]) > 1 for one in bodies) == 3:
            return Answer("enough for now", status=401)
        return Answer(f"reply to {body['messages'][-1]['content']}")

    with JudgeServer(answer) as server:
        model = {"provider": "openai", "model": "writer", "base_url": server.base_url}
        run: dict[str, Any] = {
            "model_configs": {"writer": model},
            "eval_set": "mt_bench",
            "evaluation_dataset": two_turns(tmp_path / "question.jsonl"),
            "annotators_config": "mt_bench_grade",
            "judge_model": "judge",
            "judge_base_url": server.base_url,
            "judge_price": (1, 1),
            "caching_path": tmp_path / "replies.sqlite",
            "max_concurrency": 1,
            "retry_delay": 0,
        }
        with pytest.raises(AutoevalError):
            autoeval.evaluate_from_model(**run)
        result: GradedEvaluation = autoeval.evaluate_from_model(**run)
        n_asked = server.n_requests
        again = autoeval.evaluate_from_model(**run)
        assert server.n_requests == n_asked
    assert result.row["score"] == again.row["score"] == 7.0
    assert (result.row["n_total"], result.row["n_missing"]) == (8, 0)
    answered = [body for body in bodies if body is not bodies[6]]
    temperatures = {body["messages"][0]["content"]: body["temperature"] for body in answered}
    assert temperatures == {"first 0?": 0.7, "first 1?": 0.0, "first 2?": 0.1, "first 3?": 0.7}
    seconds = [body["messages"] for body in answered if len(body["messages"]) > 1]
    said = sorted([message["content"] for message in messages] for messages in seconds)
    assert said[0] == ["first 0?", "reply to first 0?", "second 0?"]
    rows = json.loads((tmp_path / "results" / "writer" / "model_outputs.json").read_text(encoding="utf-8"))
    assert [row["turns"] for row in rows] == [
        [f"reply to {word} {i}?" for word in ("first", "second")] for i in range(4)
    ]
