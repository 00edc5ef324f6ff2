"""What every parser is, and the tolerance that they share."""

import ast
import json
import re
from abc import abstractmethod
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict

from autoeval.types import Completion, Unparsed, Verdict

Reading = Verdict | Unparsed


class Parser(BaseModel):
    """Reads verdicts from a reply; its fields are what a config may say under `parser`.

    A verdict is about the outputs as shown: 1 where the first one is better. A parser is tolerant of packaging
    (code fences, think tags, quotes, trailing prose) and never of ambiguity.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    @abstractmethod
    def read(self, completion: Completion) -> list[Reading]:
        """Return a verdict, or why there is none, for each pair that the prompt asked about."""


def body(completion: Completion) -> str | Unparsed:
    """Return the text of a reply without its thinking, or why there is nothing to read."""
    if completion.refusal:
        return Unparsed(f"the judge refused: {completion.refusal}")
    if completion.finish_reason == "content_filter":
        return Unparsed("the judge's reply was filtered")
    text = _without_thinking(completion.text)
    if text is None:
        return Unparsed("the reply ends inside the judge's thinking; raise its token limit")
    if not text.strip():
        return Unparsed(_why_empty(completion))
    return text.strip()


def _why_empty(completion: Completion) -> str:
    if completion.finish_reason == "length":
        return "the reply is empty because it was cut off; raise the judge's token limit"
    return "the reply is empty"


_THINKING = re.compile(r"<(think|thinking|reasoning)>.*?</\1>", re.DOTALL | re.IGNORECASE)
_OPEN_THINKING = re.compile(r"<(think|thinking|reasoning)>", re.IGNORECASE)
_CLOSE_THINKING = re.compile(r"^.*</(?:think|thinking|reasoning)>", re.DOTALL | re.IGNORECASE)


def _without_thinking(text: str) -> str | None:
    text = _THINKING.sub("", text)
    text = _CLOSE_THINKING.sub("", text)  # some servers swallow the opening tag
    return None if _OPEN_THINKING.search(text) else text


_FENCE = re.compile(r"```[\w-]*\n?(.*?)```", re.DOTALL)


def values_in(text: str) -> list[Any]:
    """Return every JSON (or Python) object or list that stands in a text, outermost ones, in order."""
    fenced = _FENCE.findall(text)
    found = [value for piece in fenced for value in _literals(piece)] if fenced else []
    return found or _literals(text)


def _literals(text: str) -> list[Any]:
    values, at = [], 0
    while (start := _next_bracket(text, at)) is not None:
        value, end = _literal_at(text, start)
        if end is not None:
            values.append(value)
        at = end if end is not None else start + 1
    return values


def _next_bracket(text: str, at: int) -> int | None:
    match = re.compile(r"[{\[]").search(text, at)
    return match.start() if match else None


_DECODER = json.JSONDecoder(strict=False)


def _literal_at(text: str, start: int) -> tuple[Any, int | None]:
    try:
        return _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        pass
    end = _closing_bracket(text, start)
    if end is None:
        return None, None
    try:
        return ast.literal_eval(text[start:end]), end
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None, None


def _closing_bracket(text: str, start: int) -> int | None:
    """Return the position after the bracket that closes the one at `start`, quotes respected."""
    depth, quote, at = 0, "", start
    while at < len(text):
        char = text[at]
        if quote:
            if char == "\\":
                at += 1
            elif char == quote:
                quote = ""
        elif char in "\"'":
            quote = char
        elif char in "[{":
            depth += 1
        elif char in "]}":
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    return None


_PACKAGING = re.compile(r"^[\s\"'`*()\[\].:]+|[\s\"'`*()\[\].:]+$")


@lru_cache(maxsize=1024)
def plain(label: str) -> str:
    """Return a label as it is compared: without quotes, emphasis, brackets, case or surrounding space."""
    return _PACKAGING.sub("", label).casefold()


def agreed(verdicts: list[Verdict], nothing: str) -> Reading:
    """Return the one verdict that all of `verdicts` are, or why there is no such."""
    if not verdicts:
        return Unparsed(nothing)
    if len({verdict.preference for verdict in verdicts}) > 1:
        return Unparsed("the reply holds verdicts that contradict each other")
    return verdicts[-1]
