"""Words that turn naming an output into something else than choosing it."""

import re

_NEARBY = 200
"""Characters around a mention that are looked at."""

_NEGATIONS = (
    # English; then German, French, Spanish, Italian, Portuguese, Dutch, Polish, Russian
    "not|never|nor|neither|cannot|no|than|over|unlike|against|worse|worst|weaker|weakest|inferior|poorer|poorest|lesser|"
    "less|least|lower|lowest|loser|losing|loses|rejects?|rejected|wrong|incorrect|bad|runner-up",
    "nicht|kein|keine|keinen|nie|niemals|weder|noch|als|schlechter|schlechtere|schlechtester|schlechteste|schwächer|"
    "schwächere|falsch|verliert",
    "pas|jamais|ni|aucun|aucune|que|pire|moins|mauvais|mauvaise|faux|perd",
    "nunca|jamás|peor|menos|ninguno|ninguna|mal|mala|malo",
    "non|mai|né|peggio|peggiore|meno|nessuno",
    "não|nunca|nem|pior|nenhum|nenhuma",
    "niet|geen|nooit|slechter|slechtste|minder",
    "nie|nigdy|gorszy|gorsza|gorsze|ani|żaden",
    "не|нет|ни|никогда|хуже|худший|слабее|чем",
)
_UNSPACED_NEGATIONS = "不|没|沒|非|无|無|别|差|劣|弱|错|錯|悪|負け|ない|ません|않|아니|못|나쁜|열등"
_AGAINST = rf"(?:\b(?:{'|'.join(_NEGATIONS)})\b|n['’]t\b|{_UNSPACED_NEGATIONS})"
# In the same sentence before a mention, and in the words that follow it.
_BEFORE = re.compile(rf"{_AGAINST}[^.!?;。！？；]*$", re.IGNORECASE)
_AFTER = re.compile(rf"\W*(?:\w+\W+){{0,2}}(?:fails|lacks|\w+n['’]t\b|{_AGAINST})", re.IGNORECASE)
_RIGHT_BEFORE = re.compile(
    r"(?:\b(?:not|never|no|cannot|nor|nicht|kein|pas|non|não|niet|nie|не)\b|n['’]t\b|不|没|非)\W+(?:\w+\W+){0,3}$",
    re.IGNORECASE,
)
_QUESTION = re.compile(r"[\W_]{0,6}?[?？]")


def is_against_before(text: str, end: int | None = None) -> bool:
    """Whether what stands before a mention (which begins at `end`) makes it no choice."""
    end = len(text) if end is None else end
    return _BEFORE.search(text[max(0, end - _NEARBY) : end]) is not None


def is_against_after(text: str, start: int) -> bool:
    """Whether what follows a mention makes it no choice."""
    return _AFTER.match(text[start : start + _NEARBY]) is not None


def is_doubted(text: str, start: int, end: int) -> bool:
    """Whether a statement is denied, or asked, rather than said."""
    before = re.split(r"[,.:;!?\n]", text[max(0, start - _NEARBY) : start])[-1]
    return bool(_RIGHT_BEFORE.search(before) or _QUESTION.match(text, end))
