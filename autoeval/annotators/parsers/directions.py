"""Which way a ranking goes, as a reply says it: from the better output to the worse one, or the other way round."""

import re

from autoeval.annotators.parsers.against import LONGEST_HEADING
from autoeval.annotators.parsers.doubted import is_doubted
from autoeval.annotators.parsers.words import WORSE, pattern_of
from autoeval.texts.patterns import lazy_pattern

BEST_FIRST = "by merit"
"""What stands for `best to worst` while a reply is read: it names no worse output, and turns nothing round."""
_WORST_FIRST = lazy_pattern(
    rf"worst|least|ascend|revers|aufsteigend|croissant|cresc?ente|rosnąco|возраст|artan|"
    rf"تصاعدي|升序|昇順|오름차순|{pattern_of(WORSE)}",
    re.IGNORECASE,
)
_RANKED = r"(?: (?:ones?|outputs?|models?|responses?|answers?|replies|reply|options?|texts?|quality))?"
_TO_BEST = (
    rf"{_RANKED}\s*(?:\bto\b|[-=]+>|[→⟶⇒])\s*(?:the )?(?:best|better|good|strong|great|high|most|top)"
    rf"|{_RANKED} first(?= *(?:[^\w ]|$))"
)
_WORST_TO_BEST = lazy_pattern(
    rf"\b(?:worst|worse|weak(?:er|est)|poorer|poorest)\b(?:{_TO_BEST})"
    r"|\bvo[nm] (?:schlecht|schwach|schwäch)\w* (?:nach|zu[mr]?|bis)\b"
    r"|\bd[ue] (?:moins bon|pire|plus (?:mauvais|faible)) (?:au|vers)\b"
    r"|\bd(?:el?|o) (?:peor|pior) (?:al?|ao)\b|\bdal? peggio\w* a|\bот худш\w+ к"
    r"|[从從由自][\w ]{0,4}[差弱坏壞劣][\w ]{0,4}[到至往]"
    r"|[悪弱](?:い)?(?:もの|方|ほう)?(?:から)?順|[悪弱]い(?:もの|方|ほう)から|(?:나쁜|약한)\s*(?:것부터|순)",
    re.IGNORECASE,
)
"""Says of a ranking that it goes from the worse output to the better one."""
_ASCENDING = lazy_pattern(
    rf"\b(?:least|low(?:er|est)?|bottom|bad|weak|poor)\b(?:{_TO_BEST})|\bascending\b"
    r"|\bincreasing (?:order|quality)|\border of increasing|\breversed? order|\baufsteigend|\bordre croissant"
    r"|\borde[nm] (?:creciente|crescente|ascendente)|\bordine crescente|\bпо возрастанию|\brosnąco"
    r"|[从從由自][\w ]{0,4}低[\w ]{0,4}[到至往]|升序|昇順|低い?(?:もの|方|ほう)?(?:から)?順"
    r"|낮은\s*(?:것부터|순)|오름차순|تصاعدي",
    re.IGNORECASE,
)
"""Says it of any order, of numbers that an output sorts as well: it counts in a line that says little else."""
_LETTERS_END = r"(?![^\W_])"
_BEST_TO_WORST = lazy_pattern(
    rf"(?<![^\W_])(?:best|better|good|strong(?:est|er)?){_RANKED}"
    rf"[\s_-]{{0,3}}(?:to(?![^\W_])|[-=]{{1,4}}>|[→⟶⇒])[\s_-]{{0,3}}"
    rf"(?:the )?(?:worst|worse|weak(?:est|er)?|bad|poor(?:est|er)?){_RANKED}{_LETTERS_END}"
    r"|\bhighest (?:quality to (?:the )?lowest(?: quality)?|to lowest quality)\b"
    r"|\bvo[nm] (?:best|besser|gut|stark|stärk)\w* (?:nach|zu[mr]?|bis)(?: zu[mr]?)? (?:schlecht|schwach|schwäch)\w*"
    r"|\bd[ue] (?:meilleure?|mieux|plus fort) (?:au|à|vers)(?: l[ae])? "
    r"(?:pire|moins bon(?:ne)?|(?:plus )?(?:mauvais|faible))\b"
    r"|\bd(?:el?|o|a|e la) (?:mejor|melhor) (?:al?|ao|à|a la|para o) (?:peor|pior)\b"
    r"|\bdal?(?:la)? migliore al?(?:la)? peggiore\b|\bот лучш\w+ к худш\w+"
    r"|[从從由自]最?[好优優佳强強]的?(?:回答|输出)?[到至往]最?[差弱坏壞劣]的?(?:回答|输出)?"
    r"|良い(?:もの|方|ほう)?から(?:悪|劣)い(?:もの|方|ほう)?(?:へ|の順|まで)?",
    re.IGNORECASE,
)
"""Says of a ranking that it goes from the better output to the worse one, as every ranking does that says nothing."""


def without_best_to_worst(text: str) -> str:
    """Return a text in which what says that the better output comes first does not speak of the worse one.

    Where that is denied or asked, it stays.
    """
    if not _BEST_TO_WORST.search(text):
        return text
    return _BEST_TO_WORST.sub(lambda said: said[0] if is_doubted(text, *said.span()) else BEST_FIRST, text)


def is_worst_first(name: str) -> bool:
    """Whether the name of a list, or its heading, says that it begins with the worse output."""
    return _WORST_FIRST.search(name.replace("_", " ")) is not None


def goes_upward(text: str) -> bool:
    """Whether a reply says that its ranking begins with the worse output, whether as a heading, a field or an aside."""
    short = (line for line in text.splitlines() if len(line) < LONGEST_HEADING)
    return _WORST_TO_BEST.search(text) is not None or any(map(_ASCENDING.search, short))
