"""What holds of every parser and every reply: no crash, no verdict out of range, no side favoured, no slow reply."""

import json
import math
import re
import warnings
from collections.abc import Callable, Mapping
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoeval.types import Completion, TokenLogprobs, Unparsed, Verdict
from tests.annotators.parsing import parser, reading
from tests.work import own_time

FIRST, SECOND = 1.0, 2.0
KINDS: Mapping[str, Mapping[str, str]] = {
    "ranking": {"tie": "tie"},
    "choice": {"tie": "tie"},
    "json": {"field": "better"},
    "tool": {"field": "better"},
    "logprobs": {"tie": "tie"},
    "scores": {},
    "regex": {},
}
PARSERS = {kind: parser(kind, **fields) for kind, fields in KINDS.items()}
SWAPPED = {kind: parser(kind, **{**fields, "first": "b", "second": "a"}) for kind, fields in KINDS.items()}

# Pieces of replies, put together at random: most of what comes out is nonsense of the right kind.
PIECES = st.sampled_from(
    [
        *(
            "b",
            "A",
            " b",
            "tie",
            "=",
            " > ",
            ",",
            ":",
            ";",
            "**",
            "'",
            '"',
            " ",
            "not",
            "worse",
        ),
        *(
            "(",
            ")",
            "[",
            "{",
            "}",
            "```",
            "```json\n",
            "<think>",
            "</think>",
            "1.",
            "2) ",
            "7 9",
            "{**",
            "\\",
        ),
        *(
            '"better"',
            "'better': 'a'",
            '{"better": "b"}',
            '["a", "b"]',
            '{"a": 1, "b": 2}',
            "NaN",
            "1e999",
            "9" * 400,
        ),
        *("\0", "\ud800", "٣", "\u2028"),
    ]
)
REPLIES = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=12).map("".join))
NUMBERS = st.one_of(st.floats(), st.floats(-30, 0))
TOKENS = st.builds(
    TokenLogprobs,
    token=st.sampled_from(["a", " b", "tie", "x", ""]),
    logprob=NUMBERS,
    top=st.lists(st.tuples(st.sampled_from(["a", " a", '"b', "B", "Tie", "x", ""]), NUMBERS), max_size=6).map(
        tuple
    ),
)
COMPLETIONS = st.builds(
    Completion,
    text=REPLIES,
    finish_reason=st.sampled_from(["stop", "length", "content_filter", "tool_calls", None]),
    tool_arguments=st.one_of(st.none(), REPLIES),
    refusal=st.sampled_from([None, "", "no"]),
    logprobs=st.lists(TOKENS, max_size=2).map(tuple),
)


@pytest.mark.parametrize("kind", KINDS)
@given(completion=COMPLETIONS)
def test_any_reply_gives_one_verdict_in_range_or_a_reason(kind: str, completion: Completion) -> None:
    with warnings.catch_warnings(action="error"):
        (found,) = PARSERS[kind].read(completion)
    if isinstance(found, Verdict):
        assert 1 <= found.value <= 2
    else:
        assert found.reason


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"scores"}))  # scores without labels go by their place
@given(completion=COMPLETIONS)
def test_no_side_is_favoured(kind: str, completion: Completion) -> None:
    """Calling the outputs the other way round turns the verdict round, and loses none."""
    (found,), (turned,) = PARSERS[kind].read(completion), SWAPPED[kind].read(completion)
    if isinstance(found, Verdict):
        assert isinstance(turned, Verdict)
        assert turned.value == pytest.approx(3 - found.value)
    else:
        assert isinstance(turned, Unparsed)


FORMS: Mapping[str, tuple[Callable[[str, str], str], ...]] = {
    "ranking": (
        lambda better, worse: f"{better} > {worse}",
        lambda better, worse: json.dumps([better, worse]),
        lambda better, worse: repr([{"model": worse, "rank": 2}, {"model": better, "rank": 1}]),
        lambda better, worse: json.dumps({worse: 2, better: 1}),
    ),
    "choice": (lambda better, _: f"**{better}**", lambda better, _: f'"{better}"'),
    "json": (lambda better, _: json.dumps({"better": better}), lambda better, _: repr({"better": better})),
    "tool": (lambda better, _: json.dumps({"better": better}),),
    "scores": (lambda better, worse: json.dumps({better: 9, worse: 7.5}),),
}
PACKAGINGS = (
    "\n\n {} \n",
    "```\n{}\n```",
    "```json\n{}\n```",
    "<think>It could be a or **b**: b > a.</think>{}",
    'Perhaps "b", ["b", "a"]\n</think>\n\n{}',
    "Here is my verdict.\n\n{}",
    "{}\n\nThis is because the other one is wrong in places [1].",
    "My verdict: {}",
    "> {}",
)


@pytest.mark.parametrize("packaging", PACKAGINGS)
@pytest.mark.parametrize("better", ["a", "b"])
def test_packaging_never_changes_a_verdict(packaging: str, better: str) -> None:
    worse = "b" if better == "a" else "a"
    for kind, forms in FORMS.items():
        for form in forms:
            reply = packaging.replace("{}", form(better, worse))
            assert reading(PARSERS[kind], reply) == (FIRST if better == "a" else SECOND), reply


def probability(logprob: float | None) -> float:
    return 0.0 if logprob is None else math.exp(logprob)


@given(
    first=st.lists(st.floats(-20, -2), min_size=1, max_size=3),
    second=st.lists(st.floats(-20, -2), max_size=3),
    tie=st.floats(-20, -2),
    others=st.lists(st.floats(-20, -2), max_size=3),
)
def test_logprobs_are_weighed_as_the_formula_says(
    first: list[float], second: list[float], tie: float, others: list[float]
) -> None:
    """Spellings of one label add up, other tokens do not count, a tie counts half for each side."""
    spellings = (("a", " a", '"A'), ("b", "B", "`b"), ("x", "ab", "the"))
    top = [
        pair
        for names, values in zip(spellings, (first, second, others), strict=True)
        for pair in zip(names, values, strict=False)
    ]
    token = TokenLogprobs("x" if others else "a", (others or first)[0], (*top, ("tie", tie)))
    (found,) = parser("logprobs", tie="tie", least_mass=1e-12).read(Completion("a", logprobs=(token,)))
    p_first, p_second, p_tie = sum(map(math.exp, first)), sum(map(math.exp, second)), math.exp(tie)
    assert isinstance(found, Verdict)
    assert found.value == pytest.approx(1 + (p_second + p_tie / 2) / (p_first + p_second + p_tie), abs=1e-12)


@pytest.mark.parametrize(
    ("top", "expected"),
    [
        ((("m", -0.1), ("M", -2.0)), 1 + math.exp(-2.0) / (math.exp(-0.1) + math.exp(-2.0))),
        ((("m", -0.1), (" M", -0.2), ('"M', -0.3)), 1.0),  # `exact`: no other spelling counts
        ((("M", -0.1), ("m", -math.inf)), 2.0),
        ((("M", 0.0), ("m", -9999.0)), 2.0),
        ((("x", -0.1), ("M", -12.0)), "none of the likely tokens is 'm' or 'M'"),
        ((("<think>", 0.0),), "none of the likely tokens is 'm' or 'M'"),
    ],
)
def test_logprobs_of_cased_labels(top: tuple[tuple[str, float], ...], expected: float | str) -> None:
    judge = parser("logprobs", first="m", second="M", exact=True)
    assert reading(judge, Completion("m", logprobs=(TokenLogprobs(*top[0], top),))) == pytest.approx(expected)


def test_logprobs_of_a_token_that_is_not_there() -> None:
    token = TokenLogprobs("b", -0.1, ())
    assert "no log probabilities" in str(reading(PARSERS["logprobs"], "b"))
    assert "no token number 1" in str(
        reading(parser("logprobs", token=1), Completion("b", logprobs=(token,)))
    )
    assert "no alternatives" in str(reading(PARSERS["logprobs"], Completion("b", logprobs=(token,))))
    known = TokenLogprobs("b", -0.1, (("b", -0.1),))
    second = parser("logprobs", token=1)
    assert reading(second, Completion("b", logprobs=(TokenLogprobs("x", 0.0), known))) == SECOND


NO_NUMBERS = "not numbers that log probabilities can be"


@pytest.mark.parametrize(
    ("top", "expected"),
    [
        (
            (("a", -0.1), ("a", -5.0), ("b", -2.3)),
            1.0 + math.exp(-2.3) / (math.exp(-0.1) + math.exp(-5.0) + math.exp(-2.3)),
        ),
        ((("a", -0.7), ("a", -0.7), ("b", -0.7)), 1.5),  # one entry, given twice
        ((("a", -0.1), ("b", -math.inf)), 1.0),
        ((("a", -math.inf), ("b", -math.inf)), "none of the likely tokens"),
        ((("a", -0.1), ("b", math.nan)), NO_NUMBERS),
        ((("a", math.inf), ("b", -1.0)), NO_NUMBERS),
        ((("a", 0.9), ("b", 0.1)), NO_NUMBERS),
        ((("a", 1e-7), ("b", -math.inf)), 1.0),  # a rounding error
        (
            (("a", -0.1), ("b", -2.3), ("x", math.nan)),
            1.0 + math.exp(-2.3) / (math.exp(-0.1) + math.exp(-2.3)),
        ),
    ],
)
def test_odd_log_probabilities(top: tuple[tuple[str, float], ...], expected: float | str) -> None:
    found = reading(PARSERS["logprobs"], Completion("a", logprobs=(TokenLogprobs(*top[0], top),)))
    assert found == pytest.approx(expected) if isinstance(expected, float) else expected in str(found)


def test_the_token_itself_counts_where_it_is_not_among_its_alternatives() -> None:
    token = TokenLogprobs("a", -0.1, (("a", -5.0), ("b", -2.3)))
    found = reading(PARSERS["logprobs"], Completion("a", logprobs=(token,)))
    assert isinstance(found, float)
    assert found < 1.2
    as_likely = TokenLogprobs("a", -0.7, (("b", -0.7),))
    assert reading(PARSERS["logprobs"], Completion("a", logprobs=(as_likely,))) == 1.5


LONG = 50_000
ENDLESS = (
    "[",
    "{",
    "['",
    '["a", [',
    '{"a": ',
    "[1,",
    "]",
    "}",
    "[]",
    "{}",
    "[x]",
    '"',
    "'",
    "`",
    " ",
    "\n",
    "\t \n",
    ">",
    "a",
    "a ",
    "a > ",
    "a:",
    "a: ",
    "**a** ",
    "**a** not ",
    "1. a\n",
    "7 ",
    "7\n",
    "<think>",
    "</think>",
    "x <think> ",
    "<think></think>",
    "\\",
    "not ",
    "```",
)


@pytest.mark.parametrize(
    "around",
    [("a", "b"), *(pytest.param(one, marks=pytest.mark.slow) for one in (("", ""), ("", "]}" * 100)))],
)
@pytest.mark.parametrize("piece", ENDLESS)
def test_a_long_reply_is_read_in_linear_time(piece: str, around: tuple[str, str]) -> None:
    """Against plain passes over a text as long, in this thread's own time; a quadratic one takes 600 times as long."""
    plain_pass = max(own_time(lambda: re.findall(r"\w+|\W", "a " * (LONG // 2))) for _ in range(3))
    before, after = around
    reply = before + piece * (LONG // len(piece)) + after
    for kind, judge in PARSERS.items():
        assert own_time(partial(judge.read, Completion(reply))) < 400 * plain_pass, kind
