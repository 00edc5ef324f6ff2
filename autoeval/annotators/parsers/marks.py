"""Verdicts in double brackets, as judges are told to write them, in whatever spelling they do."""

import re
from collections.abc import Collection

from autoeval.texts.patterns import lazy_pattern

_MARK = lazy_pattern(r"\[\[[ \t]*([^\[\]\n]{1,40}?)[ \t]*\]\]")


def as_asked(text: str, patterns: Collection[re.Pattern[str]]) -> str:
    """Return a text with its marks spelled as patterns ask for them: `[[ a ]]` as `[[A]]`.

    A mark that some pattern finds as it stands stays so, as does one that none finds in any spelling.
    """

    def spelled(match: re.Match[str]) -> str:
        as_it_is, inner = match[0], match[1]
        spellings = [as_it_is, *(f"[[{one}]]" for one in (inner, inner.upper(), inner.lower()))]
        asked = (one for one in spellings if any(pattern.search(one) for pattern in patterns))
        return next(asked, as_it_is)

    return _MARK.sub(spelled, text) if "[[" in text else text
