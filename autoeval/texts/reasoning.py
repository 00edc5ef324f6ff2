"""How models mark off the reasoning before a reply, in one table, and a reply without it."""

import re
from collections.abc import Iterator
from enum import Enum, auto

from autoeval.texts.literals import spans_in
from autoeval.texts.patterns import lazy_pattern


class Role(Enum):
    """What a mark does. An answer mark says that what comes before it is not the reply."""

    OPENS = auto()
    CLOSES = auto()
    CLOSES_ITS_OWN = auto()
    """Closes what a mark of its name has opened; elsewhere it is an ordinary end of a turn or of a tag."""
    ANSWERS = auto()


# Some servers escape a reply, once or twice, and some models write full-width bars.
_LEFT, _RIGHT = (
    r"(?:\\?<|&(?:amp;)?lt;|(?-i:\\u003[cC])|＜|◁)[|｜]?",
    r"[|｜]?(?:\\?>|&(?:amp;)?gt;|(?-i:\\u003[eE])|＞|▷)",
)
_WORD = (
    r"[\w:.-]{0,40}?(?:think|thought|reason|reflect|scratch_?pad|monologue|analysis|(?<![a-z])cot(?![a-z])|思考|推理)"
    r"[\w:.-]{0,40}"
)

# The first row that matches at a place counts. A tag's name is what it says; other marks name their family.
_TABLE: tuple[tuple[str, Role, str], ...] = (
    # <think>, <thought>, <seed:think>, <antThinking>, <|thinking|>, <|begin_of_thought|>, ◁think▷, &lt;think&gt;
    (rf"{_LEFT}\s*/\s*[|｜]?{_WORD}\s*{_RIGHT}", Role.CLOSES, ""),
    (rf"{_LEFT}(?:end_{_WORD}|{_WORD}_end){_RIGHT}", Role.CLOSES, ""),
    (rf"{_LEFT}\s*{_WORD}(?:\s[^<>\n]{{0,200}})?{_RIGHT}", Role.OPENS, ""),
    (r"<details\s[^<>]{0,200}reasoning[^<>]{0,200}>", Role.OPENS, "details"),
    (r"</details>", Role.CLOSES_ITS_OWN, "details"),
    (r"(?-i:\[THINK\])", Role.OPENS, "bracket"),
    (r"(?-i:\[/THINK\])", Role.CLOSES, "bracket"),
    (r"<unused94>", Role.OPENS, "unused"),
    (r"<unused95>", Role.CLOSES, "unused"),
    (r"<\|inner_prefix\|>", Role.OPENS, "inner"),
    (r"<\|inner_suffix\|>", Role.CLOSES, "inner"),
    # harmony, whole and with its special tokens dropped
    (r"<\|channel\|>\s*final\b[^<]{0,100}(?:<\|message\|>)?", Role.ANSWERS, "channel"),
    (r"<\|channel\|>[^<]{0,100}(?:<\|message\|>)?", Role.OPENS, "channel"),
    (r"<\|(?:end|call|return)\|>", Role.CLOSES_ITS_OWN, "channel"),
    (r"(?-i:\A\s*(?:assistant)?analysis(?=[A-Z]|.*assistantfinal))", Role.OPENS, "dropped"),
    (r"(?-i:assistantfinal)", Role.CLOSES_ITS_OWN, "dropped"),
    # <|channel>thought … <channel|>
    (r"<\|channel>\s*final\b", Role.ANSWERS, "turn"),
    (r"<\|channel>\s*\w*", Role.OPENS, "turn"),
    (r"<channel\|>", Role.CLOSES, "turn"),
    (r"<\|(?:begin_of_solution|start_response|start_text|content)\|>", Role.ANSWERS, "solution"),
)
MARK = lazy_pattern(
    "|".join(f"(?P<row{number}>{pattern})" for number, (pattern, _, _) in enumerate(_TABLE)),
    re.IGNORECASE | re.DOTALL,
)
_START = lazy_pattern(r"\A|[<＜◁&\[]|\\(?=[<u])|assistantfinal")
"""Where a mark can begin; to try each row of the table at every character would take far longer."""
# Whatever holds no such sign holds no mark.
_SIGNS = ("<", "＜", "◁", "&", "\\u003", "THINK]", "analysis", "assistantfinal")
_WORDS = (
    *(
        "think",
        "thought",
        "reason",
        "reflect",
        "scratch",
        "monologue",
        "analysis",
        "cot",
        "details",
        "unused9",
    ),
    *(
        "inner_",
        "channel",
        "|end|",
        "|call|",
        "|return|",
        "begin_of_solution",
        "start_response",
        "start_text",
        "|content|",
        "思考",
        "推理",
    ),
    "assistantfinal",
)
"""One of them, in whatever case, is in each mark."""
# Outputs hold such marks, and judges speak of them: in code, as here, they are quotations.
_QUOTED_BEFORE = lazy_pattern(r"(?:^|[\s(\[,;:])`$")
_QUOTED_AFTER = lazy_pattern(r"`(?=[\s.,;:!?)\]]|$)")
_NOT_IN_NAMES = lazy_pattern(r"begin|start|end|of|[^a-z]")


def without_reasoning(text: str) -> str | None:
    """Return what follows or surrounds the reasoning; None where it does not end.

    Where only the end is marked, since some servers swallow the opening mark, everything before it is reasoning.
    A mark within a JSON value, or on its own between backticks, is a quotation.
    """
    marks = list(_marks(text))
    if not marks:
        return text
    last_close = {name: start for start, _, role, name in marks if role is not Role.OPENS}
    kept: list[str] = []
    opened: list[str] = []
    again: list[str] = []
    at, is_begun = 0, False
    for start, end, role, name in marks:
        was_open = bool(opened)
        if not was_open:
            kept.append(text[at:start])
        at = end
        if role is Role.OPENS:
            (again if name in opened else opened).append(name)
            continue
        if name in opened and role is not Role.ANSWERS:
            opened = opened[: opened.index(name)]
        elif role is Role.CLOSES_ITS_OWN or (
            role is Role.CLOSES and any(last_close.get(one, 0) > start for one in opened)
        ):
            continue
        else:
            opened = []
        if not is_begun and (role is Role.ANSWERS or not was_open):
            kept.clear()
        elif not was_open and name in again:  # opened twice, so all before the second end is reasoning
            again.remove(name)
            kept.pop()
        is_begun = is_begun or not opened
    return None if opened else "\n".join([*kept, text[at:]])


def opens_with_reasoning(text: str) -> bool:
    """Whether a text begins with a mark that opens reasoning, be it closed or not."""
    first = next(_marks(text), None)
    if first is None:
        return False
    start, _, role, name = first
    return role is Role.OPENS and name != "dropped" and not text[:start].strip()


def may_hold_marks(text: str) -> bool:
    """Whether it is worth looking for marks, which takes far longer; True wherever there is one."""
    for sign in _SIGNS:  # no generator: it would take as long as the looking
        if sign in text:
            break
    else:
        return False
    folded = text.casefold()
    return any(word in folded for word in _WORDS)


def matches(text: str) -> Iterator[re.Match[str]]:
    """Walk through what looks like a mark, as `MARK.finditer` does."""
    end = 0
    for start in _START.finditer(text):
        if start.start() >= end and (match := MARK.match(text, start.start())) is not None:
            end = match.end()
            yield match


def _marks(text: str) -> Iterator[tuple[int, int, Role, str]]:
    if not may_hold_marks(text):
        return
    found = [match for match in matches(text) if not match[0].rstrip("|>").endswith("/")]
    values = spans_in(text) if found else iter(())
    value = next(values, None)
    for match in found:
        start, end = match.span()
        while value is not None and value[1] <= start:
            value = next(values, None)
        if value is not None and value[0] < start:
            continue
        if _QUOTED_BEFORE.search(text, max(0, start - 2), start) and _QUOTED_AFTER.match(text, end):
            continue
        _, role, family = _TABLE[int((match.lastgroup or "row0").removeprefix("row"))]
        yield start, end, role, family or _NOT_IN_NAMES.sub("", match[0].lower())
