"""Grades as judges write them: one number, perhaps out of a total, and nothing behind that makes another one of it."""

import re

from autoeval.annotators.parsers.labels import PACKAGING
from autoeval.texts.patterns import lazy_pattern

NUMBER = r"[-+]?(?:\d+(?:[.,]\d+)?|[.,]\d+)"
_SLASH = r"/|\\/|∕|⁄"


def out_of(name: str = "total") -> str:
    """Return the pattern of a total behind a grade, as in `8/10` or `8 (out of 10)`, as a group that may be absent."""
    return rf"(?:\s{{0,3}}\(?\s{{0,3}}(?:{_SLASH}|out of|of)\s{{0,3}}(?P<{name}>{NUMBER})\)?)?"


_THOUSANDS = lazy_pattern(r"[-+]?\d{1,3},\d{3}")
_UNITS = "分点點점"
_NUMERAL = (
    r"(?:\d|[¼½¾⅐-⅞]|(?:half|quarter|zero|one|two|three|four|five|six|seven|eight|nine|ten|twenty|hundred)\b)"
)
_JOINERS = (
    r"[,;:/|~^+×±→⇒≈=<>–—−(\[\\∕⁄-]|"
    r"(?:or|to|of|out|until|up|through|and|but|no|max|maximum|rather|maybe|perhaps|possibly|even|then|now|make|it|minus|plus|"
    r"times|vs|versus|than|instead|not|a|an|another|stars?|points?|bis|oder|und|ou|et|o|y|e|или|до|и)\b|"
    rf"满分|滿分|或者?|到|至|から|または|또는|[{_UNITS}]"
)
_CLOSING = r"[\s*_\"'`)\]}”»]{0,6}"
_SCALED = (
    r"[%％‰^¼½¾⅐-⅞]|per\s?cent\b|[ ]?(?:이상|이하|미만|초과|以上|以下|未満|左右)|"
    r"(?:[ \t]{0,3}(?:dozen|hundred|thousand|million)\b)"
)
_BLANK = "[ \t\u00a0\u202f]"
_GOES_ON = lazy_pattern(
    rf"[.,]\d|(?![{_UNITS}])\w|"
    rf"{_CLOSING}(?:{_SCALED}|{_BLANK}\d|"
    rf"(?:{_BLANK}{{0,3}}(?:{_JOINERS})[*_\"'`.]{{0,3}}{_BLANK}{{0,3}}){{1,6}}{_NUMERAL})",
    re.IGNORECASE,
)


def as_number(text: str) -> float | None:
    """Return a number with a decimal point or comma; None for what could be thousands (`1,000`)."""
    return None if _THOUSANDS.fullmatch(text) else float(text.replace(",", "."))


def goes_on(text: str, end: int) -> bool:
    """Whether what follows a number, which ends at `end`, makes it a part of something else.

    `8 or 9`, `8½`, `8%`, `8e1`, `8 → 6` and `8 of ten` are not 8. Only what stands on its line is looked at.
    """
    return _GOES_ON.match(text[end : end + 80].partition("\n")[0]) is not None


def bare(text: str) -> str:
    """Return a text without what packages a number; a point before a digit is part of it."""
    inner = text.strip(PACKAGING.replace("-", ""))
    start = text.find(inner)
    while inner[:1].isdigit() and start and text[start - 1] in ".,":
        start -= 1
        inner = text[start] + inner
    return inner
