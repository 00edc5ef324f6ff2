"""Numbers in texts: found, and compared exactly."""

import re
from collections.abc import Iterator
from fractions import Fraction

from autoeval.texts.patterns import lazy_pattern

_DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)"
_NUMBER = lazy_pattern(rf"(?<![\w.])-?\s?\$?\s?(?:{_DIGITS}(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d{{1,3}}(?!\w))?")
_OVER = lazy_pattern(r"\s*/\s*(\d+)(?![\d/])")
_FRACTION = lazy_pattern(r"\\[dt]?frac\{\s*(-?\d+)\s*\}\{\s*(\d+)\s*\}")
_MINUSES = str.maketrans({"−": "-", "–": "-", "﹣": "-", "－": "-"})
_THOUSANDS = lazy_pattern(r"(?<=\d)(?:\\[,! ]|\\!,\\!|\{,\}|[\u00a0\u2009\u202f])(?=\d{3}(?!\d))")
_MIXED = lazy_pattern(r"[ \u00a0]{1,2}(\d{1,9})\s*/\s*(\d{1,9})(?![\d/.])")
_DECORATION = lazy_pattern(r"[,$\s]")
_LONGEST = 400
"""Digits beyond which a number is nobody's answer, and costs time."""


def numbers_in(text: str) -> Iterator[tuple[str, Fraction]]:
    r"""Find the numbers of a text, in their order.

    Thousands may be set off by commas or as LaTeX sets them off, a dollar sign may stand in front, `3/4`,
    `\\frac{3}{4}` and `2 3/4` are one number.

    Yields:
        Each as it is written, and its value.
    """
    text = _THOUSANDS.sub(",", _FRACTION.sub(r" \1/\2 ", text.translate(_MINUSES)))
    end = 0
    for match in _NUMBER.finditer(text):
        if match.start() < end:
            continue
        written, end = match.group(), match.end()
        value = _value(written)
        if value is None:
            continue
        over = _OVER.match(text, end)
        if over and len(over[1]) < _LONGEST and int(over[1]) and value.denominator == 1:
            end = over.end()
            yield text[match.start() : end].strip(), value / int(over[1])
        elif value.denominator == 1 and (part := _proper(_MIXED.match(text, end))):
            end = part[0]
            yield text[match.start() : end].strip(), value - part[1] if "-" in written else value + part[1]
        else:
            yield written.strip(), value


def _proper(match: re.Match[str] | None) -> tuple[int, Fraction] | None:
    """Return where a proper fraction ends, and its value; None where it is none."""
    if match is None or not 0 < int(match[1]) < int(match[2]):
        return None
    return match.end(), Fraction(int(match[1]), int(match[2]))


def last_number(text: str) -> tuple[str, Fraction] | None:
    """Return the last number of a text; None where it has none."""
    found = list(numbers_in(text))
    return found[-1] if found else None


def first_number(text: str) -> tuple[str, Fraction] | None:
    """Return the first number of a text; None where it has none."""
    return next(numbers_in(text), None)


def are_equal(value: Fraction, target: Fraction, tolerance: float = 0.0) -> bool:
    """Whether two numbers are the same, or differ by no more than a share of the second one."""
    return abs(value - target) <= Fraction(tolerance) * abs(target)


def _value(written: str) -> Fraction | None:
    clean = _DECORATION.sub("", written)
    if len(clean) > _LONGEST:
        return None
    return Fraction(clean)
