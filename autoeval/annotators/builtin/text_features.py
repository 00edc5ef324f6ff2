"""What the embedded judge `offline` sees of a text: a dozen numbers, from its words and its layout alone.

Everything here is plain Python on a few passes over the text, so that the numbers are the same on every
platform and a text of 100,000 characters takes milliseconds. Length in characters is left out on purpose:
what grows with length here (different words, paragraphs) is capped, and a text that repeats itself loses
variety.
"""

import math
import re
from dataclasses import dataclass
from functools import lru_cache

from autoeval.texts.patterns import lazy_pattern

# A run of letters or digits with inner apostrophes; scripts written without spaces count by the character.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_WORD = lazy_pattern(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+(?:['’][^\W_{_UNSPACED}]+)*")
_WORDS_AND_SPACES = lazy_pattern(r"[\w\s]+")
_PARAGRAPH_BREAK = lazy_pattern(r"\n\s*\n")
_CODE = lazy_pattern(
    r"```|^[ \t]*(?:def|class|import|from|function|const|var|public|SELECT|#include)\b|[{};]$", re.MULTILINE
)
_CODE_REQUEST = lazy_pattern(
    r"\b(?:code|program|script|function|algorithm|regex|query|python|javascript|typescript|java|sql|html|css"
    r"|bash|rust|c\+\+)(?!\w)",
    re.IGNORECASE,
)
_REFUSAL = lazy_pattern(
    r"\b(?:as an ai\b|as a(?: large)? language model|i(?:'m| am) (?:sorry|unable|not able)|sorry, "
    r"|i apologi[sz]e|i (?:can't|cannot|do not have|don't have|don't know)\b|not possible to)"
)
_LEFTOVER = lazy_pattern(
    r"<\|?/?(?:im_|endoftext|s>|nooutput|user|assistant|human)|\[/?inst\]"
    r"|^(?:### ?)?(?:instruction|input|user|human|assistant)\s*:",
    re.MULTILINE,
)
_FUNCTION_WORDS = frozenset(
    _WORD.findall(
        """
        a about all also and any are as at be but by can could do does for from give had has
        have he her him his how i if in into is it its made make may me more most my no not of
        on one or our please she should so some than that the their them then there they this to
        two use was we were what when where which who why will with would write you your
        """
    )
)
_LONG_ENOUGH_TO_END = 250  # characters; below it, a label or a title may well end without a full stop
_OPENING = 400  # characters in which a refusal says that it is one; further on it may be dialogue


@dataclass(frozen=True, slots=True)
class Features:
    """What is measured of one output; each number is bounded or grows with a logarithm."""

    variety: float  # different words / sqrt(words), Guiraud's index of lexical richness; at most 14
    variety_above_8: float  # the part of `variety` above 8, so that the slope can change there
    own_content: float  # log(1 + different content words that the instruction lacks), at most 150 of them
    function_words: float  # the share of "the", "of", ..., shrunk for short texts, within 0.2 to 0.6
    punctuation: float  # the share of the characters that are no letter, digit or space, at most 0.1
    paragraphs: float  # log(1 + blank lines), at most 8 of them
    bold: float  # 1 with Markdown's bold
    code_as_asked: float  # 1 with code, where the instruction asks for code
    refusal: float  # 1 with "I'm sorry", "as an AI", "I cannot" near the start
    cut_off: float  # 1 where a text of more than 250 characters stops without closing punctuation
    leftovers: float  # 1 with a chat template's marks or a next turn: "<|im_end|>", "### Input:", "User:"
    other_script: float  # how far the share of letters beyond ASCII is from the instruction's, 0 to 1
    empty: float  # 1 without a single word


@dataclass(frozen=True, slots=True)
class _Asked:
    """What counts of an instruction."""

    words: frozenset[str]
    code: bool
    beyond_ascii: float


@lru_cache(maxsize=64)  # pairs come instruction by instruction; a few are kept so that memory stays flat
def _asked(instruction: str) -> _Asked:
    return _Asked(
        words=frozenset(_WORD.findall(instruction.lower())),
        code=bool(_CODE_REQUEST.search(instruction)),
        beyond_ascii=_beyond_ascii(instruction),
    )


def _beyond_ascii(text: str) -> float:
    if text.isascii():
        return 0.0
    return sum(not c.isascii() and c.isalpha() for c in text) / (sum(not c.isspace() for c in text) or 1)


def _ends(text: str) -> bool:
    """Whether the last character can close a text: a full stop, a quote, an emoji, but no comma."""
    return not (text[-1].isalnum() or text[-1] in ",-–—(/\\")


def measure(instruction: str, output: str) -> Features:
    """Measure one output to an instruction.

    Args:
        instruction: what was asked, its input merged in.
        output: any text; white space around it does not count.

    Returns:
        The features, all finite, for any two strings.
    """
    asked = _asked(instruction)
    text = output.strip()
    lower = text.lower()
    words = _WORD.findall(lower)
    different = set(words)
    content = different - _FUNCTION_WORDS
    variety = min(len(different) / math.sqrt(len(words) or 1), 14.0)
    function_words = (sum(word in _FUNCTION_WORDS for word in words) + 3) / (len(words) + 10)
    return Features(
        variety=variety,
        variety_above_8=max(0.0, variety - 8),
        own_content=math.log1p(min(len(content - asked.words), 150)),
        function_words=min(max(function_words, 0.2), 0.6),
        punctuation=min(len(_WORDS_AND_SPACES.sub("", text)) / (len(text) or 1), 0.1),
        paragraphs=math.log1p(min(len(_PARAGRAPH_BREAK.findall(text)), 8)),
        bold=float("**" in text),
        code_as_asked=float(asked.code and _CODE.search(text) is not None),
        refusal=float(_REFUSAL.search(lower[:_OPENING].replace("’", "'")) is not None),
        cut_off=float(len(text) > _LONG_ENOUGH_TO_END and not _ends(text)),
        leftovers=float(_LEFTOVER.search(lower) is not None),
        other_script=abs(_beyond_ascii(text) - asked.beyond_ascii),
        empty=float(not words),
    )
