"""The judge fills in a field: of a JSON reply, or of a tool that it calls."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from autoeval.annotators.parsers.base import Parser, Reading, agreed, body, refusal
from autoeval.annotators.parsers.labels import Labels
from autoeval.annotators.parsers.literals import values_in
from autoeval.types import Completion, Unparsed, Verdict

_DEEPEST = 3


class _FieldParser(Labels, Parser):
    """Reads a label from a field, and an explanation from another."""

    field: str
    """The field that names the better output."""
    explanation: str | None = None
    """The field that says why, shown beside the verdict."""

    def _of_text(self, text: str, nothing: str) -> Reading:
        values = values_in(text)
        verdicts = []
        for holder in [found for value in values for found in self._holders(value, _DEEPEST)]:
            preference = self.preference(holder[self.field])
            if preference is None:
                shown = repr(holder[self.field])[:80]
                return Unparsed(f"the field {self.field!r} holds {shown}, which is no label")
            why = holder.get(self.explanation) if self.explanation else None
            verdicts.append(Verdict(preference, str(why) if why is not None else None))
        return agreed(verdicts, f"the reply has no field {self.field!r}" if values else nothing)

    def _holders(self, value: Any, depth: int) -> Iterator[Mapping[str, Any]]:
        """Walk through the objects that have the field, however the judge wrapped them."""
        if isinstance(value, Mapping) and self.field in value:
            yield value
        elif depth and isinstance(value, Mapping | list):
            for item in value.values() if isinstance(value, Mapping) else value:
                yield from self._holders(item, depth - 1)


class JsonParser(_FieldParser):
    """A reply that holds a JSON object, on its own, fenced or within prose."""

    kind: Literal["json"]
    """Names this parser."""

    def read(self, completion: Completion) -> list[Reading]:
        """Read the field of the object in the text."""
        text = body(completion)
        if isinstance(text, Unparsed):
            return [text]
        return [self._of_text(text, "the reply holds no JSON object")]


class ToolParser(_FieldParser):
    """A reply that calls a tool; a model that writes the arguments as text instead is understood too."""

    kind: Literal["tool"]
    """Names this parser."""

    def read(self, completion: Completion) -> list[Reading]:
        """Read the field of the first tool call's arguments."""
        if completion.tool_arguments is not None:
            refused = refusal(completion)
            return [
                refused
                or self._of_text(completion.tool_arguments, "the arguments of the tool call are not JSON")
            ]
        text = body(completion)
        if isinstance(text, Unparsed):
            return [text]
        return [self._of_text(text, "the judge called no tool and wrote no JSON object")]
