"""The words of a text, as texts are compared by, in scripts with spaces between words and without."""

import unicodedata
from collections.abc import Iterable, Sequence

from autoeval.texts.patterns import lazy_pattern

_RUN = lazy_pattern(r"[^\W_]+(?:['’][^\W\d_]+)*")
_UNSPACED = lazy_pattern(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]+"
)
_STEM = 6
"""Letters by which the forms of a word (`compare`, `comparing`) count as one."""
_PER_WORD = 2
"""About so many characters are a word in scripts without spaces."""

_STOP_WORDS = """
a about above after again all also am an and any are as at be been before being below between both but by
can could did do does doing down during each even few for from further had has have having he her here
hers herself him himself his how i if in into is it its itself just kind kindly like me might more most
must my myself no nor not now of off on once only or other our ours out over own please really same shall
she should so some such thank thanks than that the their theirs them then there these they this those
through to too under until up us very was we were what when where which while who whom why will with would
yes yet you your yours
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())
"""English words that say nothing of what a text is about, politeness among them."""
_FILLERS = """
answer assistant best better careful carefully clear clearly dear detail detailed details following fully
good hello help hi instruction need nice overall prompt proper properly question request response simply
sure task thorough thoroughly try want well
"""
FILLERS = frozenset(_FILLERS.split())
"""Words that lengthen an instruction and ask for nothing."""


def words(text: str) -> list[str]:
    """Return the words of a text in their order, without case and differences of form (full-width letters).

    What is written without spaces between words (Chinese, Japanese, Thai, …) comes in pairs of characters, each
    overlapping the next.
    """
    found: list[str] = []
    for run in _RUN.findall(unicodedata.normalize("NFKC", text).casefold().replace("’", "'")):
        place = 0
        for unspaced in _UNSPACED.finditer(run):
            found += [run[place : unspaced.start()]] * (unspaced.start() > place)
            characters = unspaced[0]
            found += [characters[i : i + _PER_WORD] for i in range(max(1, len(characters) - 1))]
            place = unspaced.end()
        found += [run[place:]] * (place < len(run))
    return found


def stems(text: str) -> list[str]:
    """Return the words that say what a text is about, cut so that the forms of one are equal."""
    return [word[:_STEM] for word in words(text) if word not in STOP_WORDS]


def weight(found: Iterable[str]) -> float:
    """Return how many words these are, where a pair of characters is half of one."""
    return sum(0.5 if _UNSPACED.fullmatch(word) else 1.0 for word in found)


def n_words(text: str) -> float:
    """Count words; two characters of a script without spaces are one."""
    unspaced = _UNSPACED.findall(text)
    return len(_RUN.findall(_UNSPACED.sub(" ", text))) + sum(map(len, unspaced)) / _PER_WORD


def runs_of(found: Sequence[str], n: int) -> list[tuple[str, ...]]:
    """Return every stretch of n successive words; the whole where there are fewer."""
    return [tuple(found[i : i + n]) for i in range(max(1, len(found) - n + 1))]
