"""Grades are read wherever judges write them, and a reply that can be read two ways holds none."""

import pytest

from autoeval.annotators.kinds import PAIRWISE, SINGLE, View
from autoeval.annotators.parsers.grade import GradeParser
from autoeval.annotators.readings import is_unread, within_scale
from autoeval.types import Case, Completion, Inapplicable, Output, Scale, Unparsed, Verdict

GRADE = GradeParser(kind="grade")
OF_FIELD = GradeParser(kind="grade", field="score", explanation="why")


def read(text: str, parser: GradeParser = GRADE, finish_reason: str = "stop") -> float | None:
    (found,) = parser.read(Completion(text, finish_reason=finish_reason))
    if isinstance(found, Unparsed):
        return None
    assert isinstance(found.value, float)
    return found.value


@pytest.mark.parametrize(
    ("text", "grade"),
    [
        ("Good work.\n\nRating: [[5]]", 5),
        ("[[7.5]]", 7.5),
        ("[[8,5]]", 8.5),
        ("[[9]] and again [[9.0]]", 9),
        ("in the form [[rating]]: [[4]]", 4),
        ("[[7/10]]", 7),
        ("Rating: [6]", 6),
        ("**Score: 7.5/10**", 7.5),
        ("Rating: **6**", 6),
        ("The score is 7 out of 10.", 7),
        ("Why not.\n8", 8),
        ("<think>[[3]]?</think>[[4]]", 4),
        ("x[0] is right. Rating: [[6]]", 6),
        ("见上。评分：8", 8),
        ("[[-1]]", -1),
        ("[[170]]", 170),
        ("[[8.]]", 8),
        ("8.", 8),
        ("Done.\n(.5)", 0.5),
    ],
)
def test_a_grade_is_read(text: str, grade: float) -> None:
    assert read(text) == grade


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Good work.",
        "[[5]], no, [[6]]",
        "[[5]], or rather [[good]]",
        "[[5-6]]",
        "[[7/100]]",
        "rating: 3 of 5",
        "Rating: 7-8",
        "Rating: 7, or rather rating: 8",
        "see [1] and [2]",
        "[[five]]",
        "[[True:]]",
        "[[1,000]]",
        "$ERROR$",
    ],
)
def test_what_could_be_another_grade_is_none(text: str) -> None:
    assert read(text) is None


def test_a_reply_that_was_cut_off_counts_only_where_it_is_nothing_but_the_grade() -> None:
    assert read("[[5]]", finish_reason="length") == 5
    assert read("Good. [[5]] but", finish_reason="length") is None
    assert read("Rating: 1", finish_reason="length") is None
    assert read('["any value"]', finish_reason="length") is None
    assert read('{"score": 5}', finish_reason="length") is None, "of a judge who gives no fields"
    assert read('{"score": 5}', OF_FIELD, finish_reason="length") == 5


def test_a_field_of_a_json_reply() -> None:
    assert read('Here: {"why": "short", "score": 7}', OF_FIELD) == 7
    assert read('{"score": "8/10"}', OF_FIELD) == 8
    assert read('{"score": 1e-5}', OF_FIELD) == 1e-5
    assert read('{"score": 7} {"score": 8}', OF_FIELD) is None
    assert read('{"score": true}', OF_FIELD) is None
    assert read("7", OF_FIELD) is None
    (found,) = OF_FIELD.read(Completion('{"why": "short", "score": 7}'))
    assert found == Verdict(7.0, "short")
    for beside in ('["x"] {"score": 7}', '{"total": 9} {"score": 7}', '{"score": 7} {"score": "7"}'):
        assert OF_FIELD.read(Completion(beside)) == [Verdict(7.0, None)]
    (found,) = OF_FIELD.read(Completion('{"score": 7} {"score": "good"}'))
    assert isinstance(found, Unparsed)
    assert found.reason == "the field 'score' holds 'good', which is no grade"


def test_a_grade_behind_a_mark_is_all_of_its_line_and_all_of_them_agree() -> None:
    behind = GradeParser(kind="grade", after="[RESULT]", out_of=5)
    for text, why in (
        ("Feedback: It is short. [RESULT] 4", "It is short."),
        ("It is short.\n[result] 4/5\nAs I said: [RESULT] 4", "It is short."),
        ("[RESULT] 4", "[RESULT] 4"),
    ):
        assert behind.read(Completion(text)) == [Verdict(4.0, why)], text
    for text, told in (
        ("It is short: 4", "the reply has no [RESULT]"),
        ("[RESULT] 4 of those", "what follows [RESULT] is not one number"),
        ("[RESULT] 4 or [RESULT] good", "what follows [RESULT] is not one number"),
        ("[RESULT] 4/10", "what follows [RESULT] is not one number"),
        ("[RESULT] 4\nNo: [RESULT] 5", "contradict"),
    ):
        (found,) = behind.read(Completion(text))
        assert isinstance(found, Unparsed), text
        assert told in found.reason


def test_why_there_is_no_grade_is_said() -> None:
    for text, told in (
        ("[[good]]", "the reply gives no grade"),
        ("[[5]], or [[good]]", "not one number"),
        ("[[5]], [[6]]", "contradict"),
    ):
        (found,) = GRADE.read(Completion(text))
        assert isinstance(found, Unparsed)
        assert told in found.reason


def test_a_grade_outside_of_the_scale_is_none() -> None:
    scale = Scale(1, 10)
    assert within_scale(Verdict(10.0), scale) == Verdict(10.0)
    for value in (0.0, 10.5, 170.0, float("nan"), float("inf")):
        assert isinstance(within_scale(Verdict(value), scale), Unparsed)
    assert within_scale(Verdict(-17.5), Scale()) == Verdict(-17.5), "a reward has no ends"


def test_what_does_not_apply_is_read() -> None:
    for reading, is_it in ((Verdict(1.0), False), (Unparsed("what?"), True), (Inapplicable("none"), False)):
        assert is_unread(reading) is is_it


def test_a_view_shows_a_turn_with_what_was_said_before() -> None:
    case = Case(0, ("One?", "Two?"), (Output(("1", "2")),), fields={"reference": ["I", "II"]})
    first, second = SINGLE.views(case, "random", 0)
    assert SINGLE.fields(case, first)["history"] == ""
    shown = SINGLE.fields(case, second)
    assert (shown["instruction"], shown["output"], shown["reference"]) == ("Two?", "2", "I\n\nII")
    assert shown["history"] == "User: One?\n\nAssistant: 1"
    assert "Two?" not in SINGLE.fields(case, first).values()


def test_two_conversations_are_shown_in_both_orders_turn_by_turn() -> None:
    case = Case(0, ("One?", "Two?"), (Output(("a1", "a2")), Output(("b1", "b2"))))
    views = PAIRWISE.views(case, "both", 0)
    assert [(view.part, view.is_switched) for view in views] == [
        ("turn_1", False),
        ("turn_1", True),
        ("turn_2", False),
        ("turn_2", True),
    ]
    shown = PAIRWISE.fields(case, View("turn_2", is_switched=True))
    assert (shown["first"], shown["second"]) == ("b2", "a2")
    assert "b1" in shown["history_first"]
    assert "a1" in shown["history_second"]
    assert PAIRWISE.turned(1.25, views[1]) == 1.75
