"""What a config says of a parser: where the explanation stands, which verdict counts, and what makes no sense."""

from typing import Any

import pytest
from pydantic import ValidationError

from autoeval.types import Completion, Verdict
from tests.annotators.parsing import parser, reading

CONTRADICTION = "contradict each other"
CHOICE = parser("choice")
JSON = parser("json", field="better", explanation="why")
TOOL = parser("tool", field="better", explanation="why")
REGEX = parser("regex", first=r"\[\[A\]\]", second=r"\[\[B\]\]", tie=r"\[\[C\]\]")


def test_an_explanation_comes_with_the_verdict() -> None:
    assert JSON.read(Completion('{"why": "shorter", "better": "b"}')) == [Verdict(2.0, "shorter")]
    assert TOOL.read(Completion("", tool_arguments='{"better": "a"}')) == [Verdict(1.0, None)]
    assert CHOICE.read(Completion("**b**, it is short")) == [Verdict(2.0, "**b**, it is short")]
    assert CHOICE.read(Completion("**b**")) == [Verdict(2.0, None)]


@pytest.mark.parametrize(
    ("kind", "fields", "reason"),
    [
        ("ranking", {"second": "a"}, "different words"),
        ("ranking", {"second": " A. "}, "case does not count"),
        ("choice", {"first": "**"}, "different words"),
        ("choice", {"tie": "b"}, "different words"),
        ("choice", {"frist": "a"}, "frist"),
        ("json", {}, "field"),
        ("regex", {"first": "("}, "not a regular expression"),
        ("regex", {"first": ""}, "matches every reply"),
        ("regex", {"tie": "x*"}, "matches every reply"),
        ("scores", {"pattern": "(a)"}, "exactly two groups, it has 1"),
        ("scores", {"pattern": "(a"}, "not a regular expression"),
        ("logprobs", {"token": -1}, "greater than or equal to 0"),
        ("logprobs", {"least_mass": 0}, "greater than 0"),
        ("rankings", {}, "'ranking'"),
    ],
)
def test_a_parser_that_makes_no_sense_is_refused(kind: str, fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        parser(kind, **fields)


def test_what_a_config_does_not_say_is_not_part_of_the_fingerprint() -> None:
    """Rows of before name their judge by a hash of this."""
    assert CHOICE.model_dump() == {"first": "a", "second": "b", "tie": None, "exact": False, "kind": "choice"}
    assert "take" not in REGEX.model_dump()
    assert parser("choice", take="last").model_dump()["take"] == "last"


LAST = "Perhaps [[B]], since it is longer. But it is wrong: [[A]]"


def test_the_last_verdict_counts_where_the_config_says_so() -> None:
    marks: dict[str, Any] = {"first": r"\[\[A\]\]", "second": r"\[\[B\]\]"}
    assert CONTRADICTION in str(reading(parser("regex", **marks), LAST))
    assert reading(parser("regex", take="last", **marks), LAST) == 1.0
    assert reading(parser("regex", take="last", **marks), "[[B]][[A]]") == 1.0
    overlapping = parser("regex", take="last", first="A", second=r"A\]")
    assert CONTRADICTION in str(reading(overlapping, LAST))
    assert reading(parser("regex", take="last", **marks), "C") == "no pattern matches the reply"
    assert "token limit" in str(reading(parser("regex", take="last", **marks), LAST, "length"))
    assert CONTRADICTION in str(reading(CHOICE, "Perhaps **b**, or rather **a**"))
    assert reading(parser("choice", take="last"), "Perhaps **b**. But **a** it is") == 1.0
    assert reading(parser("choice", take="last"), "**a**? **b**? Perhaps **b**. But **a** it is") == 1.0
    assert "perhaps not" in str(reading(parser("choice", take="last"), "**b**, and not **a**"))
