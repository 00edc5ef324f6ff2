"""Words that turn naming an output into something else than choosing it."""

import re

_NEARBY, _A_FEW_WORDS = 200, 50
"""Characters around a mention that are looked at."""

# English; then German, French, Spanish, Italian, Portuguese, Dutch, Polish, Russian
_WORDS = (
    "not never nor neither cannot no than over unlike against worse worst weaker weakest inferior poorer poorest "
    "lesser less least lower lowest loser losing loses reject rejects rejected wrong incorrect bad runner "
    "nicht kein keine keinen nie niemals weder noch als schlechter schlechtere schlechtester schlechteste "
    "schwächer schwächere falsch verliert "
    "pas jamais ni aucun aucune que pire moins mauvais mauvaise faux perd "
    "nunca jamás peor menos ninguno ninguna mal mala malo "
    "non mai né peggio peggiore meno nessuno "
    "não nem pior nenhum nenhuma "
    "niet geen nooit slechter slechtste minder "
    "nigdy gorszy gorsza gorsze ani żaden "
    "не нет ни никогда хуже худший слабее чем"
)
_NEGATIONS = frozenset(_WORDS.split())
_SPURNED = re.compile(
    r"\b(?:except|without|instead|unless|avoid|dislike\w*|discard\w*|eliminat\w+|remove\w*|exclude\w*|fails|weak|"
    r"(?:anything|everything|everyone|all) but|(?:2nd|second) (?:place|best|choice)|(?:rank|place)\w* (?:2|two))\b"
    r"|^\W*(?:2nd|second)\W*$",
    re.IGNORECASE,
)
FAULTS = re.compile(
    r"\b(?:incorrect\w*|inaccura\w+|wrong\w*|false\w*|fabricat\w+|hallucinat\w+|mislead\w*|irrelevant|unhelpful|useless|"
    r"nonsens\w+|gibberish|incoherent|incomplete|unrelated|off-topic|poor\w*|bad\w*|terribl\w+|fail\w*|lacks?|lacking|"
    r"missing|misses|ignor\w+|error\w*|mistake\w*|confus\w+|contradict\w+|harmful|empty|unclear|misunderst\w+)\b",
    re.IGNORECASE,
)
"""What a critique finds fault with, in English."""
_FALLS_SHORT = re.compile(
    r"\b(?:underperform\w*|disappoint\w*|refus\w+|problems?|flaw\w*|omit\w*|invents?|beaten|lags?|trails|falls|needs|"
    r"suffers|struggles|(?:would|could|might) (?:be|have)|until|if|unless|makes up|made up)\b",
    re.IGNORECASE,
)
_REASON = re.compile(
    r"\W*\b(?:because|since|as|for|due|despite|although|though|whose|thanks)\b", re.IGNORECASE
)
_CLAUSE = re.compile(r"[^,.:;!?()\n。！？；，]*")
_UNSPACED = re.compile("不|没|沒|非|无|無|别|差|劣|弱|错|錯|悪|負け|ない|ません|않|아니|못|나쁜|열등")
_WORD = re.compile(r"\w+(?:['’]\w+)?")
_END_OF_SENTENCE = re.compile(r"[.!?;。！？；]")
_GAP = r"[^\w,.:;!?\n]+"
_DENIED = re.compile(
    rf"(?:\b(?:not|never|no|cannot|neither|nor|nicht|kein|pas|non|não|niet|nie|не)\b|n['’]t\b|不|没|非)(?:{_GAP}(?:\w+{_GAP}){{0,3}})?$",
    re.IGNORECASE,
)
_IS = (
    r"(?:is|was|are|be|been|would(?: be| have been)?|will be|may be|might be|can be|seems?|looks?|"
    r"ist|wäre|wird|est|serait|es|sería|è|sarebbe|é|seria)"
)
_NO_VERDICT = (
    r"(?:not|never|no|too|wrong|incorrect|false|worse|inferior|nicht|falsch|zu|pas|trop|faux|demasiado|incorrecto|falso|"
    r"sbagliato|errado)"
)
_DENIED_AFTER = re.compile(
    rf"[^\w,.:;!?\n]{{0,8}}(?:(?:loses|lost|fails|failed|lacks)\b|{_IS}(?:n['’]t\b|{_GAP}(?:\w+{_GAP})?{_NO_VERDICT}\b)|"
    r"(?:是|は|이)?(?:不|错|錯|ではない|じゃない|아니))",
    re.IGNORECASE,
)
_TURNED_BEFORE = re.compile(
    r"(?:~~|¬|!\(?|^\W*(?:wrong|incorrect|false|untrue)\W*|\b(?:wrong|incorrect|false|untrue)[ ](?:that|to[ ]say)[ ]*|"
    r"\b(?:opposite|reverse|inverse|contrary)[ ](?:of|to)[ ]*|"
    r"\b(?:worst|least|lowest|ascending|reversed?)\b[^.!?:\n]{0,30}:\W*)$",
    re.IGNORECASE | re.MULTILINE,
)
_TURNED_AFTER = re.compile(
    r"\)?[ ]?(?:~~|[✗✘❌]|(?:[:=→]|->)[ ]?(?:false|wrong|incorrect|untrue|no)(?=[ ]?(?:[.!,;)\n]|\Z)))",
    re.IGNORECASE,
)
_QUESTION = re.compile(r"[\W_]{0,6}?[?？]")


def is_against_before(text: str, end: int | None = None) -> bool:
    """Whether what stands before a mention (which begins at `end`), in its sentence, makes it no choice."""
    end = len(text) if end is None else end
    before = _END_OF_SENTENCE.split(text[max(0, end - _NEARBY) : end])[-1]
    is_spurned = _UNSPACED.search(before) is not None or _SPURNED.search(before) is not None
    return is_spurned or any(map(_is_negation, _WORD.findall(before)))


def is_against_after(text: str, start: int) -> bool:
    """Whether the words that follow a mention make it no choice: `**a** is worse`, `model_1 makes errors`."""
    after = text[start : start + _NEARBY]
    if _UNSPACED.search(after[:10]) or any(map(_is_negation, _WORD.findall(after)[:3])):
        return True
    clause = _CLAUSE.match(after, len(after) - len(after.lstrip(" *_`\"'")))
    words = " ".join(_WORD.findall(clause[0])[:4]) if clause else ""
    return not _REASON.match(words) and bool(FAULTS.search(words) or _FALLS_SHORT.search(words))


def _is_negation(word: str) -> bool:
    word = word.lower()
    return word in _NEGATIONS or word.endswith(("n't", "n’t"))


def is_doubted(text: str, start: int, end: int) -> bool:
    """Whether a statement is denied, or asked, rather than said."""
    if _QUESTION.match(text, end) or _DENIED_AFTER.match(text[end : end + _NEARBY]):
        return True
    before = text[max(0, start - _A_FEW_WORDS) : start]
    if _TURNED_AFTER.match(text, end) or _TURNED_BEFORE.search(before.rpartition("\n")[2]):
        return True
    return _DENIED.search(before) is not None
