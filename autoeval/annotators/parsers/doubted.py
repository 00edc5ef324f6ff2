"""Words and signs with which a reply denies a statement, asks it or gives it as an example, rather than says it."""

import re

from autoeval.annotators.parsers.words import NOT, WORSE, WRONG, pattern_of
from autoeval.texts.patterns import lazy_pattern

_NEARBY, _A_FEW_WORDS = 200, 50
"""Characters around a statement that are looked at."""

_GAP = r"[^\w,.:;!?\n]+"
_CLAUSE_ENDS = lazy_pattern(r"[,.:;!?\n]")
_WORD, _MOST_WORDS_BETWEEN = lazy_pattern(r"\w+(?:['’]\w+)?"), 3
_DENIED_BY_SIGN = lazy_pattern(
    rf"[不没非](?:{_GAP}(?:\w+{_GAP}){{0,3}})?$"
    r"|(?<!差)(?:[不没沒未]|非(?!常))(?![错錯同过過仅僅但分相论論管])[^\s,.:;!?，。：；！？]{0,6}[ ]?$"
)
_IS = (
    r"(?:is|was|are|be|been|would(?: be| have been)?|will be|may be|might be|can be|seems?|looks?|"
    r"ist|wäre|wird|est|serait|es|sería|è|sarebbe|é|seria)"
)
_NO_VERDICT = (
    r"(?:not|never|no|too|wrong|incorrect|false|worse|inferior|un(?:fair|just\w*|true|warranted)|nicht|falsch|zu|"
    r"pas|trop|faux|demasiado|incorrecto|falso|sbagliato|errado)"
)
# Of languages that have no `is`, or put what denies at the end.
_WITHOUT_IS = (
    r"(?:невер\w+|неправ\w+|ошибочно|невірно|değil|yanlış|salah|sai|نیست|نادرست|ليس|ليست|خطأ|خاطئ|غلط|"
    r"שגוי|नहीं|गलत)"
)
_DENIED_AFTER = lazy_pattern(
    rf"[^\w,.:;!?\n]{{0,8}}(?:(?:loses|lost|fails|failed|lacks)\b|{_IS}(?:n['’]t\b|{_GAP}(?:\w+{_GAP})?{_NO_VERDICT}\b)|"
    rf"\((?:the[ ])?(?:worst|worse|loser|ascending|reversed)\b|"
    rf"would have been\b|would be\b[^.!?\n]{{0,40}}\b(?:if|had|were)\b|"
    rf"if\b|{_WITHOUT_IS}|"
    r"(?:是|は|이|가|을|를|도|が)?[ ]?(?:不|错|錯|ではな|ではあ|でな|じゃな|正しくな|誤|間違|"
    r"아니|아닙|아님|틀렸|틀립|틀린))",
    re.IGNORECASE,
)
_EXAMPLE = (
    r"(?:\b(?:e\.[ ]?g\.|z\.[ ]?B\.|p\.[ ]?ej\.|for[ ](?:example|instance)|example|such[ ]as|beispiel(?:sweise)?|"
    r"exemple|ejemplo|exemplo|esempio|bijvoorbeeld|na[ ]przykład|například|например|пример|наприклад|παράδειγμα|"
    r"örneğin|misalnya|contoh|ví[ ]dụ|مثلا|مثال|לדוגמה|उदाहरण)|例如|比如|例えば|たとえば|예를[ ]들어|"
    r"예시)[\s:,\"'`*(]{0,6}"
)
_TURNED_BEFORE = lazy_pattern(
    rf"(?:~~|¬|!\(?|<!--\W*|\bwould[ ]have[ ][^.!?:\n]{{0,30}}|"
    rf"[✗✘❌🚫⛔👎]\W{{0,3}}|{_EXAMPLE}|^\W*{pattern_of(WRONG)}\W*|"
    r"\b(?:wrong|incorrect|false|untrue)[ ](?:that|to[ ]say)[ ]*|"
    r"\b(?:opposite|reverse|inverse|contrary)[ ](?:of|to)[ ]*)$",
    re.IGNORECASE,
)
_OF_THE_WORSE = lazy_pattern(
    rf"(?:\b(?:least|lowest|ascending|reversed?)\b|{pattern_of(WORSE)})[^.!?:,;\n]{{0,30}}:\W*$",
    re.IGNORECASE,
)
_TURNED_AFTER = lazy_pattern(
    r"\)?[ ]?(?:~~|[✗✘❌🚫⛔👎]|(?:[:=→]|->)[ ]?(?:false|wrong|incorrect|untrue|no)(?=[ ]?(?:[.!,;)\n]|\Z)))",
    re.IGNORECASE,
)
_QUESTION = lazy_pattern(r"[\W_]{0,6}?[?？]")


def is_doubted(text: str, start: int, end: int) -> bool:
    """Whether a statement is denied, or asked, rather than said."""
    if _QUESTION.match(text, end) or _DENIED_AFTER.match(text[end : end + _NEARBY]):
        return True
    before = text[max(0, start - _A_FEW_WORDS) : start]
    line = before.rpartition("\n")[2]
    if _TURNED_AFTER.match(text, end) or _TURNED_BEFORE.search(line):
        return True
    return _is_denied(before) or (":" in line and _OF_THE_WORSE.search(line) is not None)


def _is_denied(before: str) -> bool:
    """Whether a text that a statement follows denies it, with a few words between the two at most."""
    words = _WORD.findall(_CLAUSE_ENDS.split(before)[-1].casefold())[-_MOST_WORDS_BETWEEN - 1 :]
    is_denied = not NOT.isdisjoint(words) or any(word.endswith(("n't", "n’t")) for word in words)
    return is_denied or _DENIED_BY_SIGN.search(before) is not None
