"""Verdicts in fields: of JSON objects, and of the arguments of tool calls."""

import json
from typing import Any

import pytest

from autoeval.annotators.parsers import Parser
from autoeval.types import Completion, Unparsed
from tests.annotators.parsing import parser, reading

CONTRADICTION = "contradict each other"
JSON = parser("json", field="better", explanation="why")
TOOL = parser("tool", field="better", explanation="why")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ('{"better": "b", "why": "shorter"}', 2.0),
        ("{'better': 'b'}", 2.0),
        ('{"better": "b"', "not JSON"),
        ("", "not JSON"),
        ('"b"', "not JSON"),
        ('{"best": "b"}', "no field 'better'"),
        ("[" * 100_000, "not JSON"),
        ('{"better": "a"}\n{"better": "b"}', CONTRADICTION),  # two calls
        ('{"better": "b"}\n{"better": "b"}', 2.0),
        ('"{\\"better\\": \\"b\\"}"', 2.0),  # JSON within JSON
        ('{"x": {"y": {"z": {"better": "b"}}}}', 2.0),
        ('{"w": {"x": {"y": {"z": {"better": "b"}}}}}', "no field 'better'"),
    ],
)
def test_a_tool_call(arguments: str, expected: float | str) -> None:
    found = reading(TOOL, Completion("I call it with a.", tool_arguments=arguments))
    assert found == expected if isinstance(expected, float) else expected in str(found)


def test_a_tool_call_that_the_limit_may_have_cut_counts_if_it_is_whole() -> None:
    whole, torn = '{"better": "b"}', '{"better": "b", "why": "sh'
    assert reading(TOOL, Completion("", "length", tool_arguments=whole)) == 2.0
    assert "token limit" in str(reading(TOOL, Completion("", "length", tool_arguments=torn)))


@pytest.mark.parametrize("judge", [JSON, TOOL])
def test_an_empty_reply_says_whether_it_was_cut_off(judge: Parser) -> None:
    assert reading(judge, Completion("", "stop")) == "the reply is empty"
    assert "token limit" in str(reading(judge, Completion("", "length")))


def test_a_long_wrong_value_is_shown_in_part() -> None:
    (found,) = JSON.read(Completion('{"better": "%s"}' % ("x" * 10_000)))
    assert isinstance(found, Unparsed)
    assert len(found.reason) < 200


@pytest.mark.parametrize("wrap", [lambda value: {"result": value}, lambda value: [value]])
def test_a_field_is_found_within_three_objects_or_lists_and_no_deeper(wrap: Any) -> None:
    value: Any = {"better": "a"}
    for _ in range(3):
        value = wrap(value)
        assert reading(JSON, json.dumps(value)) == 1.0
    assert "no field 'better'" in str(reading(JSON, json.dumps(wrap(value))))


@pytest.mark.parametrize(
    "reply",
    [
        'Not {"better": "a"}.',
        'I would never say {"better": "a"}.',
        '{"better": "a"}? No.',
        'Not {"better": "a"} but {"better": "b"}',
        '{"better": "b"}. Is it {"better": "a"}?',
        'better: a. {"better": "b"}',
    ],
)
@pytest.mark.parametrize("judge", [JSON, TOOL])
def test_a_field_that_is_denied_or_asked_is_no_verdict_and_not_ignored(judge: Parser, reply: str) -> None:
    assert isinstance(reading(judge, reply), str)
