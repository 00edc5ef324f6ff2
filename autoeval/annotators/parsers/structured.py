"""The judge fills in a field: of a JSON reply, or of a tool that it calls."""

import json
from collections.abc import Mapping
from typing import Any, Literal

from autoeval.annotators.parsers.base import Parser, Reading, agreed, body, values_in
from autoeval.annotators.parsers.labels import Labels
from autoeval.types import Completion, Unparsed, Verdict


class _FieldParser(Labels, Parser):
    """Reads a label from a field, and an explanation from another."""

    field: str
    """The field that names the better output."""
    explanation: str | None = None
    """The field that says why, shown beside the verdict."""

    def _from_objects(self, objects: list[Any]) -> Reading:
        holders = [value for value in objects if isinstance(value, Mapping) and self.field in value]
        verdicts = []
        for holder in holders:
            preference = self.preference(holder[self.field])
            if preference is None:
                return Unparsed(f"the field {self.field!r} holds {holder[self.field]!r}, which is no label")
            why = holder.get(self.explanation) if self.explanation else None
            verdicts.append(Verdict(preference, str(why) if why is not None else None))
        return agreed(verdicts, f"the reply has no field {self.field!r}")


class JsonParser(_FieldParser):
    """A reply that holds a JSON object, on its own, fenced or within prose."""

    kind: Literal["json"]
    """Names this parser."""

    def read(self, completion: Completion) -> list[Reading]:
        """Read the field of the object in the text."""
        text = body(completion)
        if isinstance(text, Unparsed):
            return [text]
        return [self._from_objects(values_in(text))]


class ToolParser(_FieldParser):
    """A reply that calls a tool; a model that writes the arguments as text instead is understood too."""

    kind: Literal["tool"]
    """Names this parser."""

    def read(self, completion: Completion) -> list[Reading]:
        """Read the field of the first tool call's arguments."""
        if completion.tool_arguments is None:
            text = body(completion)
            return [text if isinstance(text, Unparsed) else self._from_objects(values_in(text))]
        try:
            arguments = json.loads(completion.tool_arguments, strict=False)
        except ValueError:
            return [Unparsed("the arguments of the tool call are not JSON")]
        return [self._from_objects([arguments])]
