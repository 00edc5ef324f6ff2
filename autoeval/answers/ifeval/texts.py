"""What instructions count in a text: words, sentences, paragraphs; and its language."""

import re
from functools import cache
from typing import Any

from autoeval.errors import MissingExtraError
from autoeval.texts.patterns import lazy_pattern

_WORD = lazy_pattern(r"\w+")
_TOKEN = lazy_pattern(r"[^\W_]+(?:[-'’][^\W_]+)*")
_SENTENCE_END = lazy_pattern(r"[.!?…。！？]+[\"'”’)\]]*(?=\s|$)")
_NO_END = lazy_pattern(
    r"(?:\b(?:mr|mrs|ms|dr|prof|rev|st|jr|sr|vs|etc|inc|ltd|co|no|vol|fig|e\.g|i\.e|a\.m|p\.m|u\.s|ph\.d)|\b[A-Z]|^\s*\d+)$",
    re.IGNORECASE | re.MULTILINE,
)


def n_words(text: str) -> int:
    """Count words, as runs of letters, digits and underscores."""
    return len(_WORD.findall(text))


def n_capital_words(text: str) -> int:
    """Count words that are all capitals."""
    return sum(word.isupper() for word in _TOKEN.findall(text))


def n_sentences(text: str) -> int:
    """Count sentences: what ends with `.`, `!` or `?` before white space, or with the text.

    An abbreviation, an initial and the number of a list's item end none.
    """
    n, begin = 0, 0
    for end in _SENTENCE_END.finditer(text):
        before = text[begin : end.start()]
        if end.group().startswith(".") and len(end.group()) == 1 and _NO_END.search(before):
            continue
        n += bool(before.strip())
        begin = end.end()
    return n + bool(_WORD.search(text[begin:]))


def language_of(text: str) -> str:
    """Return the ISO 639-1 code of the language that a text is most probably in.

    Raises:
        MissingExtraError: the extra `ifeval` is not installed.
    """
    return str(_identifier().classify(text.lower())[0])


@cache
def _identifier() -> Any:
    try:
        import py3langid
    except ImportError:
        raise MissingExtraError("telling which language an output is in", "ifeval") from None
    return py3langid
