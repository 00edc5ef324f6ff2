"""Arena-Hard's five verdicts, read from replies."""

import gzip
import json
from typing import Any

import pytest
from pydantic import TypeAdapter

from autoeval.annotators.parsers import AnyParser
from autoeval.annotators.parsers.verdicts import VerdictsParser
from autoeval.types import Completion, Unfinished, Unparsed, Verdict
from tests.recorded import recorded_data


def parser(**fields: Any) -> VerdictsParser:
    made = TypeAdapter(AnyParser).validate_python({"kind": "verdicts", **fields})
    assert isinstance(made, VerdictsParser)
    return made


def reading(reply: str, take: str = "only", finish_reason: str = "stop") -> float | str:
    (found,) = parser(take=take).read(Completion(reply, finish_reason))
    return found.value if isinstance(found, Verdict) else found.reason


@pytest.mark.parametrize(
    ("reply", "preference"),
    [
        ("My final verdict is: [[A>>B]]", 1.0),
        ("[[A>B]]", 1.25),
        ("so **[[ a = b ]]**.", 1.5),
        ("[[B>A]] and again [[B>A]]", 1.75),
        ("[[A<<B]]", 2.0),
        ("verdict [B>>A]", 2.0),
        ("Compare [A] with [B]: [[B>>A]]", 2.0),
    ],
)
def test_a_verdict_is_read(reply: str, preference: float) -> None:
    assert reading(reply) == preference


@pytest.mark.parametrize("reply", ["[[A]]", "A>B", "[[A>>>B]]", "", "[[A>A]]", "[[ ]]"])
def test_what_is_no_verdict_is_none(reply: str) -> None:
    assert isinstance(reading(reply), str)


def test_a_reply_with_two_verdicts_is_none_unless_the_last_one_counts() -> None:
    assert "contradict" in str(reading("[[A>B]], or rather [[B>A]]"))
    assert "contradict" in str(reading("[[A>B]], or rather [[A>>B]]"))
    assert reading("[[A>B]], or rather [[B>A]]", take="last") == 1.75


def test_the_torso_of_a_reply_is_none() -> None:
    assert "cut off" in str(reading("First: [[A>B]]. But", finish_reason="length"))
    assert reading("[[A>B]]", finish_reason="length") == 1.25


@pytest.mark.parametrize(
    ("verdict", "graded", "value", "weight"),
    [
        ("A>>B", 1.0, 1.0, 3.0),
        ("A>B", 1.25, 1.0, 1.0),
        ("A=B", 1.5, 1.5, 1.0),
        ("B>A", 1.75, 2.0, 1.0),
        ("B>>A", 2.0, 2.0, 3.0),
    ],
)
def test_a_clear_win_is_graded_or_counts_several_times(
    verdict: str, graded: float, value: float, weight: float
) -> None:
    for judge, expected in ((parser(), (graded, 1.0)), (parser(clear_win=3), (value, weight))):
        (found,) = judge.read(Completion(f"So: [[{verdict}]]"))
        assert isinstance(found, Verdict)
        assert (found.value, found.weight) == expected
        assert judge.label(found.value, found.weight) == verdict
        for other in {"[[A>B]]", "[[A>>B]]"} - {f"[[{verdict}]]"}:
            (found,) = judge.read(Completion(f"So: [[{verdict}]], or rather {other}"))
            assert isinstance(found, Unparsed), "also where the same output wins"


@pytest.mark.parametrize(
    ("reply", "only", "last"),
    [
        ("FINAL: A>B, although [[B>A]]", 1.25, 1.25),
        ("a verdict: [[b >> a]]", 2.0, 2.0),
        ("[[]] [[A>B]]", 1.25, 1.25),
        ("[[A>B]], that is [[ a > b ]]", 1.25, 1.25),
        ("[[A>B]], no, [[B>A]]", "contradict", 1.75),
        ("[[good]]", Unparsed, Unparsed),
        ("[[A>B]] [[good]]", "contradict", Unparsed),
        ("A>B", Unfinished, Unfinished),
        ("<think>[[A>B]]</think>", 1.25, 1.25),
    ],
)
def test_patterns_find_the_verdict_in_place_of_brackets(reply: str, only: object, last: object) -> None:
    for take, expected in (("only", only), ("last", last)):
        judge = parser(take=take, patterns=(r"final: *([AB<>=]+)", r"\[\[([^\]]*)\]\]"))
        (found,) = judge.read(Completion(reply))
        if isinstance(expected, type):
            assert type(found) is expected
        elif isinstance(found, Verdict):
            assert found.value == expected
        else:
            assert str(expected) in found.reason
        assert "cut off" in getattr(judge.read(Completion(reply, "length"))[0], "reason", "")
        assert "refused" in getattr(judge.read(Completion(reply, refusal="no"))[0], "reason", "")


def test_recorded_replies_say_what_their_files_say() -> None:
    """The recorded tool wants all marks to agree; a score of none is a reply without a verdict."""
    preferences = {"A>>B": 1.0, "A>B": 1.25, "A=B": 1.5, "B>A": 1.75, "B>>A": 2.0}
    n = 0
    for path in sorted((recorded_data() / "arena_hard" / "forks").glob("*.jsonl.gz")):
        with gzip.open(path, "rt") as file:
            games = [game for line in file for game in json.loads(line)["games"]]
        for game in games:
            n += 1
            found = reading(game["judgment"]) if game["judgment"] else ""
            assert found == preferences[game["score"]] if game["score"] else isinstance(found, str)
    assert n >= 200


@pytest.mark.parametrize(
    "listed",
    [
        "Choose among [[A>>B]], [[A>B]], [[A=B]], [[B>A]], [[B>>A]]",
        "[[A>B]] or [[B>A]]",
        "[[A>B]] / [[B>A]]",
        "[[A>B]] 或者 [[B>A]]",
        "[[A>>B]] oder [[A>B]]",
    ],
)
def test_a_list_of_verdicts_has_no_last_word(listed: str) -> None:
    assert isinstance(reading(listed, take="last"), str)
    assert reading("[[A>B]] at first, but [[B>A]]", take="last") == 1.75
    assert reading("[[A>B]]\n[[B>A]]", take="last") == 1.75
