"""Numbers are found as people write them, and compared exactly."""

from fractions import Fraction

import pytest

from autoeval.answers.numbers import are_equal, first_number, last_number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("It is 42.", "42"),
        ("$1,234.50 in all", "1234.50"),
        ("−7", "-7"),
        ("from 3 to -4", "-4"),
        ("2*1/2=1.0", "1"),
        ("so 3/4 of it", "3/4"),
        (r"\frac{3}{4}", "3/4"),
        ("1e3", "1000"),
        (".5", "1/2"),
        ("1,2,3", "3"),
        ("12,000,000 people", "12000000"),
        (r"1\,000", "1000"),
        ("1{,}234{,}567", "1234567"),
        ("12\u202f345", "12345"),
        ("100 200", "200"),
        ("2 1/2 cups", "5/2"),
        (r"-2\frac{1}{2}", "-5/2"),
        ("each of 3 4/2", "2"),
        ("1.5 1/2", "1/2"),
        ("10%", "10"),
        ("A4 paper, v2.1", None),
        ("none", None),
        ("", None),
        ("5/0", "0"),
        ("9" * 500, None),
    ],
)
def test_the_last_number(text: str, value: str | None) -> None:
    found = last_number(text)
    assert (found and found[1]) == (None if value is None else Fraction(value))


def test_the_first_number() -> None:
    assert first_number(" $18 per day, not 19") == ("$18", Fraction(18))


def test_equal_within_a_share_of_the_target() -> None:
    assert are_equal(Fraction("101"), Fraction(100), 0.01)
    assert not are_equal(Fraction("101.1"), Fraction(100), 0.01)
    assert are_equal(Fraction("0.30"), Fraction("3/10"))
