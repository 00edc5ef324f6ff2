"""WildBench's and UltraFeedback's own rows as eval sets, and pairs judged by a checklist of the task's."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

import autoeval
from autoeval.data.eval_sets import EVAL_SETS
from autoeval.errors import UsageError
from autoeval.journeys.make_leaderboard import make_leaderboard
from autoeval.journeys.show import show
from autoeval.runs.finished import Run
from tests.recorded import load_recorded, recorded_data
from tests.servers import Answer, JudgeServer, prompt_text
from tests.servers.answers import Body

N = 12


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")


def turn(role: str, text: str) -> dict[str, Any]:
    return {
        "content": text,
        "language": "English",
        "redacted": False,
        "role": role,
        "timestamp": None,
        "toxic": False,
    }


def task(n: int, session: str) -> dict[str, Any]:
    """Return a row in the form of the hub's WildBench, every other one a conversation that goes on."""
    before = [turn("user", f"Begin {n}."), turn("assistant", "Begun.")] if n % 2 else []
    return {
        "session_id": session,
        "conversation_input": [*before, turn("user", f"Go on with task {n}.")],
        "references": {"gpt-4": "so"},
        "length": 100,
        "checklist": [f"Is it about {session}?", "Is it complete?"],
        "intent": "to go on",
        "primary_tag": "Math" if n < 6 else "Planning",
        "secondary_tags": [],
    }


def judged_output(body: Body) -> str:
    about = re.findall(r"\nIs it about (\w+)\?\nIs it complete\?\n", prompt_text(body))
    return str(about[-1])


def write(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_wildbenchs_tasks_and_recorded_outputs_are_judged_as_they_are(tmp_path: Path) -> None:
    path = recorded_data() / "wildbench" / "score.v2_eval=gpt-4o-2024-05-13_gemma-2b-it.json.gz"
    some = [row for row in load_recorded(path) if row["model_output"].strip()][:N]
    recorded = {row["session_id"]: float(row["score"]) for row in some}
    tasks = write(tmp_path / "test.jsonl", [task(n, one["session_id"]) for n, one in enumerate(some)])
    judgments = write(tmp_path / "score.jsonl", some)
    results = write(
        tmp_path / "results.jsonl",
        [
            {"session_id": one["session_id"], "output": [f"xyzzy {n}"], "generator": "mine"}
            for n, one in enumerate(some)
        ],
    )

    def grade(body: Body) -> Answer:
        session = judged_output(body)
        score = 8 if "xyzzy " in prompt_text(body) else recorded[session]
        return Answer(json.dumps({"strengths": "", "weaknesses": "", "score": score}))

    with JudgeServer(grade) as server:
        asks: dict[str, Any] = {"judge_base_url": server.base_url, "caching_path": tmp_path / "c.sqlite"}
        one = autoeval.evaluate(
            judgments, eval_set="wildbench", evaluation_dataset=tasks, output_path=None, **asks
        )
        board = make_leaderboard(
            tmp_path / "board.csv",
            all_model_outputs=[judgments, results],
            eval_set="wildbench",
            evaluation_dataset=tasks,
            output_path=tmp_path / "runs",
            **asks,
        )
        assert server.n_requests == 2 * N
        prompts = [prompt_text(body) for body in server.bodies]
    assert one.row["score"] == pytest.approx(sum(recorded.values()) / N)
    assert one.row["adjusted"] == pytest.approx(2 * (one.row["score"] - 5))
    assert any("says" in text and "\nGo on with task 0.\n" in text for text in prompts)
    ((before, now),) = {
        tuple(re.findall(r"---\n(.*?)\n+---", text.replace("\n\n", "\n"), re.DOTALL)[:2])
        for text in prompts
        if "Begin 1." in text
    }
    assert (before, now) == ("User: Begin 1.\nAssistant: Begun.", "Go on with task 1.")
    rows = board.board.rows
    assert (rows["mine"]["score"], rows["google/gemma-2b-it"]["score"]) == (8, one.row["score"])
    run = show(str(tmp_path / "runs" / "google_gemma-2b-it"))
    assert isinstance(run, Run)
    assert run.measured.headline.estimate().value == pytest.approx(one.row["score"])
    assert set(run.measured.subsets) == {"Math", "Planning"}
    told = json.loads((tmp_path / "runs" / "mine" / "run.json").read_text())
    assert told["setting"]["eval_set"] == f"WildBench ({N} outputs)"
    assert told["annotator"]["judges"][0]["scale"] == [1, 10]
    assert told["counts"] == {"judged": N, "missing": 0, "unpaired": 0, "failures": {}}


def compared(body: Body) -> Answer:
    """Say that A's output is much better where it is longer, and a bit better where only its number is higher."""
    text = prompt_text(body)
    first, second = re.findall(r"--- output [AB] \w+ ---\n(.*)\n(?=---)", text)
    assert "Is it complete?" in text
    if len(first) != len(second):
        return Answer(f"So.\n[[{'A>>B' if len(first) > len(second) else 'B>>A'}]]")
    return Answer(f"So.\n[[{'A=B' if first == second else 'A>B' if first > second else 'B>A'}]]")


def test_pairs_are_compared_by_their_checklists_wherever_those_stand(tmp_path: Path) -> None:
    tasks = write(tmp_path / "test.jsonl", [task(n, f"s{n}") for n in range(4)])
    ours = [{"session_id": f"s{n}", "output": [text]} for n, text in enumerate(("long one", "b", "c", "a"))]
    theirs = [{"session_id": f"s{n}", "output": [text]} for n, text in enumerate(("short", "a", "c", "b"))]
    with_columns = [{"instruction": f"q{n}", "checklist": ["Is it complete?"]} for n in range(4)]
    plain = [
        [{"instruction": f"q{n}", "output": row["output"][0]} for n, row in enumerate(rows)]
        for rows in (ours, theirs)
    ]
    with JudgeServer(compared) as server:
        asks: dict[str, Any] = {
            "annotators_config": "checklist_pairs",
            "judge_base_url": server.base_url,
            "caching_path": None,
            "output_path": None,
            "precomputed_leaderboard": None,
        }
        of_set = autoeval.evaluate(ours, theirs, eval_set="wildbench", evaluation_dataset=tasks, **asks)
        of_rows = autoeval.evaluate(plain[0], plain[1], evaluation_dataset=with_columns, **asks)
        in_outputs = [{**row, **columns} for row, columns in zip(plain[0], with_columns, strict=True)]
        of_outputs = autoeval.evaluate(in_outputs, plain[1], **asks)
        with pytest.raises(UsageError, match="no column 'checklist'"):
            autoeval.evaluate(plain[0], plain[1], **asks)
        board = make_leaderboard(
            tmp_path / "b.csv",
            "checklist_pairs",
            [{**row, "generator": "mine"} for row in in_outputs],
            plain[1],
            judge_base_url=server.base_url,
            caching_path=None,
            output_path=tmp_path / "runs",
        )
    for result in (of_set, of_rows, of_outputs):
        assert [row["preference"] for row in result.records()] == [2, 1.75, 1.5, 1.25]
    assert board.board.rows["mine"]["win_rate"] == of_set.row["win_rate"] == 62.5
    assert json.loads((tmp_path / "runs" / "mine" / "run.json").read_text())["counts"]["judged"] == 4

    def grade(body: Body) -> Answer:
        score = 9 if "long one" in prompt_text(body) else 5
        return Answer(json.dumps({"strengths": "", "weaknesses": "", "score": score}))

    with JudgeServer(grade) as server:
        asks |= {"annotators_config": "checklist", "compare_scores": 1, "judge_base_url": server.base_url}
        scored = autoeval.evaluate(ours, theirs, eval_set="wildbench", evaluation_dataset=tasks, **asks)
    assert [row["preference"] for row in scored.records()] == [2, 1.5, 1.5, 1.5]


def ultrafeedback(n: int, *models: str) -> dict[str, Any]:
    """Return a row in the form of the hub's UltraFeedback."""
    return {
        "source": "truthful_qa" if n % 2 else "evol_instruct",
        "instruction": f"question {n}",
        "models": list(models),
        "correct_answers": ["Nothing at all.", "It is a myth."] if n % 2 else ["None"],
        "incorrect_answers": ["It hurts."] if n % 2 else ["None"],
        "completions": [
            {"model": model, "response": f"{model} on {n}", "annotations": {}, "overall_score": 7.0}
            for model in models
        ],
    }


def test_ultrafeedbacks_rows_are_instructions_with_what_four_models_said(tmp_path: Path) -> None:
    rows = [
        ultrafeedback(0, "apple", "birch"),
        ultrafeedback(1, "apple", "cedar"),
        ultrafeedback(2, "birch", "cedar"),
    ]
    path = write(tmp_path / "u.jsonl", rows)
    marks = {"apple": 5, "birch": 3, "cedar": 2}

    def rate(body: Body) -> Answer:
        texts = re.findall(r"(apple|birch|cedar) on \d", prompt_text(body))
        return Answer("\n".join(f"Output {n}\nRating: {marks[text]}" for n, text in enumerate(texts, 1)))

    with JudgeServer(rate) as server:
        made = make_leaderboard(
            tmp_path / "b.csv",
            all_model_outputs=path,
            eval_set="ultrafeedback",
            evaluation_dataset=path,
            is_allow_partial=True,
            judge_base_url=server.base_url,
            caching_path=None,
        )
        assert server.n_requests == 3 * 4
        prompts = [prompt_text(body) for body in server.bodies]
    assert {name: row["score"] for name, row in made.board.rows.items()} == marks
    assert {name: row["n_total"] for name, row in made.board.rows.items()} == dict.fromkeys(marks, 2)
    right = [text for text in prompts if "a right answer" in text]
    assert all("\nNothing at all.\nIt is a myth.\n" in text and "question 1" in text for text in right)
    assert len(right) == 4, "an answer that is None is none"
    (first, second, _) = EVAL_SETS["ultrafeedback"].load(path, None, ())  # type: ignore[misc]
    assert (first.dataset, dict(first.fields)) == ("evol_instruct", {})
    assert second.fields["incorrect"] == "It hurts."


WILD = task(0, "s0")
WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("wildbench", {**WILD, "session_id": None}, "`session_id` is null"),
    ("wildbench", {**WILD, "conversation_input": "hello"}, "should be a list of objects"),
    ("wildbench", {**WILD, "conversation_input": [turn("assistant", "hm")]}, "it should be the user's"),
    ("wildbench", {**WILD, "conversation_input": [turn("tool", "hm")]}, "should be user or assistant"),
    ("wildbench", {**WILD, "checklist": []}, "`checklist`"),
    ("ultrafeedback", {**ultrafeedback(1, "a"), "correct_answers": "yes"}, "should be a list of texts"),
    ("ultrafeedback", {"source": "x"}, "no field 'instruction'"),
]


@pytest.mark.parametrize(("eval_set", "row", "told"), WRONG)
def test_wrong_rows_are_refused_by_file_row_and_field(
    tmp_path: Path, eval_set: str, row: Any, told: str
) -> None:
    path = write(tmp_path / "rows.jsonl", [row])
    with pytest.raises(UsageError, match=told) as refused:
        EVAL_SETS[eval_set].load(path, None, ())  # type: ignore[misc]
    assert "rows.jsonl" in str(refused.value)


def test_outputs_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    tasks = write(tmp_path / "test.jsonl", [WILD])
    at: dict[str, Any] = {"annotators_config": "checklist", "caching_path": None, "output_path": None}
    with pytest.raises(UsageError, match="--eval_set wildbench"):
        autoeval.evaluate([{"session_id": "s0", "output": ["a"]}], **at)
    with pytest.raises(UsageError, match="answers none of the 1 questions"):
        autoeval.evaluate(
            [{"session_id": "s1", "output": ["a"]}], eval_set="wildbench", evaluation_dataset=tasks, **at
        )
    with pytest.raises(UsageError, match="completion 1 has no field 'response'"):
        autoeval.evaluate(
            [{"instruction": "q", "completions": [{"model": "a"}]}],
            **{**at, "annotators_config": "ultrafeedback"},
        )
