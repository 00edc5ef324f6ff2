"""What a reply says to the eye: entities, full-width signs, tags, emphasis and LaTeX read as what they show."""

import html
import re

from autoeval.annotators.parsers.tables import with_tables_said
from autoeval.annotators.parsers.words import WORSE, words_of
from autoeval.texts.patterns import lazy_pattern

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_INVISIBLE = dict.fromkeys(
    [
        *(0xAD, 0x61C, 0x2060, 0x20E3, 0xFEFF),  # 20E3 draws a key around a digit
        *(*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0xFE00, 0xFE10)),
    ]
)
_LOOK_ALIKE = str.maketrans(
    {
        "−": "-",
        "≻": ">",
        "≫": ">",
        "﹥": ">",
        "⟩": ">",
        "≺": "<",
        "≪": "<",
        "﹤": "<",
        "⟨": "<",
        "，": ",",
        "、": ",",
    }
) | str.maketrans("「」『』【】《》〈〉〝〞„‚‘’‹›", '""""""""""""""\'\'""')
_SEEN = {**_FULL_WIDTH, **_INVISIBLE, **_LOOK_ALIKE}

_ESCAPED = lazy_pattern(r"\\u003([cde])", re.IGNORECASE)
_LATEX_SIGNS = (
    (lazy_pattern(r"\\(?:gt|succ|gg)(?![a-zA-Z])"), ">"),
    (lazy_pattern(r"\\(?:lt|prec|ll)(?![a-zA-Z])"), "<"),
    (lazy_pattern(r"\\[()\[\]]|\$"), " "),
)
_LATEX_TEXT = lazy_pattern(r"\\(?:text\w{0,8}|math\w{0,8}|bf)\s{0,3}\{([^{}]*)\}")
_LATEX_BOX = lazy_pattern(r"\\[df]?box(?:ed)?\s{0,3}\{([^{}]*)\}")
_SPECIAL_TOKEN = lazy_pattern(r"<\|[^<>|\n]{1,40}\|>|<(?:end|start)_of_turn>")
_INLINE_TAG = lazy_pattern(
    r"</?(?:b|i|u|em|strong|code|mark|span|font|small|big|sub|sup|tt|kbd)(?:\s[^<>\n]{0,200})?/?>",
    re.IGNORECASE,
)
_TAG = lazy_pattern(r"</?[a-zA-Z][\w:.-]{0,40}(?:\s[^<>\n]{0,200})?/?>|<!--|-->")
_STRUCK = lazy_pattern(
    r"<(del|s|strike)\b[^<>\n]{0,40}>.{0,2000}?</\1\s*>|~~(?=\S)[^\n]{1,400}?~~"
    "|(?:[^\\W_][\u0334-\u0338\u20d2\u20d3\u20e5\u20e6\u20ea\u20eb])+",
    re.IGNORECASE | re.DOTALL,
)
"""What tags, tildes or strokes through its letters strike out."""
_TAGGED = lazy_pattern(r"<([a-zA-Z][\w:.-]{0,40})>([^<>\n]{1,60})</\1\s*>")
_EMPHASIS = lazy_pattern(r"(?<![^\W_])_{1,3}(?=[^\W_])|(?<=[^\W_])_{1,3}(?![^\W_])")
# What begins or ends a line of a quotation, a heading, a list or a table.
_EDGE_OF_LINE = lazy_pattern(
    r"^[ \t]*(?:(?:[>|=/•]|#{1,6}|[-*+–—](?=[ \t]))[ \t]*)+|(?<![ \t])[ \t]*\|[ \t]*$", re.MULTILINE
)


def shown(text: str) -> str:
    """Return a text or a label with full-width signs as ordinary ones and without invisible ones."""
    return text if text.isascii() else text.translate(_SEEN)


def without_struck(text: str) -> str:
    """Return a text without what is struck out in it, which its writer takes back."""
    return _STRUCK.sub("", text) if "~~" in text or "</" in text or not text.isascii() else text


def _announced(tagged: re.Match[str]) -> str:
    """Return `<loser>a</loser>` as `loser: a`, as its tag is no mere form."""
    return f"\n{tagged[1]}: {tagged[2]}\n" if WORSE & set(words_of(tagged[1])) else tagged[0]


def without_markup(text: str, has_tags: bool = True) -> str:
    """Return what a reader sees of a text.

    Args:
        text: the reply.
        has_tags: whether what looks like a tag is one; no where labels look so.
    """
    for _ in range(2):  # some servers escape twice
        text = html.unescape(text) if "&" in text else text
    text = shown(text)
    if "\\" in text or "$" in text:
        text = _ESCAPED.sub(lambda match: {"c": "<", "d": "=", "e": ">"}[match[1].lower()], text)
        text = _LATEX_TEXT.sub(r" \1 ", text)
        text = _LATEX_BOX.sub(lambda match: f'"{match[1].strip()}"', text)
        for pattern, sign in _LATEX_SIGNS:
            text = pattern.sub(sign, text)
    if has_tags and "<" in text:
        text = _TAGGED.sub(_announced, text)
        text = _TAG.sub("\n", _INLINE_TAG.sub("", _SPECIAL_TOKEN.sub("\n", text)))
    text = _EMPHASIS.sub("", text) if "_" in text else text
    return _EDGE_OF_LINE.sub("", with_tables_said(text))
