"""Each parser gives the verdict that 0.6.6 gives, but for classes of replies that are named here."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from autoeval.annotators.alpaca_eval.parsers import AMBIGUOUS
from autoeval.annotators.alpaca_eval.reading import AlpacaEvalParser, check_parser
from autoeval.annotators.parsers import Reading
from autoeval.annotators.parsers.base import CONTRADICTION as CONFLICT
from autoeval.annotators.parsers.base import CUT_OFF
from autoeval.annotators.recorded import completion_of
from autoeval.errors import UsageError
from autoeval.types import Completion, TokenLogprobs, Unparsed, Verdict
from tests.alpaca_eval.peer import ask_peer
from tests.alpaca_eval.replies import KINDS, N_REPLIES, Case, cases


def read(case: Case) -> list[Reading]:
    parser = AlpacaEvalParser(
        function=case.function,
        kwargs={name: with_numbers(value) for name, value in case.kwargs.items()},
        takes_choice=case.function == "logprob_parser",
        n_pairs=case.n_pairs,
    )
    completion = completion_of(case.completion, None) if isinstance(case.completion, dict) else None
    return parser.read(completion or Completion(case.completion if isinstance(case.completion, str) else ""))


def with_numbers(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {int(key) if key.isdigit() else key: with_numbers(inner) for key, inner in value.items()}


@pytest.mark.peer
def test_the_verdicts_are_those_of_the_peer(tmp_path: Path) -> None:
    replies = list(cases())
    assert len(replies) == N_REPLIES * len(KINDS)
    question = [
        {
            "function": case.function,
            "kwargs": case.kwargs,
            "completion": case.completion,
            "n_pairs": case.n_pairs,
        }
        for case in replies
    ]
    differing: Counter[str] = Counter()
    agreed: Counter[str] = Counter()
    for case, theirs in zip(replies, ask_peer("parse", question, tmp_path), strict=True):
        for reading, verdict in zip(read(case), theirs, strict=True):
            if verdict == "crash":
                differing["their run crashes"] += 1
            elif verdict is None:
                assert isinstance(reading, Unparsed), (case, reading)
            elif isinstance(reading, Unparsed) and "contradict" in reading.reason:
                differing["they take one of conflicting verdicts"] += 1
            elif reading == AMBIGUOUS:
                differing["they take a decimal comma for the end of a score"] += 1
            elif isinstance(reading, Unparsed) and "verdict True is not" in reading.reason:
                assert verdict == 1, case
                differing["they take true for 1"] += 1
            elif is_even(case) and reading == Verdict(1.5):
                assert verdict == 2, case
                differing["they take the second of equally likely tokens"] += 1
            else:
                assert isinstance(reading, Verdict), (case, verdict, reading)
                assert reading.value == pytest.approx(verdict, abs=1e-12), (case, verdict)
                agreed[case.function] += 1
    assert set(differing) == {
        "their run crashes",
        "they take a decimal comma for the end of a score",
        "they take one of conflicting verdicts",
        "they take the second of equally likely tokens",
        "they take true for 1",
    }
    assert min(agreed.values()) > 20, agreed


def is_even(case: Case) -> bool:
    return case.function == "logprob_parser" and case.kwargs.get("is_binarize") is True


def one(function: str, completion: str, **kwargs: Any) -> Reading:
    (reading,) = AlpacaEvalParser(function=function, kwargs=kwargs).read(Completion(completion))
    return reading


# Where 0.6.6 ends the whole run, because a verdict is not from 1 to 2:


def test_equal_scores_are_a_tie() -> None:
    assert one("lmsys_parser", "7 7") == Verdict(1.5)
    assert one("eval_parser", "0") == Verdict(1.5)


def test_a_score_that_is_no_number_is_no_verdict() -> None:
    assert isinstance(one("lmsys_parser", "nan 7"), Unparsed)


@pytest.mark.parametrize("reply", ["'1'", "3", "-1", "False", "{1: 2}", "[[1]]"])
def test_a_verdict_outside_of_1_to_2_is_none(reply: str) -> None:
    assert isinstance(one("eval_parser", reply), Unparsed)


def test_a_word_that_is_replaced_by_no_number_is_no_verdict() -> None:
    assert isinstance(one("replace_parser", "both", replacer={"True": 1}), Unparsed)


def test_a_probability_without_its_denominator_is_no_verdict() -> None:
    parser = AlpacaEvalParser(
        function="logprob_parser",
        kwargs={"numerator_token": "m", "denominator_tokens": ["M"], "is_binarize": False},
        takes_choice=True,
    )
    likely = TokenLogprobs("m", -0.1, (("m", -0.1), ("M", -3.0)))
    (reading,) = parser.read(Completion("m", logprobs=(likely,)))
    assert isinstance(reading, Unparsed)


# Where 0.6.6 never ends:


def test_a_pattern_that_matches_nothing_at_all_ends() -> None:
    assert isinstance(one("regex_parser", "abc", outputs_to_match={1: "x*", 2: "b"}), Unparsed)


# Where 0.6.6 takes one of several verdicts that contradict each other:


def test_patterns_that_match_at_the_same_place_are_a_conflict() -> None:
    patterns = {1: r"Output", 2: r"Output \(b\)"}
    reading = one("regex_parser", "Output (b)", outputs_to_match=patterns)
    assert reading == Unparsed("the reply holds verdicts that contradict each other")
    assert one("regex_parser", "Output (a)", outputs_to_match=patterns) == Verdict(1.0)


@pytest.mark.parametrize(
    "models",
    [
        [("model_1", 1), ("model_2", 1)],
        [("model_1", 1), ("model_1", 2)],
    ],
)
def test_a_ranking_that_contradicts_itself_is_a_conflict(models: list[tuple[str, int]]) -> None:
    reply = repr([{"model": name, "rank": rank} for name, rank in models])
    assert one("ranking_parser", reply) == Unparsed("the reply holds verdicts that contradict each other")


@pytest.mark.parametrize(
    "reply",
    ['{"verdict": 1, "verdict": 2}', '```json\n{"verdict": 1}\n```\nNo:\n```json\n{"verdict": 2}\n```'],
)
def test_json_that_contradicts_itself_is_a_conflict(reply: str) -> None:
    assert one("json_parser", reply, annotation_key="verdict") == Unparsed(
        "the reply holds verdicts that contradict each other"
    )


def test_a_binary_verdict_on_equally_likely_tokens_is_a_tie() -> None:
    even = TokenLogprobs("m", -0.7, (("m", -0.7), ("M", -0.7)))
    parser = AlpacaEvalParser(
        function="logprob_parser",
        kwargs={"numerator_token": "m", "denominator_tokens": ["m", "M"]},
        takes_choice=True,
    )
    assert parser.read(Completion("m", logprobs=(even,))) == [Verdict(1.5)]


def test_several_pairs_of_scores_that_differ_are_a_conflict() -> None:
    assert one("lmsys_parser", "7 9\nBecause.") == Verdict(2.0)
    assert one("lmsys_parser", "7 9\nOr rather:\n9 7") == CONFLICT
    assert one("lmsys_parser", "7 9\n8 9") == Verdict(2.0)


def test_a_comma_between_digits_can_be_read_in_two_ways() -> None:
    assert one("lmsys_parser", "7,9") == AMBIGUOUS
    assert one("lmsys_parser", "8,5") == AMBIGUOUS
    assert isinstance(one("lmsys_parser", "8,5 8,7"), Unparsed)


PATTERNS = {1: r"(?:^|\n) ?Output \(a\)", 2: r"(?:^|\n) ?Output \(b\)"}


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("Output (a)", Verdict(1.0)),
        ("Output (a)? No.", CONFLICT),
        ("Output (b) at first\n<br>Output (a)", CONFLICT),  # the second one is seen by readers only
        ("<think>Output (b)</think>Output (a)", Verdict(1.0)),
        ("Output (b), then</think>Output (a)", Verdict(1.0)),
        (
            "<|channel|>analysis<|message|>Output (b)<|end|><|channel|>final<|message|>Output (a)",
            Verdict(1.0),
        ),
        ("<think>Output (b)", Unparsed("the reply ends inside the judge's thinking; raise its token limit")),
        ("<think>Output (b)</think>", Unparsed("the reply is empty")),
    ],
)
def test_what_a_judge_says_is_what_follows_its_reasoning(reply: str, expected: Reading) -> None:
    assert one("regex_parser", reply, outputs_to_match=PATTERNS) == expected


RANKED = "[{'model': 'model_1', 'rank': 1}, {'model': 'model_2', 'rank': 2}]"


@pytest.mark.parametrize(
    ("function", "kwargs", "reply", "preference"),
    [
        ("regex_parser", {"outputs_to_match": PATTERNS}, "Output (a)", 1.0),
        ("regex_parser", {"outputs_to_match": PATTERNS}, "Output (a) is", None),
        ("regex_parser", {"outputs_to_match": {1: "model_1", 2: "model_2"}}, "model_1", None),
        ("regex_parser", {"outputs_to_match": {1: "m", 2: "M"}}, "M", 2.0),
        ("json_parser", {"annotation_key": "best"}, '{"best": 2}', 2.0),
        ("json_parser", {"annotation_key": "best"}, '```json\n{"best": 2}\n```\nThis is', None),
        ("ranking_parser", {}, RANKED, 1.0),
        ("eval_parser", {}, "[1]", 1.0),
        ("eval_parser", {}, "1", None),  # perhaps of 1.5
        ("lmsys_parser", {}, "7 9", None),  # perhaps of 7 90
        ("replace_parser", {"replacer": {"a": 1, "b": 2}}, "b", 2.0),
        ("replace_parser", {"replacer": {"a": 1, "and": 2}}, "a", None),
        (
            "pipeline_meta_parser",
            {
                "parsers_to_kwargs": {
                    "json_parser": {"annotation_key": "x"},
                    "replace_parser": {"replacer": {"y": 1}},
                }
            },
            '{"x": "y"}',
            1.0,
        ),
    ],
)
def test_of_a_reply_that_was_cut_off_only_a_whole_verdict_counts(
    function: str, kwargs: dict[str, Any], reply: str, preference: float | None
) -> None:
    judge = AlpacaEvalParser(function=function, kwargs=kwargs)
    assert isinstance(judge.read(Completion(reply))[0], Verdict)
    expected = CUT_OFF if preference is None else Verdict(preference)
    assert judge.read(Completion(reply, "length")) == [expected]


@pytest.mark.parametrize("is_binarize", [False, True])
@pytest.mark.parametrize(
    ("top", "expected"),
    [
        ((("m", -0.1), ("m", -5.0), ("M", -2.3)), 1.0991),
        ((("m", -0.7), ("m", -0.7), ("M", -0.7)), 1.5),
        ((("m", -0.1), ("M", float("-inf"))), 1.0),
        ((("m", float("-inf")), ("M", float("-inf"))), None),
        ((("m", -0.1), ("M", float("nan"))), None),
        ((("m", 0.9), ("M", 0.1)), None),
        ((), None),
    ],
)
def test_odd_log_probabilities(
    top: tuple[tuple[str, float], ...], expected: float | None, is_binarize: bool
) -> None:
    judge = AlpacaEvalParser(
        function="logprob_parser",
        kwargs={"numerator_token": "m", "denominator_tokens": ["m", "M"], "is_binarize": is_binarize},
        takes_choice=True,
    )
    # a single token is all that was asked for
    (found,) = judge.read(Completion("m", "length", logprobs=(TokenLogprobs("m", -0.1, top),)))
    if expected is None:
        assert isinstance(found, Unparsed)
    else:
        assert isinstance(found, Verdict)
        assert found.value == pytest.approx(round(expected * 2) / 2 if is_binarize else expected, abs=1e-3)


def test_a_filtered_reply_is_none() -> None:
    judge = AlpacaEvalParser(kwargs={"outputs_to_match": PATTERNS}, n_pairs=2)
    assert (
        judge.read(Completion("Output (a)\nOutput (b)", "content_filter"))
        == [Unparsed("the judge's reply was filtered")] * 2
    )


# What is kept, and what is refused when the config is read:


def test_a_reply_with_another_number_of_verdicts_has_none() -> None:
    patterns = {1: r"\(a\)", 2: r"\(b\)"}
    parser = AlpacaEvalParser(kwargs={"outputs_to_match": patterns}, n_pairs=3)
    assert parser.read(Completion("(a) (b) (a)")) == [Verdict(1.0), Verdict(2.0), Verdict(1.0)]
    readings = parser.read(Completion("(a) (b)"))
    assert readings == [Unparsed("the reply has 2 verdicts where 3 were asked for")] * 3


def test_the_chain_of_thought_is_kept() -> None:
    parser = AlpacaEvalParser(
        function="json_parser", kwargs={"annotation_key": "best"}, explanation=("concise_explanation",)
    )
    reply = Completion("", tool_arguments='{"concise_explanation": "shorter", "best": 2}')
    assert parser.read(reply) == [Verdict(2.0, "shorter")]


def test_tool_arguments_come_before_text() -> None:
    parser = AlpacaEvalParser(kwargs={"outputs_to_match": {1: "first", 2: "second"}})
    assert parser.read(Completion("first", tool_arguments='{"best": "second"}')) == [Verdict(2.0)]


@pytest.mark.parametrize(
    ("function", "kwargs", "message"),
    [
        ("regx_parser", {}, "Did you mean 'regex_parser'?"),
        ("regex_parser", {}, "missing a required argument: 'outputs_to_match'"),
        ("regex_parser", {"outputs_to_match": {1: "("}}, "is no regular expression"),
        ("ranking_parser", {"model_name": "m"}, "It takes: model_1_name"),
        ("pipeline_meta_parser", {"parsers_to_kwargs": {}}, "lists no parser"),
        ("pipeline_meta_parser", {"parsers_to_kwargs": {"json_pars": {}}}, "Did you mean 'json_parser'?"),
    ],
)
def test_a_wrong_parser_is_refused_with_its_name(function: str, kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as error:
        check_parser(function, kwargs, "configs.yaml: mine")
    assert message in str(error.value)
