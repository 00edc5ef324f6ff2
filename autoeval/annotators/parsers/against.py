"""Words that turn naming an output into something else than choosing it."""

import re

from autoeval.annotators.parsers.doubted import is_doubted
from autoeval.annotators.parsers.words import NOT, WORD, WORSE, WRONG, unspaced
from autoeval.texts.patterns import lazy_pattern

_NEARBY = 200
"""Characters around a mention that are looked at."""

_OTHER_WORDS = (
    "than over unlike against lesser less least low lower lowest bad runner "
    "als schwächer minder que moins mauvais mauvaise menos meno mal mala malo чем"
)
_TURNING = NOT | WORSE | WRONG
_NEGATIONS = _TURNING | frozenset(_OTHER_WORDS.split())
_CONDITIONAL = lazy_pattern(
    r"\W*(?:if|when|wenn|falls|si|se|если)\b(?!\W*(?:i|ich|je|forced|asked|pressed|pushed|needed|required|so)\b)",
    re.IGNORECASE,
)
LONGEST_HEADING, _FEW_WORDS = 60, 3
_SPURNED = lazy_pattern(
    r"\b(?:except|without|instead|unless|avoid|dislike\w*|discard\w*|eliminat\w+|remove\w*|exclude\w*|fails|weak|"
    r"(?:anything|everything|everyone|all) but|(?:2nd|second) (?:place|best|choice)|(?:rank|place)\w* (?:2|two))\b"
    r"|^\W*(?:2nd|second|last|bottom|eliminated)\W*$",
    re.IGNORECASE,
)
FAULTS = lazy_pattern(
    r"\b(?:incorrect\w*|inaccura\w+|wrong\w*|false\w*|fabricat\w+|hallucinat\w+|mislead\w*|irrelevant|unhelpful|useless|"
    r"nonsens\w+|gibberish|incoherent|incomplete|unrelated|off-topic|poor\w*|bad\w*|terribl\w+|fail\w*|lacks?|lacking|"
    r"missing|misses|ignor\w+|error\w*|mistake\w*|confus\w+|contradict\w+|harmful|empty|unclear|misunderst\w+)\b",
    re.IGNORECASE,
)
"""What a critique finds fault with, in English."""
_FALLS_SHORT = lazy_pattern(
    r"\b(?:underperform\w*|disappoint\w*|refus\w+|problems?|flaw\w*|omit\w*|invents?|beaten|lags?|trails|falls|needs|"
    r"suffers|struggles|(?:would|could|might) (?:be|have)|until|if|unless|makes up|made up)\b",
    re.IGNORECASE,
)
_REASON = lazy_pattern(
    r"\W*\b(?:because|since|as|for|due|despite|although|though|whose|thanks)\b", re.IGNORECASE
)
_CLAUSE = lazy_pattern(r"[^,.:;!?()\n。！？；，]*")
_UNSPACED = lazy_pattern(
    "不|没|沒|非|无|無|别|差|劣|弱|错|錯|悪|败|敗|ない|ません|않|아니|아닙|아님|못|틀린|"
    + unspaced(WORSE, WRONG)
)
_COMPARED_WITH, _THAN = lazy_pattern(r"比[^\w\n]{0,4}$"), lazy_pattern(r"[^\w\n]{0,4}(?:より|보다)")
_END_OF_SENTENCE = lazy_pattern(r"[.!?;。！？；]")
_ASKED = " \t*_`\"'?？"
"""What ends a question that a label answers."""


def is_against_before(text: str, end: int | None = None) -> bool:
    """Whether what stands before a mention (which begins at `end`), in its sentence, makes it no choice."""
    end = len(text) if end is None else end
    before = _last_sentence(text[max(0, end - _NEARBY) : end])
    spurned = (_UNSPACED, _SPURNED, _COMPARED_WITH)
    return any(pattern.search(before) for pattern in spurned) or any(map(_is_negation, _words(before)))


def is_against_after(text: str, start: int) -> bool:
    """Whether the words that follow a mention make it no choice: `**a** is worse`, `model_1 makes errors`."""
    after = text[start : start + _NEARBY]
    if _THAN.match(after) or _UNSPACED.search(after[:10]) or any(map(_is_negation, _words(after)[:3])):
        return True
    clause = _CLAUSE.match(after, len(after) - len(after.lstrip(" *_`\"'")))
    words = " ".join(_words(clause[0])[:4]) if clause else ""
    return not _REASON.match(words) and bool(FAULTS.search(words) or _FALLS_SHORT.search(words))


def _words(text: str) -> list[str]:
    return WORD.findall(text.replace("_", " "))


def _is_negation(word: str) -> bool:
    word = word.casefold()
    return word in _NEGATIONS or word.endswith(("n't", "n’t"))


def is_of_another(announcement: str) -> bool:
    """Whether what stands before a colon makes of what follows it something else than the verdict."""
    is_conditional = _CONDITIONAL.match(_last_sentence(announcement)) is not None
    return is_conditional or is_against_before(announcement) or _is_no_statement(announcement)


def is_turned(announcement: str) -> bool:
    """Whether what stands before a colon may make of what follows it its opposite: it speaks of losing, or denies."""
    sentence = _last_sentence(announcement)
    words = {word.casefold() for word in _words(sentence)}
    is_denied = bool(words & _TURNING) or _UNSPACED.search(sentence) is not None
    return is_denied or _is_no_statement(announcement)


def _last_sentence(text: str) -> str:
    """Return the sentence that goes on where a text ends; a question goes on in its answer."""
    return _END_OF_SENTENCE.split(text.rstrip(_ASKED))[-1]


def _is_no_statement(announcement: str) -> bool:
    return is_doubted(f"{announcement}:", len(announcement) + 1, len(announcement) + 1)


def lines_said(text: str) -> list[str]:
    """Return the lines of a text, without one below a heading that makes it something else: `Loser:`, then a label."""
    said: list[str] = []
    heading = ""
    for line in text.splitlines():
        if not any(map(str.isalnum, line)):
            continue
        if not heading or len(line.split()) >= _FEW_WORDS or not is_of_another(heading):
            said.append(line)
        bare = line.strip(" \t*_")
        is_heading = bare.endswith((":", "?", "？")) or (":" not in bare and len(bare.split()) < _FEW_WORDS)
        heading = bare.rstrip(":*_?？ ") if is_heading and len(bare) < LONGEST_HEADING else ""
    return said
