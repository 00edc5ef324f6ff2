"""When a judge flips, and what is no verdict on a pair."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from autoeval.annotators.builtin import BUILTIN, Builtin
from autoeval.annotators.combine import combine, is_flipped
from autoeval.annotators.kinds import View
from autoeval.annotators.parsers import Parser, Reading
from autoeval.annotators.plan import Planned, Question
from autoeval.annotators.read import read
from autoeval.completions.cache import Entry
from autoeval.completions.keys import request_key
from autoeval.types import PREFERENCE, Annotation, Completion, Endpoint, Judgment, Verdict
from tests.annotators.planning import a_judge, a_pair, a_plan


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


def test_orders_of_different_turns_are_no_flip() -> None:
    of_turns = [Judgment("j", 1.0, part="turn_1"), Judgment("j", 2.0, is_switched=True, part="turn_2")]
    assert is_flipped(Annotation(a_pair(0), "test", 1.5, judgments=tuple(of_turns))) is None


def test_a_turn_is_the_weighted_mean_of_its_judgments_and_the_case_that_of_its_turns() -> None:
    first = Judgment("j", 1.0, part="turn_1", parts={"style": 3.0})
    judgments = [
        first,
        Judgment("k", 2.0, part="turn_1", parts={"style": 5.0}, weight=4.0),
        Judgment("j", 2.0, part="turn_2"),
        Judgment("k", 1.5, part="turn_2"),
    ]
    found = combine(Planned(a_pair(0)), "both", judgments)
    assert found.value == pytest.approx((1.8 + 1.75) / 2)
    assert (found.weight, found.failure) == (7 / 4, None)
    assert found.parts == {"turn_1": 1.8, "turn_2": 1.75, "style": 4.0}
    assert found.judgments == tuple(judgments)
    missing = [*judgments[:3], replace(judgments[3], value=None, failure="filtered")]
    lacking = combine(Planned(a_pair(0)), "both", missing)
    assert (lacking.value, lacking.failure) == (None, "filtered")
    assert lacking.parts == {"turn_1": 1.8, "style": 4.0}
    alone = combine(Planned(a_pair(0)), "both", [first])
    assert (alone.value, alone.parts) == (1.0, {"turn_1": 1.0, "style": 3.0})


def test_two_orders_that_name_different_winners_are_a_tie_for_the_judge_that_is_to_name_one() -> None:
    questions = (Question(a_judge("strict", disagreement="tie"), View()), Question(a_judge("mild"), View()))

    def settled(*values: float | None) -> float | None:
        said = [
            Judgment(judge, value, is_switched)
            for (judge, is_switched), value in zip(
                [("strict", False), ("strict", True), ("mild", False), ("mild", True)], values, strict=True
            )
        ]
        found = combine(Planned(a_pair(0), questions=questions), "jury", said)
        assert [judgment.value for judgment in found.judgments] == list(values), "what was said is kept"
        return found.value

    assert settled(1.0, 1.8, 1.0, 1.8) == pytest.approx((1.5 + 1.5 + 1.0 + 1.8) / 4)
    assert settled(1.0, 1.2, 1.0, 1.8) == pytest.approx((1.0 + 1.2 + 1.0 + 1.8) / 4)
    assert settled(1.9, 2.0, 1.0, 1.8) == pytest.approx((1.9 + 2.0 + 1.0 + 1.8) / 4)
    assert settled(1.0, 1.5, 1.0, 1.0) == pytest.approx((1.5 + 1.5 + 1.0 + 1.0) / 4)
    assert settled(1.0, None, 1.0, 1.8) is None


NO_PREFERENCES = [7, 0, 0.99, 2.01, -1.0, float("nan"), float("inf"), True, None, "1"]


@pytest.mark.parametrize("value", NO_PREFERENCES)
def test_a_verdict_outside_of_its_scale_is_none(value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever gives it: a built-in judge, or a parser."""

    class Odd(Parser):
        def read(self, completion: Completion) -> list[Reading]:  # noqa: ARG002
            return [Verdict(value)]  # type: ignore[arg-type]

    monkeypatch.setitem(BUILTIN, "odd", Builtin(lambda _: Verdict(value)))  # type: ignore[arg-type]
    builtin = replace(a_judge("odd"), endpoint=Endpoint("builtin"), parser=None)
    for judge in (builtin, replace(a_judge(order="fixed"), parser=Odd())):
        plan = a_plan([a_pair(0)], judge)
        replies = Replies({request_key(request): Completion("said") for request in plan.requests()})
        (found,) = read(plan, "test", replies, {}, lambda _: None)
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
