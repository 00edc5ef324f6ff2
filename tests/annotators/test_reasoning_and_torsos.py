"""What a judge thought, refused or could not end is no verdict: what parsers take for the reply."""

import pytest

from autoeval.annotators.parsers import Parser
from autoeval.types import Completion
from tests.annotators.parsing import parser, reading

CONTRADICTION = "contradict each other"
RANKING = parser("ranking")
NAMED_RANKING = parser("ranking", first="model_1", second="model_2")
CHOICE = parser("choice")
JSON = parser("json", field="better", explanation="why")
TOOL = parser("tool", field="better", explanation="why")
SCORES = parser("scores")
REGEX = parser("regex", first=r"\[\[A\]\]", second=r"\[\[B\]\]", tie=r"\[\[C\]\]")

THINKING = [
    ("<think>a > b? No.</think>b > a", 2.0),
    ("<think>\na > b? No.\n</think>\n\nb > a", 2.0),
    ("<Thinking>a > b</Thinking>\nb > a", 2.0),
    ("<reasoning>a > b</reasoning> b > a", 2.0),
    ("a > b? No.\n</think>\n\nb > a", 2.0),  # the server swallowed the opening tag
    ("Sure.\n<think>a > b</think>\nb > a", 2.0),
    ("<think>one</think><think>two</think>b > a", 2.0),
    ("<think>I should use <think> tags</think>b > a", 2.0),
    ("<think></think>b > a", 2.0),
    ("<think>a > b, so", "ends inside the judge's thinking"),
    ("b > a\n<think>\nOr is it", "ends inside the judge's thinking"),
    ("<think>a > b</think>", "empty"),
    ("a > b\n</think>\n", "empty"),
    ("Answer b is longer, so at first b > a, but a is right.</think>a > b", 1.0),
    ("Perhaps b > a.</seed:think> a > b", 1.0),
    ("<thought>b > a</thought>a > b", 1.0),
    ("[THINK]b > a[/THINK]a > b", 1.0),
    ("◁think▷b > a◁/think▷a > b", 1.0),
    ("&lt;think&gt;b > a&lt;/think&gt;a > b", 1.0),
    ("<think>b > a</thinking>a > b", 1.0),
    ("<thinking>b <reflection>so</reflection> > a, b > a</thinking><output>a > b</output>", 1.0),
    ("<think>a </reasoning> b > a</think>a > b", 1.0),
    ("<|channel|>analysis<|message|>b > a<|end|><|start|>assistant<|channel|>final<|message|>a > b", 1.0),
    ("<|channel|>analysis<|message|>b > a<|channel|>final<|message|>a > b<|return|>", 1.0),
    ("b > a<|channel|>analysis<|message|>so<|channel|>final<|message|>a > b", 1.0),
    ("so `b > a</think>` a > b", 1.0),
    ("<|channel|>analysis<|message|>b > a", "ends inside the judge's thinking"),
    ("<|channel>thought\nb > a<channel|>a > b", 1.0),
    ("analysisSo b > a.assistantfinala > b", 1.0),
    ("a > b<|end|>", 1.0),  # ends a turn, and no reasoning
    ("<think>so</think> b > a </think> a > b", CONTRADICTION),
    ("b > a <think>or not</think> a > b", CONTRADICTION),
    ("a > b, although it wrote `<think>`.", 1.0),  # a quotation
    ('{"why": "a leaks </think>", "ranking": ["b", "a"]}', 2.0),
]


@pytest.mark.parametrize(("reply", "expected"), THINKING)
def test_thinking_is_not_the_reply(reply: str, expected: float | str) -> None:
    found = reading(RANKING, reply)
    assert found == expected if isinstance(expected, float) else expected in str(found)


@pytest.mark.parametrize("judge", [RANKING, CHOICE, JSON, TOOL, SCORES, REGEX, parser("logprobs")])
def test_a_refusal_and_a_filter_are_no_verdict(judge: Parser) -> None:
    refused = Completion("b > a", refusal="I can't help with that.", tool_arguments='{"better": "b"}')
    assert reading(judge, refused) == "the judge refused: I can't help with that."
    filtered = Completion("b", "content_filter", tool_arguments='{"better": "b"}')
    assert reading(judge, filtered) == "the judge's reply was filtered"


@pytest.mark.parametrize(
    ("judge", "reply", "expected"),
    [
        (CHOICE, "", "token limit"),
        (CHOICE, "b", 2.0),  # one token was all that was asked for
        (CHOICE, "I think **a** is good, but", "token limit"),
        (CHOICE, "B", "token limit"),  # perhaps of `Both`
        (CHOICE, "**b**", "token limit"),
        (parser("choice", tie="b and a"), "b", "token limit"),
        (RANKING, "b > a", 2.0),
        (RANKING, "b > a because the", "token limit"),
        (RANKING, "b", "token limit"),  # perhaps of `b = a`
        (NAMED_RANKING, "model_2 > model_1", 2.0),
        (parser("ranking", first="model_1", second="model_10"), "model_10 > model_1", "token limit"),
        (JSON, '{"better": "b", "why": "it', "token limit"),
        (JSON, '{"better": "b"} The reason is', "token limit"),
        (JSON, '```json\n{"better": "b"}', 2.0),
        (TOOL, '{"better": "b"}', 2.0),
        (SCORES, "a: 8.5\nb: 8", "token limit"),  # perhaps of 8.9
        (SCORES, "7 9", "token limit"),
        (SCORES, '{"a": 7, "b": 9}', 2.0),
        (parser("scores", pattern=r"(\d+) to (\d+)"), "3 to 1", "token limit"),
        (parser("regex", first=r"\[\[A", second=r"\[\[B"), "[[A", "token limit"),
        (REGEX, "[[B]]", 2.0),
        (REGEX, "[[B]], I think, as", "token limit"),
        (parser("regex", first="RESULT A", second="RESULT B"), "RESULT B", "token limit"),
        (parser("regex", first="A", second="B"), "B", 2.0),
    ],
)
def test_a_reply_that_was_cut_off(judge: Parser, reply: str, expected: float | str) -> None:
    found = reading(judge, reply, finish_reason="length")
    assert found == expected if isinstance(expected, float) else expected in str(found)
