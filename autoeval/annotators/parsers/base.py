"""What every parser is, and what a reply is before it is read."""

from abc import abstractmethod
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from autoeval.annotators.parsers.corrected import unless_taken_back
from autoeval.annotators.parsers.markup import shown, without_struck
from autoeval.texts.reasoning import without_reasoning
from autoeval.types import Completion, Unfinished, Unparsed, Verdict

Reading = Verdict | Unparsed


class Parser(BaseModel):
    """Reads verdicts from a reply; its fields are what a config may say under `parser`.

    A verdict is about the outputs as shown: 1 where the first one is better. A parser is tolerant of packaging
    (code fences, marks of reasoning, quotes, trailing prose) and never of ambiguity.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)  # one judge needs few of them

    @property
    def needs(self) -> frozenset[str]:
        """The parameters of a request without which its reply holds nothing to read."""
        return frozenset()

    @abstractmethod
    def read(self, completion: Completion) -> list[Reading]:
        """Return a verdict, or why there is none, for each pair that the prompt asked about."""


class TextParser(Parser):
    """Reads a verdict from the text of a reply, and none from the torso of one.

    A reply that was cut off at the token limit might have gone on to say something else. It counts only where it is
    nothing but a verdict that further text would not have changed.
    """

    def read(self, completion: Completion) -> list[Reading]:
        """Read the one verdict of the text."""
        text = body(completion)
        if isinstance(text, Unparsed):
            return [text]
        if not is_complete(completion) and not self._is_entire(text):
            return [CUT_OFF]
        reading = self._of_text(text)
        return [unless_taken_back(reading, text, self._of_text) or reading]

    @abstractmethod
    def _of_text(self, text: str) -> Reading:
        """Return what a text says, its reasoning taken away."""

    @abstractmethod
    def _is_entire(self, text: str) -> bool:
        """Whether a text is nothing but a verdict, and not the beginning of another one."""


CUT_OFF = Unfinished("the reply was cut off; raise the judge's token limit")
_LIMITS = frozenset(
    {"length", "max_tokens", "max_output_tokens", "model_length", "model_context_window_exceeded"}
)
_FILTERS = frozenset({"content_filter", "safety", "recitation", "blocklist", "prohibited_content", "spii"})


def is_complete(completion: Completion) -> bool:
    """Whether the judge ended its reply itself, rather than the token limit."""
    return (completion.finish_reason or "").lower() not in _LIMITS


def body(completion: Completion) -> str | Unparsed:
    """Return the text of a reply without its thinking, or why there is nothing to read."""
    if (refused := refusal(completion)) is not None:
        return refused
    text = without_reasoning(completion.text)
    if text is None:
        return Unparsed("the reply ends inside the judge's thinking; raise its token limit")
    text = without_struck(text)
    if not shown(text).strip():
        return Unparsed(_why_empty(completion))
    return text.strip()


def refusal(completion: Completion) -> Unparsed | None:
    """Return why the judge, or a filter before it, did not want to answer; None where it did."""
    if completion.refusal:
        return Unparsed(f"the judge refused: {completion.refusal}")
    if (completion.finish_reason or "").lower() in _FILTERS:
        return Unparsed("the judge's reply was filtered")
    return None


def _why_empty(completion: Completion) -> str:
    if is_complete(completion):
        return "the reply is empty"
    return "the reply is empty because it was cut off; raise the judge's token limit"


def agreed(verdicts: list[Verdict], nothing: str, hints: Iterable[float] = ()) -> Reading:
    """Return the one verdict that a reply gives, or why there is no such.

    Args:
        verdicts: what it says.
        nothing: why there is no verdict where it says nothing.
        hints: preferences that it may express too, in words that are no verdict by themselves.
    """
    if not verdicts:
        return Unfinished(nothing)
    if len({verdict.value for verdict in verdicts} | set(hints)) > 1:
        return CONTRADICTION
    return verdicts[-1]


CONTRADICTION = Unparsed("the reply holds verdicts that contradict each other")
