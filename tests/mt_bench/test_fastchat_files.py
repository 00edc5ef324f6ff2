"""FastChat's files: read and written unchanged, prompts filled in to the letter, wrong files named."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from autoeval.data.fastchat import (
    Answer,
    Games,
    GradedTurn,
    as_lines,
    grade_row,
    read_answers,
    read_games,
    read_grades,
    read_questions,
)
from autoeval.data.mt_bench import WITH_REFERENCE, category_of
from autoeval.errors import UsageError
from autoeval.prompting.fastchat import JudgePrompts, comparing_fields, grading_fields
from tests.recorded import recorded_data

JUDGED_TWICE = "mistral-orpo"
"""A model that was judged twice, with one set of its answers kept."""


def folder() -> Path:
    return recorded_data() / "mt_bench"


def lines(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file.read().split("\n") if line.strip()]


def test_every_recorded_grading_prompt_is_built_to_the_letter() -> None:
    prompts = JudgePrompts.read(folder() / "judge_prompts.jsonl.gz")
    questions = {
        question.question_id: question for question in read_questions(folder() / "question.jsonl.gz")
    }
    equal = different = 0
    for run in sorted((folder() / "runs").iterdir()):
        answers = read_answers(str(run / "model_answer" / "*.jsonl.gz"))
        references = read_answers(run / "reference_answer" / "gpt-4.jsonl.gz")["gpt-4"]
        for grade in read_grades(str(run / "model_judgment" / "*_single.jsonl.gz")):
            question = questions[grade.question_id]
            turns = question.turns[: grade.turn]
            said = answers[grade.model][grade.question_id].turns[: grade.turn]
            needs_reference = question.category in WITH_REFERENCE
            reference = references[grade.question_id].turns[: grade.turn] if needs_reference else ()
            prompt = prompts.grading(grade.turn, needs_reference)
            _, message = prompt.messages(grading_fields(turns, said, reference))
            if (prompt.name, message.content) == (grade.prompt, grade.user_prompt):
                equal += 1
            else:
                assert grade.model == JUDGED_TWICE
                different += 1
    assert (equal, different) == (1920, 160)


def test_every_recorded_comparing_prompt_is_built_to_the_letter() -> None:
    prompts = JudgePrompts.read(folder() / "judge_prompts.jsonl.gz")
    questions = {
        question.question_id: question for question in read_questions(folder() / "question.jsonl.gz")
    }
    run = folder() / "runs" / "Stefanstud_FastChat"
    answers = read_answers(str(run / "model_answer" / "*.jsonl.gz"))
    references = read_answers(run / "reference_answer" / "gpt-4.jsonl.gz")["gpt-4"]
    n = 0
    for games in read_games(run / "model_judgment" / "gpt-4_pair.jsonl.gz"):
        question = questions[games.question_id]
        needs_reference = question.category in WITH_REFERENCE
        reference = references[games.question_id].turns[: games.turn] if needs_reference else ()
        prompt = prompts.comparing(games.turn, needs_reference)
        sides = [
            answers[name][games.question_id].turns[: games.turn] for name in (games.model_1, games.model_2)
        ]
        for (first, second), sent in zip((sides, sides[::-1]), games.user_prompts, strict=True):
            fields = comparing_fields(question.turns[: games.turn], first, second, reference)
            assert prompt.messages(fields)[1].content == sent
            n += 1
    assert n == 150


def test_questions_know_their_category_also_without_the_file() -> None:
    questions = read_questions(folder() / "question.jsonl.gz")
    assert len(questions) == 80
    assert {question.question_id: question.category for question in questions} == {
        question.question_id: category_of(question.question_id) for question in questions
    }
    assert [category_of(name) for name in ("80", "161", "x")] == [None, None, None]


def test_a_file_names_its_model() -> None:
    answers = read_answers(str(folder() / "runs" / "sarahlmk_FastChat" / "model_answer" / "*.jsonl.gz"))
    assert set(answers) == {"functionary", "functionary_old"}  # whose rows all say `functionary`


def test_rows_are_written_as_they_were_read() -> None:
    run = folder() / "runs" / "Stefanstud_FastChat"
    path = run / "model_judgment" / "gpt-4_single.jsonl.gz"
    for row, grade in zip(lines(path), read_grades(path), strict=True):
        assert grade_row(grade, row["tstamp"]) == row


def test_lines_of_text_with_odd_separators_come_back(tmp_path: Path) -> None:
    answer = Answer("81", "m", ("a\u2028b\x85c", "d\ne"))
    row = {"question_id": 81, "model_id": "m", "choices": [{"index": 0, "turns": list(answer.turns)}]}
    path = tmp_path / "m.jsonl"
    path.write_text("".join(as_lines([row])), encoding="utf-8")
    assert read_answers(path) == {"m": {"81": answer}}
    path.write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8")
    assert read_answers(path) == {"m": {"81": answer}}


GRADE = {
    "question_id": 81,
    "model": "m",
    "judge": ["gpt-4", "single-v1"],
    "user_prompt": "p",
    "judgment": "Rating: [[7]]",
    "score": 7,
    "turn": 1,
}
GAMES = {
    **{key: GRADE[key] for key in ("question_id", "judge", "turn")},
    "model_1": "a",
    "model_2": "b",
    "g1_winner": "tie",
    "g2_winner": "error",
    "g1_user_prompt": "",
    "g1_judgment": "",
    "g2_user_prompt": "",
    "g2_judgment": "",
}
ANSWER = {"question_id": 81, "model_id": "m", "choices": [{"index": 0, "turns": ["a", "b"]}]}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("question_id", None),
        ("question_id", True),
        ("question_id", [81]),
        ("model", 3),
        ("judge", "gpt-4"),
        ("judge", ["gpt-4"]),
        ("judge", ["gpt-4", 1]),
        ("user_prompt", None),
        ("judgment", {}),
        ("score", "7"),
        ("score", True),
        ("score", float("nan")),
        ("score", float("inf")),
        ("score", 10**400),
        ("turn", 0),
        ("turn", "1"),
        ("turn", True),
    ],
)
def test_a_wrong_grade_is_refused_by_row_and_field(field: str, value: Any) -> None:
    with pytest.raises(UsageError, match=rf"row 2.*{field}"):
        list(read_grades([GRADE, {**GRADE, field: value}]))


@pytest.mark.parametrize(
    ("field", "value"), [("g1_winner", "A"), ("g2_winner", None), ("model_1", 1), ("g1_judgment", 1)]
)
def test_wrong_games_are_refused_by_row_and_field(field: str, value: Any) -> None:
    with pytest.raises(UsageError, match=rf"row 1.*{field}"):
        list(read_games([{**GAMES, field: value}]))


@pytest.mark.parametrize(
    "choices", [None, [], {}, [{}], [{"turns": []}], [{"turns": "a"}], [{"turns": ["a", None]}], ["a"]]
)
def test_wrong_answers_are_refused(choices: Any) -> None:
    with pytest.raises(UsageError, match=r"row 1.*turns"):
        read_answers([{**ANSWER, "choices": choices}])


def test_an_answer_or_a_question_that_stands_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="row 2: m answers the question 81 twice"):
        read_answers([ANSWER, ANSWER])
    question = {"question_id": 1, "category": "math", "turns": ["a"]}
    with pytest.raises(UsageError, match="row 2: the question 1 stands twice"):
        read_questions([question, question])


def test_a_prompt_file_that_is_none_or_lacks_a_prompt_is_refused() -> None:
    with pytest.raises(UsageError, match="row 1 has no text in 'system_prompt'"):
        JudgePrompts.read([{"name": "single-v1", "type": "single"}])
    odd = {"name": "single-v1", "type": "single", "system_prompt": "s", "prompt_template": "{{x}} {answr}"}
    prompts = JudgePrompts.read([odd])
    with pytest.raises(UsageError, match="no prompt 'single-v1-multi-turn'"):
        prompts.grading(2, has_reference=False)
    with pytest.raises(UsageError, match=r"uses \{answr\}.*'answer'"):
        prompts.grading(1, has_reference=False).messages(grading_fields(["q"], ["a"], ()))


def test_a_prompt_is_filled_once_so_that_texts_cannot_fill_it() -> None:
    template = {
        "name": "single-v1",
        "type": "single",
        "system_prompt": "",
        "prompt_template": "{{{question}}} {answer}",
    }
    prompt = JudgePrompts.read([template]).grading(1, has_reference=False)
    assert (
        prompt.messages(grading_fields(["{answer}"], ["{question}"], ()))[1].content
        == "{{answer}} {question}"
    )


def test_types_hold_what_the_files_say() -> None:
    (grade,) = read_grades([GRADE])
    assert isinstance(grade, GradedTurn)
    assert (grade.judge, grade.prompt, grade.score) == ("gpt-4", "single-v1", 7.0)
    (games,) = read_games([GAMES])
    assert isinstance(games, Games)
    assert games.winners == ("tie", "error")
