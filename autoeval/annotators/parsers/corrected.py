"""What a judge says to take a verdict back: whatever stands before it counts only where it is said again."""

import re
from collections.abc import Callable

from autoeval.texts.literals import spans_in
from autoeval.texts.patterns import lazy_pattern
from autoeval.types import Unparsed, Verdict

TAKEN_BACK = Unparsed("the reply corrects what it says, and gives no verdict again")
_TAKES_BACK = lazy_pattern(
    r"[ \t>*_#\"'-]{0,12}(?:"
    r"(?:actually|wait|hold on|correction|on (?:second thought|reflection)|scratch that|strike that|oops|sorry|"
    r"apologies|my mistake|let me (?:reconsider|correct|revise|redo|rethink)|"
    r"i (?:made a mistake|(?:take|took) (?:that|it) back|(?:have )?changed my mind|misspoke|was wrong)|"
    r"korrektur|moment|warte|eigentlich|doch nicht|entschuldigung|ich korrigiere|correctie|wacht|eigenlijk|"
    r"attende?z?|en fait|finalement|pardon|désolée?|correzione|aspetta|in realtà|anzi|scus[ai]|"
    r"corrección|espera|en realidad|mejor dicho|perdón|lo siento|correção|espere|na verdade|desculpe|"
    r"korekta|czekaj|właściwie|przepraszam|oprava|исправление|поправка|подождите|стоп|на самом деле|извините|"
    r"виправлення|зачекайте|насправді|düzeltme|aslında|koreksi|tunggu|sebenarnya|đính chính|thực ra|"
    r"تصحيح|انتظر|في الواقع|عذرا|اصلاح|در واقع|תיקון|רגע|למעשה)\b|"
    r"no wait\b|(?:no|nein|nee|non|não|нет|לא|لا)[,،:]|"
    r"更正|等等|等一下|不对|不對|其实|其實|抱歉|我错了|重新考虑|"
    r"訂正|待って|いや|実は|すみません|考え直|정정|잠깐|사실은|죄송|다시 생각)",
    re.IGNORECASE,
)
_ENDS = lazy_pattern(r"\n|[.!?;。！？`}\]](?:\s|(?<=[。！？]))")
"""What ends a sentence."""


def unless_taken_back(
    reading: Verdict | Unparsed, text: str, read: Callable[[str], Verdict | Unparsed]
) -> Unparsed | None:
    """Return why a reading does not count: what follows the last correction of a reply does not say it again.

    Args:
        reading: what was read from the whole reply.
        text: the reply.
        read: reads a part of it.
    """
    if not isinstance(reading, Verdict):
        return None
    begun = [0, *(end.end() for end in _ENDS.finditer(text))]
    marks = [mark for start in begun if (mark := _TAKES_BACK.match(text, start))]
    values = list(spans_in(text)) if marks else []
    # what a value quotes, such as an explanation, takes nothing back
    starts = [mark.start() for mark in marks if not any(start < mark.end() <= end for start, end in values)]
    if not starts:
        return None
    again = read(text[starts[-1] :])
    is_same = isinstance(again, Verdict) and (again.value, again.weight) == (reading.value, reading.weight)
    return None if is_same else TAKEN_BACK
