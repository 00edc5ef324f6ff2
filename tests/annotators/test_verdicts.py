"""Arena-Hard's five verdicts, read from replies."""

import gzip
import json

import pytest
from pydantic import TypeAdapter

from autoeval.annotators.parsers import AnyParser, Parser
from autoeval.types import Completion, Verdict
from tests.recorded import recorded_data


def reading(reply: str, take: str = "only", finish_reason: str = "stop") -> float | str:
    parser: Parser = TypeAdapter(AnyParser).validate_python({"kind": "verdicts", "take": take})
    (found,) = parser.read(Completion(reply, finish_reason))
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
