"""A reply whose fields say two things holds no verdict, however they call them."""

import json
from typing import Any

import pytest

from tests.annotators.parsing import made, parser, reading

JSON = parser("json", field="better", tie="tie")
RANKS = [{"model": "a", "rank": 1}, {"model": "b", "rank": 2}]


@pytest.mark.parametrize(
    "fields",
    [
        {"better": "a", "worse": "a"},
        {"better": "b", "Worse": "b"},
        {"better": "a", "loser": "a"},
        {"better": "a", "rejected": "a", "chosen": "b"},
        {"better": "a", "runner_up": "a"},
        {"better": "a", "preferred": "b"},
        {"better": "tie", "winner": "a"},
        {"better": "a", "winner": {"model": "b"}},
        {"better": "a", "winners": ["b"], "winner": ["b"]},
        {"better": "a", "final_verdict": "b"},
        {"better": "a", "result": "b > a"},
        {"result": {"better": "a"}, "worse": "a"},
        [{"better": "a"}, {"worse": "a"}],
        {"better": "a", "ranking": ["b", "a"]},
        {"better": "a", "ranking": "b > a"},
        {"better": "b", "ranking": RANKS},
        {"better": "a", "rank_a": 2, "rank_b": 1},
        {"better": "tie", "ranks": {"a": 1, "b": 2}},
        {"better": "a", "score_a": 3, "score_b": 8},
        {"better": "a", "scoreA": "3", "scoreB": "8"},
        {"better": "a", "scores": {"a": 3, "b": 8}},
        {"better": "a", "a": {"score": 3}, "b": {"score": 8}},
        {"better": "a", "output_a_rating": 1, "output_b_rating": 5},
        {"better": "a", "probabilities": {"a": 0.2, "b": 0.8}},
        {"better": "a", "a_is_better": False},
        {"better": "a", "b_wins": "yes"},
        {"better": "a", "tie": True},
        {"better": "tie", "is_tie": False},
        {"better": "a", "not_preferred": "a"},
        {"better": "a", "lessPreferred": "a"},
        {"better": "a", "second_place": "a"},
        {"better": "a", "first_place": "b"},
        {"better": "a", "total": {"a": 3, "b": 8}},
        {"better": "a", "final": {"better": "b"}},
        {"better": "a", "revised_verdict": "b"},
    ],
)
def test_fields_that_contradict_each_other_are_no_verdict(fields: Any) -> None:
    assert "contradict" in str(reading(JSON, json.dumps(fields)))
    assert "contradict" in str(reading(parser("tool", field="better", tie="tie"), json.dumps(fields)))


@pytest.mark.parametrize(
    ("fields", "preference"),
    [
        ({"better": "a", "worse": "b", "winner": "a", "loser": "b", "ranking": RANKS}, 1.0),
        ({"better": "b", "ranking": ["b", "a"], "rank_a": 2, "rank_b": 1, "b_is_better": True}, 2.0),
        ({"better": "a", "score_a": 8, "score_b": 8}, 1.0),
        ({"better": "a", "not_preferred": "b", "second_choice": "b", "top": "a", "is_not_worse": "a"}, 1.0),
        ({"better": "tie", "score_a": 8, "score_b": 7}, 1.5),
        ({"better": "tie", "winner": None, "worse": "neither", "a_is_better": False, "tie": True}, 1.5),
        ({"better": "a", "length_score_a": 1, "length_score_b": 9}, 1.0),
        ({"clarity": {"winner": "b"}, "initial_verdict": "b", "longer": "b", "better": "a"}, 1.0),
        ({"why": "b is worse", "confidence": 0.3, "score": 1, "scores": [3, 8], "better": "a"}, 1.0),
    ],
)
def test_fields_that_say_the_same_or_something_else_cost_no_verdict(fields: Any, preference: float) -> None:
    assert reading(JSON, json.dumps(fields)) == preference


def test_labels_are_found_in_names_however_these_are_spelled() -> None:
    judge = parser("json", field="better", first="model_1", second="model_2")
    for one, other in (
        ("model1Score", "scoreModel2"),
        ("model-1 score", "SCORE_MODEL_2"),
        ("model_1得分", "得分model2"),
    ):
        assert "contradict" in str(reading(judge, json.dumps({"better": "model_1", one: 3, other: 8}))), one
        assert reading(judge, json.dumps({"better": "model_1", one: 8, other: 3})) == 1.0, one


def test_a_field_for_the_worse_one_is_held_against_the_others() -> None:
    judge = parser("json", field="worse", first="b", second="a")
    assert reading(judge, '{"worse": "a", "better": "b"}') == 2.0
    assert "contradict" in str(reading(judge, '{"worse": "a", "better": "a"}'))


@pytest.mark.parametrize(
    ("kind", "fields", "torn", "whole"),
    [
        ("ranking", {}, {"ranking": RANKS, "winner": "b"}, {"ranking": RANKS, "winner": "a"}),
        ("ranking", {}, '["a", "b"]\n{"winner": "b"}', '["a", "b"]\n{"loser": "b"}'),
        ("scores", {}, {"a": 3, "b": 8, "winner": "a"}, {"a": 8, "b": 3, "winner": "a"}),
        ("scores", {}, "a: 3\nb: 8\nWinner: a", "a: 8\nb: 3\nWinner: a"),
        ("probability", {}, "90%\nWinner: b", "90%\nWinner: a"),
        ("probability", {"field": "p"}, {"p": 90, "worse": "a"}, {"p": 90, "worse": "b"}),
    ],
)
def test_other_forms_of_a_verdict_are_held_against_a_winner_too(
    kind: str, fields: dict[str, str], torn: Any, whole: Any
) -> None:
    judge = parser(kind, **fields)
    said, agreed = (text if isinstance(text, str) else json.dumps(text) for text in (torn, whole))
    assert "contradict" in str(reading(judge, said))
    assert reading(judge, agreed) in (1.0, pytest.approx(1.1))


def test_one_output_has_one_grade_and_one_class() -> None:
    grade = made("grade", field="score")
    assert "contradict" in str(reading(grade, '{"score": 8, "final_score": 3}'))
    assert reading(grade, '{"score": 8, "overall_rating": 8.0, "max_score": 10, "clarity_score": 3}') == 8
    classes = made("classes", classes={"full": 1, "partial": 0.5, "none": 0})
    assert "several" in str(reading(classes, '{"label": "full", "class": "none"}'))
    assert reading(classes, '{"label": "partial", "why": "it is not full"}') == 0.5


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        ("Winner: a\nLoser: a", None),
        ("Score a: 3\nScore b: 8\nWinner: a", None),
        ("Winner: a\nLoser: b", 1),
        ("Score a: 8\nScore b: 3\nWinner: a", 1),
        ("Clarity: rather mixed\nWinner: a", 1),
    ],
)
def test_lines_beside_a_choice(reply: str, found: float | None) -> None:
    read = reading(parser("choice"), reply)
    assert (read if isinstance(read, float) else None) == found
    last = reading(parser("choice", take="last"), reply)
    assert last == 1, "of a judge whose last word counts, it does"


def test_a_line_that_gives_two_names_is_held_against_itself() -> None:
    judge = parser("choice")
    for said in (
        '{"winner": "a", "winner": "b"}',
        '{"winner": "a"} {"winner": "b"}',
        '{"winner": "a", "choice": "b"}',
        "Winner: a, winner: b",
        "Winner: a | Verdict: b",
        "Winner: a. Winner: b.",
        "胜者：a，胜者: b",
        "Verdict: a (at first: b)",
        "Winner: a, loser: a",
    ):
        assert isinstance(reading(judge, said), str), said
    for said in ('{"first_impression": "b", "final": "a"}', "Winner: a, winner: a", "Overall (of all): a"):
        assert reading(judge, said) == 1.0, said
    assert reading(parser("choice", take="last"), "Winner: a, winner: b") == 2.0
