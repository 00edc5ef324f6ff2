"""Elimination by what a reply is in itself: refused, cut off, an answer, too short, an echo, or nothing gained."""

import re
from collections import Counter
from functools import cache

from autoeval.evolving.operations import MARKERS, Operation, prompt_of
from autoeval.evolving.steps import Reason, Reply, Step
from autoeval.prompting.templates import nonce
from autoeval.texts.declining import declines
from autoeval.texts.patterns import lazy_pattern
from autoeval.texts.words import FILLERS, n_words, runs_of, stems, weight, words

FEWEST_WORDS = 5
"""An instruction with fewer words says too little."""
FEWEST_NEW = 2
"""Words that an instruction made harder must at least have that the one before had not."""
_MOSTLY_NEW = 0.5
"""Where an instruction has not become longer, this share of its words must be new."""
_ECHOED = 6
"""So many successive words of the prompt are no coincidence."""

_MADE = (
    r"rewritten|re-written|reworded|rephrased|revised|evolved|created|given|modified|updated|enhanced|"
    r"improved|transformed|"
    r"adapted|expanded|refined|complicated|upgraded|generated"
)
_THING = r"prompt|instruction|request|question|task|version|query|problem"
_OF_ANY_LANGUAGE = (
    r"prompt|instruc|instrucción|anweisung|aufgabe|anfrage|consigne|requête|demande|solicitud|"
    r"pregunta|istruzion|richiesta|"
    r"solicitação|pedido|opdracht|指令|提示|请求|請求|问题|問題|指示|プロンプト|依頼|질문|지시|프롬프트|요청|промпт|инструкц|запрос|задани"
)
_NEW_IN_ANY_LANGUAGE = (
    rf"{_MADE}|new|neue?|überarbeit|umformulier|umgeschrieb|nouvel|réécrit|reformul|nueva|nuevo|"
    rf"reescrit|nuova|nuovo|riscritt|"
    r"nova|novo|nieuw|新|改写|改寫|修改|書き換え|새|수정|нов|перепис|изменен|измен"
)
_ECHOES = lazy_pattern(
    rf"\b(?:rewritten|re-written|evolved|reworded)[ _-](?:{_THING})\b"
    rf"|\bgiven[ _-]prompt\b|\bcreated[ _-]prompt\b"
    rf"|[#*<\[{{]+ ?(?:the )?(?:new|original|old|input|output|{_MADE}) (?:{_THING})s? ?[#*>\]}}:]"
    rf"|^\W*(?:the |my |your )?(?:new|original|final|harder|{_MADE}) (?:\w+ )?(?:{_THING})s?\W{{0,3}}[:：\n]"
    rf"|^\W*(?:(?:sure|certainly|of course|okay|ok|absolutely|great)\b[^\n:]{{0,40}})?"
    rf"here(?:'s| is| are)\b[^\n:]{{0,60}}"
    rf"(?:{_THING})[^\n:]{{0,40}}:"
    r"|\A\W*(?:sure|certainly|of course|absolutely)[,!.:]"
    rf"|\A\W*(?:(?:harder|new|{_MADE}) )?(?:version|output|outcome|result|reply)\s*:",
    re.IGNORECASE | re.MULTILINE,
)
_ANSWERS = lazy_pattern(
    r"^\W*(?:i'm|i am|we are|we're) (?:\w+ )?(?:ready|here|happy|glad|delighted|sorry for the "
    r"(?:confusion|misunderstanding))\b"
    r"|^\W*(?:how|what) (?:can|may|could|should|would) i (?:help|assist|do for)\b|^\W*what(?:'s| is) "
    r"your (?:request|question)\b"
    r"|^\W*(?:the )?answer(?: to (?:the|this|your)\b[^.\n]*)?(?: is\b|:)|^\W*thank you for (?:your|"
    r"the|sharing|reaching)\b"
    r"|^\W*(?:is there anything else|feel free to|i hope this|let me know)\b|^\W*(?:great|good|excellent) question\b",
    re.IGNORECASE,
)
_LABEL = lazy_pattern(
    rf"^(?=[^\n:：]*(?:{_NEW_IN_ANY_LANGUAGE}))(?=[^\n:：]*(?:{_OF_ANY_LANGUAGE}))[^\n:：]{{1,60}}[:：][ \t]*(?:\n|\S)",
    re.IGNORECASE,
)
_OWN = lazy_pattern(
    "|".join(rf"\b{re.escape(marker)}\b" for marker in MARKERS)
    + r"|\bREQUEST[ _:]?[AB]\b|(?i:\brequest[-_][ab]\b)"
)
_FENCED = lazy_pattern(r"(?P<fence>```+|~~~+)[\w-]*\n(?P<held>.*?)\n?(?P=fence)", re.DOTALL)
_QUOTED = lazy_pattern('"([^"]*)"|“([^”]*)”|«([^»]*)»|„([^“”]*)[“”]|「([^」]*)」', re.DOTALL)


def unwrapped(text: str) -> str:
    """Return a reply without what it stands in as a whole: a code fence or quotation marks."""
    plain = text.strip()
    if (fenced := _FENCED.fullmatch(plain)) is not None and "```" not in fenced["held"]:
        plain = fenced["held"].strip()
    if (quoted := _QUOTED.fullmatch(plain)) is not None:
        plain = next(held for held in quoted.groups() if held is not None).strip()
    return plain


def unfit(step: Step, reply: Reply) -> tuple[Reason, str] | None:
    """Return why a reply is no instruction, or none that is new, with what shows it; None where it may be one."""
    text = reply.text
    if reply.is_refused or (declines(text) and not declines(step.parent.text)):
        return Reason.REFUSED, "the writer declines to make one"
    if reply.is_cut_off:
        return Reason.CUT_OFF, "the reply ends at the writer's token limit"
    if (echo := echoed(step, text)) is not None:
        return Reason.ECHO, f"it says {echo!r}, which is the prompt's, not an instruction's"
    if (answer := _ANSWERS.search(text)) is not None and not _ANSWERS.search(step.parent.text):
        return Reason.ANSWER, f"{answer[0].strip()!r} begins a reply, not an instruction"
    if n_words(text) < FEWEST_WORDS or not stems(text):
        return Reason.TOO_SHORT, f"it has fewer than {FEWEST_WORDS} words, or only such as say nothing"
    if (lack := nothing_gained(step, text)) is not None:
        return Reason.NOTHING_GAINED, lack
    return None


def echoed(step: Step, text: str) -> str | None:
    """Return the words of the prompt, or about it, that a text repeats and its parent does not have; else None."""
    before = step.parent.text
    mark = nonce(before)
    if mark in text:
        return mark
    for pattern in (_OWN, _ECHOES, _LABEL):
        found = pattern.search(text)
        if found is not None and found[0].casefold() not in before.casefold():
            return found[0].strip()
    own = set(runs_of(words(before), _ECHOED))
    for run in runs_of(words(text), _ECHOED):
        if len(run) == _ECHOED and run in _runs_of_prompts() and run not in own:
            return " ".join(run)
    return None


@cache
def _runs_of_prompts() -> frozenset[tuple[str, ...]]:
    """Return every stretch of words of the prompts around an instruction."""
    parts = [
        part
        for operation in Operation
        for part in prompt_of(operation, "\0").replace(nonce("\0"), "\0").split("\0")
    ]
    return frozenset(run for part in parts for run in runs_of(words(part), _ECHOED))


def nothing_gained(step: Step, text: str) -> str | None:
    """Return why an instruction asks for nothing that its parent does not; None where it may do so."""
    before, after = Counter(stems(step.parent.text)), Counter(stems(text))
    if before == after:
        return "it has the words of the instruction before"
    fillers = {filler for word in FILLERS for filler in stems(word)}
    new = weight((Counter({word: n for word, n in after.items() if word not in fillers}) - before).elements())
    if new < FEWEST_NEW:
        return "it adds next to nothing to the instruction before"
    is_longer = n_words(text) > n_words(step.parent.text)
    if step.operation.is_in_depth and not is_longer and new < _MOSTLY_NEW * weight(after.elements()):
        return "it is no longer than the instruction before and has most of its words"
    return None
