"""When a judge flips, and what is no verdict on a pair."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from autoeval.annotators.builtin import BUILTIN, Builtin
from autoeval.annotators.combine import is_flipped
from autoeval.annotators.kinds import View
from autoeval.annotators.parsers import Parser, Reading
from autoeval.annotators.plan import Planned, Question
from autoeval.annotators.read import read
from autoeval.completions.cache import Entry
from autoeval.completions.keys import request_key
from autoeval.types import PREFERENCE, Annotation, Completion, Endpoint, Judgment, Request, Verdict
from tests.annotators.planning import a_judge, a_pair


def annotation(*verdicts: tuple[str, bool, float | None]) -> Annotation:
    judgments = tuple(Judgment(judge, preference, is_switched) for judge, is_switched, preference in verdicts)
    return Annotation(a_pair(0), "test", 1.5, judgments=judgments)


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([("j", False, 1.0), ("j", True, 2.0)], True),
        ([("j", False, 2.0), ("j", True, 1.0)], True),
        ([("j", False, 1.4), ("j", True, 1.6)], True),
        ([("j", False, 1.0), ("j", True, 1.0)], False),
        ([("j", False, 2.0), ("j", True, 2.0)], False),
        ([("j", False, 1.2), ("j", True, 1.4)], False),
        ([("j", False, 1.5), ("j", True, 2.0)], False),  # a tie is no flip
        ([("j", False, 1.0), ("j", True, 1.5)], False),
        ([("j", False, 1.0)], None),  # one order only
        ([("j", False, 1.0), ("j", False, 2.0)], None),  # samples of one order
        ([("j", False, 1.0), ("k", True, 2.0)], None),  # two judges that disagree
        ([("j", False, 1.0), ("j", True, None)], None),
        ([("j", False, None), ("j", True, 2.0)], None),
        ([("j", False, 1.0), ("j", True, 1.0), ("k", False, 1.0), ("k", True, 2.0)], True),
        ([], None),
    ],
)
def test_a_flip_is_one_judge_that_prefers_another_output_in_another_order(
    verdicts: list[tuple[str, bool, float | None]], expected: bool | None
) -> None:
    assert is_flipped(annotation(*verdicts)) is expected


NO_PREFERENCES = [7, 0, 0.99, 2.01, -1.0, float("nan"), float("inf"), True, None, "1"]


@pytest.mark.parametrize("value", NO_PREFERENCES)
def test_a_verdict_outside_of_its_scale_is_none(value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever gives it: a built-in judge, or a parser."""

    class Odd(Parser):
        def read(self, completion: Completion) -> list[Reading]:  # noqa: ARG002
            return [Verdict(value)]  # type: ignore[arg-type]

    monkeypatch.setitem(BUILTIN, "odd", Builtin(lambda _: Verdict(value)))  # type: ignore[arg-type]
    builtin = replace(a_judge("odd"), parser=None)
    key = request_key(Request(Endpoint("openai"), "odd", prompt="?"))
    questions = [
        Question(builtin, View()),
        Question(replace(a_judge(), parser=Odd()), View(is_switched=True), key),
    ]
    for question in questions:
        (found,) = read(
            [Planned(a_pair(0), questions=(question,))],
            "test",
            Replies({key: Completion("said")}),
            {},
            lambda _: None,
        )
        assert found.value is None
        assert found.failure == f"unparsed: the verdict {value!r} is not a number from 1 to 2"


class Replies(dict[bytes, Entry]):
    """Replies as a cache has them."""

    def get_many(self, keys: Sequence[bytes]) -> Mapping[bytes, Entry]:
        return {key: self[key] for key in keys if key in self}


def test_both_ends_are_on_the_scale() -> None:
    assert PREFERENCE.holds(1)
    assert PREFERENCE.holds(2.0)
    assert PREFERENCE.holds(1.5)
