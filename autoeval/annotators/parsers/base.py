"""What every parser is, and what a reply is before it is read."""

import re
from abc import abstractmethod

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
    if (refused := refusal(completion)) is not None:
        return refused
    text = _without_thinking(completion.text)
    if text is None:
        return Unparsed("the reply ends inside the judge's thinking; raise its token limit")
    if not text.strip():
        return Unparsed(_why_empty(completion))
    return text.strip()


def refusal(completion: Completion) -> Unparsed | None:
    """Return why the judge, or a filter before it, did not want to answer; None where it did."""
    if completion.refusal:
        return Unparsed(f"the judge refused: {completion.refusal}")
    if completion.finish_reason == "content_filter":
        return Unparsed("the judge's reply was filtered")
    return None


def _why_empty(completion: Completion) -> str:
    if completion.finish_reason == "length":
        return "the reply is empty because it was cut off; raise the judge's token limit"
    return "the reply is empty"


_THINKING_TAG = re.compile(r"<(/?)(?:think|thinking|reasoning)>", re.IGNORECASE)


def _without_thinking(text: str) -> str | None:
    """Return what follows or surrounds the thinking; None where it does not end.

    A tag in the middle of a line is a quotation (outputs contain such tags, and judges speak of them), unless it
    closes what a tag has opened. Where only the end is marked, since some servers swallow the opening tag,
    everything before it is thinking.
    """
    kept: list[str] = []
    at, is_thinking = 0, False
    for tag in _THINKING_TAG.finditer(text):
        is_closing = bool(tag[1])
        if is_thinking:
            if is_closing:
                at, is_thinking = tag.end(), False
        elif _is_at_edge_of_line(text, at, tag):
            if is_closing:
                kept.clear()
            else:
                kept.append(text[at : tag.start()])
            at, is_thinking = tag.end(), not is_closing
    return None if is_thinking else "".join([*kept, text[at:]])


def _is_at_edge_of_line(text: str, at: int, tag: re.Match[str]) -> bool:
    line = max(at, text.rfind("\n", at, tag.start()))
    return not text[line : tag.start()].strip() or text[tag.end() : tag.end() + 1] in ("", "\n", "\r")


def agreed(verdicts: list[Verdict], nothing: str) -> Reading:
    """Return the one verdict that all of `verdicts` are, or why there is no such."""
    if not verdicts:
        return Unparsed(nothing)
    if len({verdict.preference for verdict in verdicts}) > 1:
        return Unparsed("the reply holds verdicts that contradict each other")
    return verdicts[-1]
