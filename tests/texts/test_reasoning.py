"""A reply without the reasoning that came before it, however its marks are nested or broken."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoeval.texts.reasoning import MARK, matches, may_hold_marks, without_reasoning
from tests.annotators.parsing import parser, reading

RANKING = parser("ranking")


@pytest.mark.parametrize(
    "reply",
    [
        "<think>p <thinking>b > a</thinking> q</think> a > b",
        "<thinking>p <think>q</think> b > a</thinking> a > b",
        "<think>p </reasoning> b > a </think> a > b",
        "<think>p </thought> b > a </thought> q</think>\na > b",
        "<think>b > a</think><think>b > a</think>a > b",
        "<think>p<think>q</think> b > a </think> a > b",
    ],
)
def test_a_mark_within_reasoning_does_not_end_it(reply: str) -> None:
    assert (without_reasoning(reply) or "").strip() == "a > b"
    assert reading(RANKING, reply) == 1


@pytest.mark.parametrize(
    "reply",
    [
        "<think>p <reasoning>q</think> b > a</reasoning> a > b",
        "p </think> b > a </think> a > b",
        "<think>p </think> a > b <think> b > a",
    ],
)
def test_where_it_cannot_be_told_what_is_reasoning_there_is_no_verdict(reply: str) -> None:
    assert isinstance(reading(RANKING, reply), str)


@given(st.from_regex(re.compile(MARK.pattern, MARK.flags)))
@settings(max_examples=150, deadline=None)
def test_no_mark_is_overlooked_for_want_of_a_word(text: str) -> None:
    assert may_hold_marks(text)


_PIECES = (
    *(
        "<think>",
        "</think>",
        "&lt;think&gt;",
        "◁think▷",
        "＜THINK＞",
        "[THINK]",
        "[/THINK]",
        "[think]",
        "<think a",
        "<",
    ),
    *(
        "analysis",
        "assistantfinal",
        "AssistantFinal",
        "<|channel|>final<|message|>",
        "<|channel>x",
        "<channel|>",
    ),
    *(
        "<|end|>",
        "<details a='reasoning'>",
        "</details>",
        "<unused94>",
        "<|end_of_thought|>",
        "A",
        " ",
        "\n",
        "ſ",
    ),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(_PIECES), max_size=12).map("".join))
def test_marks_are_looked_for_wherever_one_can_begin(text: str) -> None:
    assert [match.span() for match in matches(text)] == [match.span() for match in MARK.finditer(text)]
