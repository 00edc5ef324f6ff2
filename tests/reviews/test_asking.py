"""Shares of a reference's score that a judge is asked for: recorded reviews behind a real server, in both orders."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from autoeval.annotators.loading import load_annotator
from autoeval.annotators.overrides import JudgeOverrides
from autoeval.annotators.parsers.review import ReviewParser
from autoeval.data.annotations import read_annotations
from autoeval.data.loading import read_rows
from autoeval.errors import NothingJudgedError, UsageError
from autoeval.journeys.percent_of import percent_of
from autoeval.report.pairs import entries
from autoeval.types import Completion, Verdict
from tests.cli.running import CommandLine
from tests.recorded import recorded_data
from tests.servers import Answer, JudgeServer, prompt_text
from tests.servers.answers import Answerer, Body

SHOWN = re.compile(
    r"--- the user says \w+ ---\n(.*)\n(?:\n)*--- answer 1 \w+ ---\n(.*)\n--- answer 2 \w+ ---\n(.*)\n--- end \w+ ---",
    re.DOTALL,
)


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")


def shown(body: Body) -> tuple[str, str, str]:
    """Return the instruction and both outputs as a prompt shows them."""
    found = SHOWN.search(prompt_text(body))
    assert found is not None
    return found[1].strip(), found[2], found[3]


def vicuna(name: str) -> Path:
    return recorded_data() / "vicuna_bench" / f"{name}.jsonl.gz"


def recorded(bias: float) -> tuple[Answerer, dict[str, tuple[float, float]]]:
    """Return a judge that says what GPT-4 said of gpt35 and vicuna-13b, and `bias` more of vicuna where it is first.

    In the order that was recorded, its reply is the recorded one, word for word.
    """
    folder = "review/vicuna-13b_20230322-clean-lang/review_gpt35_vicuna-13b"
    said = {row.fields["question_id"]: row.fields for row in read_rows(vicuna(folder), "reviews")}
    of_reference = {
        row.fields["question_id"]: row.fields["text"]
        for row in read_rows(vicuna("answer/answer_gpt35"), "answers")
    }
    texts = {
        row.fields["text"]: row.fields["question_id"] for row in read_rows(vicuna("question"), "questions")
    }

    def answer(body: Body) -> Answer:
        question, first, _ = shown(body)
        review = said[texts[question]]
        if first == of_reference[texts[question]]:
            return Answer(str(review["text"]))
        theirs, ours = review["score"]
        return Answer(f"{min(10, ours + bias):g} {theirs:g}\nBoth were read.")

    return answer, {text: tuple(said[key]["score"]) for text, key in texts.items()}


def ask(server: JudgeServer, **parameters: Any) -> Any:
    defaults: dict[str, Any] = {
        "model_outputs": vicuna("answer/answer_vicuna-13b"),
        "reference_outputs": vicuna("answer/answer_gpt35"),
        "questions": vicuna("question"),
        "judge_base_url": server.base_url,
        "retry_delay": 0,
    }
    return percent_of(**{**defaults, **parameters})


def test_vicunas_announcement_is_asked_for_end_to_end(tmp_path: Path) -> None:
    answer, scores = recorded(bias=1)
    cache = tmp_path / "cache.sqlite"
    with JudgeServer(answer) as server:
        plan = ask(server, dry_run=True, caching_path=cache)
        assert (plan.n_pairs, plan.n_new, server.n_requests) == (80, 160, 0)
        budget = ask(server, caching_path=cache, max_cost=plan.cost / 2)
        assert budget.exit_code == 4
        assert 20 < (paid := server.n_requests) < 160
        both = ask(server, caching_path=cache, by="category", output_path=tmp_path / "out")
        assert server.n_requests == 160, f"the {paid} that were paid for are not asked again"
        one = ask(server, caching_path=cache, compatible=True)
        assert server.n_requests == 160
    counted = budget.ask.input_tokens + both.ask.input_tokens
    assert plan.input_tokens == pytest.approx(counted, rel=0.2)

    row = one.board.rows["vicuna-13b"]
    assert (row["sum_model"], row["sum_reference"], row["n_total"], one.exit_code) == (638, 693, 80, 0)
    turned = {text: (theirs, min(10, ours + 1)) for text, (theirs, ours) in scores.items()}
    sums = [sum(pair[side] for of in (scores, turned) for pair in of.values()) for side in (1, 0)]
    row = both.board.rows["vicuna-13b"]
    assert (row["sum_model"], row["sum_reference"], row["n_total"]) == (*sums, 160)
    assert row["percent"] == pytest.approx(100 * sums[0] / sums[1])
    assert sum(part["n_total"] for part in both.groups["category"].rows.values()) == 160
    changed = [
        (theirs - ours) * (turned[text][0] - turned[text][1]) < 0 for text, (theirs, ours) in scores.items()
    ]
    assert f"of {100 * sum(changed) / 80:.1f}% of the pairs the better score changed" in " ".join(both.notes)

    rows = list(read_annotations(read_rows(tmp_path / "out" / "annotations.json", "run")))
    judgments = rows[0].judgments
    assert [(one.output, one.is_switched) for one in judgments] == [
        (1, False),
        (2, False),
        (1, True),
        (2, True),
    ]
    theirs, ours = scores[rows[0].case.question]
    assert [one.value for one in judgments] == [theirs, ours, theirs, min(10, ours + 1)]


def rows_of(name: str, n: int, **more: Any) -> list[dict[str, Any]]:
    return [{"instruction": f"q{i}", "output": f"{name} {i}", "generator": name, **more} for i in range(n)]


def test_one_order_alone_counts_for_nothing_and_identical_outputs_count(
    tmp_path: Path, command: CommandLine
) -> None:
    def answer(body: Body) -> Answer:
        question, first, second = shown(body)
        if question == "q1" and first.startswith("theirs"):
            return Answer("I cannot decide.")
        if question == "q2":
            return Answer("11 5")
        return Answer("8, 4" if first != second else "9 9")

    theirs = rows_of("theirs", 5, Skill="Math")
    ours = [*rows_of("ours", 4), {**theirs[4], "generator": "ours"}]
    files = [
        "--model_outputs",
        command.write("m.json", ours),
        "--reference_outputs",
        command.write("r.json", theirs),
    ]
    with JudgeServer(answer) as server:
        flags = [*files, "--judge_base_url", server.base_url, "--caching_path", "c.sqlite", "--by", "Skill"]
        found = command("percent_of", *flags, "--leaderboard_path", "b.csv", "--output_format", "table")
        again = command("percent_of", *flags, "--leaderboard_path", "b.csv", "--output_format", "table")
        assert server.n_requests == 9, "identical outputs are one request in both orders"
    assert found.code == again.code == 3
    assert "missing: 2 unparsed" in found.out
    assert "9 cached" in again.out
    board = (command.folder / "b.csv").read_text().splitlines()
    sums = 2 * (4 + 8) + 2 * 9
    assert {line.split(",")[0]: line.split(",")[4:8] for line in board[1:]} == {
        name: [f"{sums}.0", f"{sums}.0", "6", "4"] for name in ("ours", "Skill: Math")
    }


def test_what_cannot_be_asked_is_refused_before_anything_is(tmp_path: Path) -> None:
    files: dict[str, Any] = {"model_outputs": rows_of("ours", 3), "reference_outputs": rows_of("theirs", 3)}
    with JudgeServer() as server:
        at: dict[str, Any] = {"judge_base_url": server.base_url, "caching_path": None}
        for parameters, told in (
            ({"annotators_config": "gpt6_ranking"}, "not how good each is"),
            ({"reviews": "review_a_b.jsonl"}, "Give one of the two"),
            ({"reference": "a"}, "Give one of the two"),
            ({"by": "Skill"}, "no column 'Skill'"),
            ({"by": "Skill", "questions": [{"Instruction": "q0", "Skill": "Math"}]}, "no question 'q1'"),
            ({"reference_outputs": None}, "--reference_outputs is missing"),
            ({"model_outputs": [{"question_id": 1, "text": "a"}]}, "whose words are not known"),
        ):
            with pytest.raises(UsageError, match=told):
                percent_of(**{**files, **at, **parameters})
        assert server.n_requests == 0
        with pytest.raises(NothingJudgedError, match="3 unparsed"):
            percent_of(**files, **at)


def test_wizardlms_test_set_is_read_as_it_is(command: CommandLine) -> None:
    path = recorded_data() / "wizardlm" / "WizardLM_testset.jsonl.gz"
    found = command(
        "evaluate_from_model",
        "gpt-6-luna",
        "--evaluation_dataset",
        path,
        "--annotators_config",
        "critique",
        "--dry_run",
    )
    assert (found.code, "218" in found.out) == (0, True)


def test_a_judge_of_single_outputs_scores_each_by_itself() -> None:
    def answer(body: Body) -> Answer:
        return Answer("Feedback: so. [RESULT] " + ("4" if "ours" in prompt_text(body) else "5"))

    with JudgeServer(answer) as server:
        result: Any = percent_of(
            model_outputs=rows_of("ours", 4),
            reference_outputs=rows_of("theirs", 4),
            annotators_config="rubric",
            judge_base_url=server.base_url,
            caching_path=None,
        )
        assert server.n_requests == 8
    assert result.board.rows["ours"]["percent"] == pytest.approx(80)
    assert result.board.rows["ours"]["n_total"] == 4


REPLIES: list[tuple[str, tuple[float, float] | None]] = [
    ("8 9", (8, 9)),
    ("9, 8.5\nBoth are good.", (9, 8.5)),
    ("**8/10 9/10**\nwhy", (8, 9)),
    ("Assistant 1: 8, Assistant 2: 9\n", (8, 9)),
    ("First I solve it:\n2 + 2 = 4\n\nScores:\nAssistant 1: 10\nAssistant 2: 4 (a slip)\n", (10, 4)),
    ("Let me think.\n\nOutput: (1, 10)", (1, 10)),
    ("7 9\nBoth are fine.\n7 9", (7, 9)),
    ("7 9\nBoth are fine.\n8 9", None),
    ("7 9\n\nAssistant 1: 6\nAssistant 2: 9", None),
    ("8,9", None),
    ("8 9 10", None),
    ("8-9 7", None),
    ("8/20 9/20", None),
    ("8 9/10", None),
    ("Assistant 1: 8/10\nAssistant 2: 9/10", (8, 9)),
    ("Assistant 1: 8/20\nAssistant 2: 9/20", None),
    ("Assistant 1: 8/10\nAssistant 2: 9", None),
    ("Assistant 1: 8\nAssistant 1: 7\nAssistant 2: 9", None),
    ("I would say 8 or 9", None),
    ("", None),
]


@pytest.mark.parametrize(("reply", "scores"), REPLIES)
def test_a_review_is_read_or_none(reply: str, scores: tuple[float, float] | None) -> None:
    found = [
        one.value for one in ReviewParser(kind="review").read(Completion(reply)) if isinstance(one, Verdict)
    ]
    assert tuple(found) == (scores or ())


def test_what_is_no_score_is_the_explanation() -> None:
    found = ReviewParser(kind="review").read(Completion("Both try.\n8 9\nThe second is right."))
    assert [one.explanation for one in found if isinstance(one, Verdict)] == [
        "Both try.\nThe second is right."
    ] * 2


def test_a_review_that_was_cut_off_counts_where_its_first_line_was_whole() -> None:
    def read(text: str) -> list[Any]:
        return list(ReviewParser(kind="review").read(Completion(text, "length")))

    assert [one.value for one in read("8 9\nBoth")] == [8, 9]
    for torn in ("8 9", "8", "Let me solve it.\n8 9"):
        assert not any(isinstance(one, Verdict) for one in read(torn))


def test_recorded_reviews_are_read_as_they_were() -> None:
    """All of GPT-4's 720 but three in prose, and two of which somebody wrote down another number than they say."""
    differ = missing = 0
    for file in sorted((recorded_data() / "vicuna_bench" / "review").glob("*/*.gz")):
        for row in read_rows(file, "reviews"):
            found = ReviewParser(kind="review").read(Completion(row.fields["text"]))
            values = [one.value for one in found if isinstance(one, Verdict)]
            missing += not values
            differ += bool(values) and values != row.fields["score"]
    assert (differ, missing) == (2, 3)


def test_a_judge_of_both_is_a_judge_of_pairs(tmp_path: Path) -> None:
    """The better mean score wins; every setting that decides a verdict is in its fingerprint."""
    import autoeval

    def answer(body: Body) -> Answer:
        _, first, second = shown(body)
        worth = [6 + (text.startswith("ours") and not text.endswith("0")) for text in (first, second)]
        return Answer(f"{worth[0] + 1} {worth[1]}")

    with JudgeServer(answer) as server:
        result = autoeval.evaluate(
            rows_of("ours", 4),
            rows_of("theirs", 4),
            "percent_of_review",
            judge_base_url=server.base_url,
            output_path=tmp_path / "out",
            caching_path=None,
            precomputed_leaderboard=None,
        )
    assert [row["preference"] for row in result.records()] == [1.5, 2, 2, 2]
    assert result.records()[1]["parts"] == {"output_1": 6.5, "output_2": 7.5}
    assert result.tally.flip_rate == 25
    told = json.loads((result.folder / "run.json").read_text())["annotator"]["judges"][0]
    assert (told["scale"], told["order"], told["compare"]) == ([1, 10], "both", "0")
    read = list(read_annotations(read_rows(result.folder / "annotations.json", "run")))
    (on_page,) = entries(read[1:2], None, lambda _: (), lambda _: None)
    assert [
        one["by"].removeprefix("percent_of_review on the output of ") for one in on_page["judgments"]
    ] == [
        "the reference, shown first: 7",
        "the model, shown second: 7",
        "the reference, shown second: 6",
        "the model, shown first: 8",
    ]
    names = {
        load_annotator("percent_of_review", JudgeOverrides(order=order, compare=compare)).fingerprint
        for order in ("both", "fixed", "random")
        for compare in (0, 1)
    }
    assert len(names) == 6
