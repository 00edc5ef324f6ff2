"""What is counted of pairs as they pass by, against sums by hand."""

import math
from dataclasses import replace

import pytest

from autoeval.leaderboards.preferences import Preference
from autoeval.leaderboards.tally import Tally
from autoeval.types import Annotation, Case, Judgment

ROWS = [
    Preference("i1", "a", 2.0, 10, 20, True),
    Preference("i2", "a", 1.0, 11, 30, True),
    Preference("i3", "", 1.5, 12, 5, False),
    Preference("i4", "b", None, 13, 6, None),
    Preference("i5", "b", None, 13, 6, None),
    Preference("i6", "b", None, 13, 6, None),
]


def spread(values: list[float], times: int = 1, **fields: float) -> list[Preference]:
    """Return a row for each value, an instruction each, as many times as wanted."""
    return [
        Preference(f"i{number}", "ab"[number % 2], value, 1, 1, **fields)  # type: ignore[arg-type]
        for _ in range(times)
        for number, value in enumerate(values)
    ]


VALUES = [1.0, 2.0, 2.0, 1.5, 1.25, 2.0, 1.0, 1.75]


def test_numbers_are_those_of_the_rows_and_the_rows_come_out_again() -> None:
    tally = Tally.of(ROWS)
    assert list(tally.stored()) == ROWS
    assert (tally.n_judged, tally.n_missing, tally.coverage) == (3, 3, 0.5)
    assert tally.flip_rate == pytest.approx(200 / 3)
    assert tally.avg_length == (20 + 30 + 5 + 6 + 6 + 6) // 6
    whole = tally.win_rate()
    assert (whole.win_rate, whole.n_wins, whole.n_wins_base, whole.n_draws) == (50, 1, 1, 1)
    worst = tally.worst_case()
    assert (worst.low, worst.high, worst.n_missing) == pytest.approx((25, 75, 3))
    none = Tally()
    assert (none.n_judged, none.coverage, none.flip_rate, none.avg_length) == (0, 0, None, 0)
    assert none.constant_share == 0


def test_subsets_come_largest_first_whatever_was_judged_of_them() -> None:
    rates = Tally.of(ROWS).by_subset()
    assert [(name, rate.n_total, rate.n_missing) for name, rate in rates.items()] == [
        ("b", 0, 3),
        ("a", 2, 0),
        ("(none)", 1, 0),
    ]
    assert (rates["a"].win_rate, rates["(none)"].win_rate) == (50, 50)
    assert math.isnan(rates["b"].win_rate)
    assert set(Tally.of(spread(VALUES)).by_subset()) == {"a", "b"}
    assert Tally.of(ROWS[:2]).by_subset() == {}, "one is the whole"


def test_samples_of_one_instruction_are_one_observation_also_in_a_subset() -> None:
    """The same four times is known no better than once; as 32 observations it would be, by half."""
    once, again = (Tally.of(spread(VALUES, times)) for times in (1, 4))
    assert (once.has_samples, again.has_samples) == (False, True)
    assert Tally.of([*ROWS[:1] * 2, ROWS[1]]).has_samples, "whichever comes last"
    assert again.win_rate().win_rate == once.win_rate().win_rate
    for one, other in [
        (once.win_rate(), again.win_rate()),
        *zip(once.by_subset().values(), again.by_subset().values(), strict=True),
    ]:
        assert other.standard_error > 0.8 * one.standard_error
    t, clustered = (again.interval(method, 0) for method in ("t_plus4", "clustered"))
    assert t.high - t.low == pytest.approx(clustered.high - clustered.low, rel=0.3)
    alone = once.interval("clustered", 0)
    assert alone.value == once.win_rate().win_rate


def test_a_weight_counts_a_row_so_many_times() -> None:
    doubled = [replaced for row in spread(VALUES) for replaced in [row] * (3 if row.preference == 2 else 1)]
    weighted = [row._replace(weight=3.0 if row.preference == 2 else 1.0) for row in spread(VALUES)]
    many, heavy = Tally.of(doubled), Tally.of(weighted)
    assert heavy.win_rate().win_rate == pytest.approx(many.win_rate().win_rate)
    assert heavy.win_rate().win_rate != pytest.approx(Tally.of(spread(VALUES)).win_rate().win_rate)
    for name, rate in many.by_subset().items():
        assert heavy.by_subset()[name].win_rate == pytest.approx(rate.win_rate)
    assert list(heavy.stored()) == weighted
    none_once = Tally.of([row._replace(weight=2 * row.weight) for row in weighted])
    assert none_once.win_rate().win_rate == pytest.approx(many.win_rate().win_rate)


def judged(number: int, value: float | None, *judgments: Judgment, **fields: object) -> Annotation:
    case = Case.pair(number, f"question {number}", "abc", "abcde" if number else "another", dataset="s")
    return Annotation(case, "judge", value, judgments=judgments, **fields)  # type: ignore[arg-type]


def test_annotations_are_counted_with_their_prices_reasons_and_models() -> None:
    paid = Judgment("judge", 2.0, price=0.25, model="m-1", adapted=("without temperature",))
    other = replace(paid, is_switched=True, value=1.0, model="m-2")
    annotations = [
        judged(0, 1.5, paid, other),
        judged(1, 2.0, replace(paid, price=None), weight=2.0),
        judged(2, None, failure="unparsed: it says nothing"),
        replace(judged(3, None), case=Case.pair(3, "q", "", "abcde")),
    ]
    tally = Tally()
    assert list(tally.counted(annotations)) == annotations
    assert dict(tally.failures) == {"unparsed": 1, "unknown": 1}
    assert tally.prices[0] == 0.5
    assert all(map(math.isnan, tally.prices[1:]))
    assert (tally.models, tally.adapted) == ({"m-1", "m-2"}, {"without temperature"})
    rows = list(tally.stored())
    assert [row.preference for row in rows] == [1.5, 2.0, None, None]
    assert [row.is_flipped for row in rows] == [True, None, None, None]
    assert [(row.length_1, row.length_2, row.subset) for row in rows[:2]] == [(3, 7, "s"), (3, 5, "s")]
    assert [row.weight for row in rows] == [1, 2, 1, 1]
    assert rows[3].subset == ""
    assert tally.constant_share == 0.5, "three of four are the same: a lead of two"
