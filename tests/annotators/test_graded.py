"""Grades in a reply, a probability or a level: read as they are said, and only where they can be read in one way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from autoeval.annotators.parsers import AnyParser, Parser
from autoeval.types import Completion
from tests.annotators.parsing import made, parser, reading

LEVELS = ("a >> b", "a > b", "a = b", "b > a", "b >> a")


def levels(**fields: object) -> Parser:
    made: Parser = TypeAdapter(AnyParser).validate_python({"kind": "levels", "levels": LEVELS, **fields})
    return made


PROBABILITY = parser("probability")
IN_JSON = parser("probability", field="probability", explanation="explanation")


@pytest.mark.parametrize(
    ("reply", "preference"),
    [
        ("73", 1.27),
        ("73%", 1.27),
        ("73 %", 1.27),
        ("**73%**", 1.27),
        ("73.", 1.27),
        ("73/100", 1.27),
        ("73 percent", 1.27),
        ("72.5%", 1.275),
        ("72,5", 1.275),
        ("0", 2.0),
        ("100", 1.0),
        ("1%", 1.99),
        ("0.7%", 1.993),
        ("50", 1.5),
        ("Probability that a is better: 73%", 1.27),
        ("a: 73%", 1.27),
        ("b: 27%", 1.27),
        ("a: 73%\nb: 27%", 1.27),
        ("<think>perhaps 20</think>73", 1.27),
        ("The first carries it out, the second does half.\n\n73%", 1.27),
    ],
)
def test_a_probability_is_read(reply: str, preference: float) -> None:
    assert reading(PROBABILITY, reply) == pytest.approx(preference)


@pytest.mark.parametrize(
    "reply",
    [
        "0.73",  # of 1 or of 100?
        "1",
        "1.0",
        "101",
        "730",
        "-73",
        "70-80%",
        "70 or 80",
        "1,000",
        "73%\n37%",
        "Probability that b is better: 27%",
        "Probability that a is not better: 27%",
        "How much worse a is: 27%",
        "a: 73%\nb: 73%",
        "NaN",
        "a",
        "",
        "seventy-three",
    ],
)
def test_what_can_be_read_in_two_ways_or_in_none_is_no_verdict(reply: str) -> None:
    assert isinstance(reading(PROBABILITY, reply), str)


@pytest.mark.parametrize("reply", ["7", "73", "73%"])
def test_a_probability_that_was_cut_off_is_no_verdict(reply: str) -> None:
    assert "token limit" in str(reading(PROBABILITY, Completion(reply, "length")))


def test_the_probability_can_be_the_second_outputs() -> None:
    assert reading(parser("probability", of="second"), "73%") == pytest.approx(1.73)
    assert isinstance(reading(parser("probability", of="second"), "Probability that a is better: 73%"), str)


@pytest.mark.parametrize(
    ("reply", "preference"),
    [
        ('{"explanation": "It is right.", "probability": 90}', 1.1),
        ('```json\n{"probability": "90%"}\n```', 1.1),
        ('{"probability": true}', "no grade"),
        ('{"probability": 0.9}', "no grade"),
        ('{"probability": NaN}', "no field"),
        ('{"probability": null}', "no grade"),
        ('{"probability": 90} {"probability": 10}', "contradict"),
        ('{"chance": 90}', "no field"),
    ],
)
def test_a_probability_in_a_field(reply: str, preference: float | str) -> None:
    found = reading(IN_JSON, reply)
    if isinstance(preference, str):
        assert preference in str(found)
    else:
        assert found == pytest.approx(preference)


def test_the_explanation_beside_a_grade_is_kept() -> None:
    (found,) = IN_JSON.read(Completion('{"explanation": "It is right.", "probability": 90}', "stop"))
    assert getattr(found, "explanation", None) == "It is right."


@pytest.mark.parametrize(("level", "preference"), list(zip(LEVELS, (1, 1.25, 1.5, 1.75, 2), strict=True)))
@pytest.mark.parametrize(
    "around", ["{}", "`{}`", "Verdict: {}", "They differ.\n**{}**", "<think>a >> b</think>\n{}"]
)
def test_a_level_is_read(level: str, preference: float, around: str) -> None:
    assert reading(levels(), around.format(level)) == preference
    assert reading(levels(), around.format(level.replace(" ", "").upper())) == preference


@pytest.mark.parametrize(
    "reply", ["a >", "a > b > a", "a > b\nb > a", "a >>> b", "better", "", "It is not so: a > b"]
)
def test_what_is_no_level_is_no_verdict(reply: str) -> None:
    assert isinstance(reading(levels(), reply), str)


def test_a_level_that_was_cut_off_is_no_verdict() -> None:
    assert "token limit" in str(reading(levels(), Completion("a > b", "length")))


def test_a_level_in_a_field() -> None:
    assert reading(levels(field="verdict"), '{"verdict": "b > a"}') == 1.75


@pytest.mark.parametrize("wrong", [("a", "b"), ("a", "A", "b"), ("a", "", "b")])
def test_levels_are_several_and_distinct(wrong: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError, match="at least three different"):
        levels(levels=wrong)


@given(
    st.text(max_size=80)
    | st.lists(
        st.sampled_from(
            ["73", "%", "a", "b", ":", "not", "1", "0.5", "\n", "**", ">", ">>", "=", "{", "}", ",", "."]
        )
    ).map(" ".join)
)
def test_a_grade_lies_in_range_whatever_is_said(reply: str) -> None:
    for judge in (PROBABILITY, IN_JSON, levels()):
        found = reading(judge, reply)
        assert isinstance(found, str) or 1 <= found <= 2


@given(
    st.integers(2, 100),
    st.sampled_from(["{}", "{}%", "a: {}", "I weighed both.\n{}%", '"{}"']),
    st.text("xyz .\n", max_size=40),
)
def test_a_known_probability_is_read_or_none_at_all(percent: int, form: str, noise: str) -> None:
    found = reading(PROBABILITY, noise + "\n" + form.format(percent))
    assert isinstance(found, str) or found == pytest.approx(2 - percent / 100)


def test_what_is_no_single_number_is_no_grade_and_odd_configs_are_refused() -> None:
    for value in ("[73]", "true", "null", '{"is": 73}'):
        assert "which is no grade" in str(reading(IN_JSON, f'{{"probability": {value}}}')), value
    assert reading(levels(levels=("a > b", "a = b", "b > a")), "b > a") == 2.0
    with pytest.raises(ValidationError, match="at least three"):
        levels(levels=("a > b", "b > a"))
    with pytest.raises(ValidationError, match="give 'field' too"):
        parser("probability", explanation="why")


def test_two_grades_in_one_line_are_none() -> None:
    probability = parser("probability")
    for said in (
        '{"probability": 70, "probability": 30}',
        "a: 70%, a: 30%",
        "a: 70%; b: 70%",
        "a: 60% | a: 70%",
    ):
        assert isinstance(reading(probability, said), str), said
    assert reading(probability, "a: 72,5%") == 1.275
    levels = made("levels", levels=["a > b", "a = b", "b > a"])
    for said in (
        '{"level": "a > b", "level": "b > a"}',
        "Level: a > b, level: b > a",
        "Verdict: a = b; level: a > b",
    ):
        assert isinstance(reading(levels, said), str), said
    assert reading(levels, "Level: a > b, level: a > b") == 1.0
