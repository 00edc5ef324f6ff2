"""What models wrote, as they meant it to look: Markdown, code, tables and math as HTML in which nothing can run.

Three things stand between a text and the page: the parser knows no HTML, the sanitiser keeps a short list of tags
and attributes, and the page's content security policy forbids to load or run anything that is not ours.
"""

import re
from collections.abc import Collection, Mapping
from functools import cache, lru_cache
from html import escape
from typing import TYPE_CHECKING, Any

from autoeval.errors import MissingExtraError
from autoeval.texts.patterns import lazy_pattern

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from nh3 import Cleaner

EXTRA = "view"
LONGEST_RENDERED = 50_000
"""Characters of the longest text that is rendered: a parser's time may grow faster than a hostile text does."""
_LONGEST_MATH = 2_000
_DEEPEST = 60  # levels of lists and quotations: what is deeper would be left out
_KEPT = 2048

# fmt: off
_TEXT_TAGS = frozenset({
    "p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "strong", "em", "s", "blockquote", "ul",
    "ol", "li", "pre", "code", "table", "thead", "tbody", "tr", "th", "td", "a",
})
# fmt: on
# fmt: off
_MATH_TAGS = frozenset({
    "math", "mrow", "mi", "mn", "mo", "ms", "mtext", "mspace", "mfrac", "msqrt", "mroot", "msup",
    "msub", "msubsup", "mover", "munder", "munderover", "mtable", "mtr", "mtd", "mstyle", "mpadded",
    "mphantom", "menclose", "mmultiscripts", "mprescripts",
})
# fmt: on
_ATTRIBUTES: Mapping[str, Collection[str]] = {
    "*": (),
    "a": {"href"},
    "ol": {"start"},
    "math": {"display"},
    "mo": {"stretchy", "fence", "form", "separator", "accent", "minsize", "maxsize", "movablelimits"},
    "mi": {"mathvariant"},
    "mspace": {"width", "linebreak"},
    "mfrac": {"linethickness"},
    "mstyle": {"displaystyle", "scriptlevel"},
    "menclose": {"notation"},
    "mtable": {"columnalign"},
    "mtd": {"columnalign"},
}
_BRACKETS = lazy_pattern(r"(?<!\\)\\\((.+?)\\\)|(?<!\\)\\\[(.+?)\\\]", re.DOTALL)
_CODE = lazy_pattern(r"(^(?P<fence>```+|~~~+).*?(?:^(?P=fence)|\Z)|`+[^`]*`+)", re.DOTALL | re.MULTILINE)


def check_rendering() -> None:
    """Refuse to go on where the libraries that render are not installed.

    Raises:
        MissingExtraError: they are not.
    """
    try:
        _markdown()
        _sanitiser()
    except ModuleNotFoundError as error:
        raise MissingExtraError("showing Markdown, tables and math", EXTRA) from error


@lru_cache(_KEPT)
def rendered(text: str) -> str | None:
    """Render a text as HTML that may stand in a page as it is.

    Args:
        text: Markdown with math between dollar signs or TeX's brackets, as models write it; any text is some.

    Returns:
        The HTML; None where the text is too long, or where rendering it would show no more than the text does.
    """
    if not text or len(text) > LONGEST_RENDERED:
        return None
    try:
        html = _sanitiser().clean(_markdown().render(_with_dollars(text)))
    except (RecursionError, ValueError, IndexError):  # of a text that is out to break the parser
        return None
    return None if html == f"<p>{escape(text, quote=False)}</p>\n" else html


def _with_dollars(text: str) -> str:
    r"""Write \(…\) and \[…\] outside code as $…$ and $$…$$, which the parser knows."""
    parts = _CODE.split(text)
    # split() gives, after each piece of text, the code and the name of its fence
    pieces = [
        _BRACKETS.sub(_dollars, part) if number % 3 == 0 else part if number % 3 == 1 else ""
        for number, part in enumerate(parts)
    ]
    return "".join(piece or "" for piece in pieces)


def _dollars(match: re.Match[str]) -> str:
    inline, block = match.groups()
    return f"${inline.strip()}$" if inline is not None else f"$${block}$$"


@cache
def _markdown() -> "MarkdownIt":
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    parser = MarkdownIt("commonmark", {"html": False, "breaks": True, "maxNesting": _DEEPEST})
    parser.enable(["table", "strikethrough"])
    dollarmath_plugin(
        parser, allow_labels=False, allow_space=False, allow_digits=False, double_inline=True, renderer=_math
    )
    parser.add_render_rule("image", _image)
    return parser


def _image(_renderer: Any, tokens: Any, place: int, _options: Any, _env: Any) -> str:
    """Write an image as its text and address: loading it would tell its server who reads this."""
    token = tokens[place]
    return escape(f"[image: {token.content}] ({token.attrs.get('src', '')})")


def _math(source: str, options: dict[str, Any]) -> str:
    """Turn TeX into MathML, which browsers draw themselves; what is not understood stays as it was written."""
    is_block = bool(options.get("display_mode"))
    if len(source) <= _LONGEST_MATH:
        from latex2mathml.converter import convert

        try:
            # the converter passes on < as it is, also in what becomes text
            plain = source.replace("<", "\\lt ").replace(">", "\\gt ")
            return convert(plain, display="block" if is_block else "inline")
        except Exception:  # it raises whatever its parser stumbles over
            pass
    mark = "$$" if is_block else "$"
    return f"<code>{escape(mark + source + mark)}</code>"


@cache
def _sanitiser() -> "Cleaner":
    import nh3

    return nh3.Cleaner(
        tags=set(_TEXT_TAGS | _MATH_TAGS),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        url_schemes={"http", "https", "mailto"},
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
