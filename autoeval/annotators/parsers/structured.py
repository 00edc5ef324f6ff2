"""The judge fills in a field: of a JSON reply, or of a tool that it calls."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Literal

from autoeval.annotators.parsers.base import (
    CONTRADICTION,
    CUT_OFF,
    Reading,
    TextParser,
    agreed,
    is_complete,
    refusal,
)
from autoeval.annotators.parsers.contradicted import unless_contradicted
from autoeval.annotators.parsers.labels import Labels
from autoeval.texts.literals import is_one_value
from autoeval.texts.reasoning import without_reasoning
from autoeval.types import Completion, Unparsed, Verdict

_DEEPEST = 3
_QUOTES = "\"'`*_"


class _FieldParser(Labels, TextParser):
    """Reads a label from a field, and an explanation from another."""

    field: str
    """The field that names the better output."""
    explanation: str | None = None
    """The field that says why, shown beside the verdict."""

    def _is_entire(self, text: str) -> bool:
        return is_one_value(text)

    def _of_fields(self, text: str, nothing: str) -> Reading:
        values, doubted, prose = self.parts_of(text)
        verdicts = []
        for holder in [found for value in values for found in self._holders(value, _DEEPEST)]:
            preference = self.preference(holder[self.field])
            if preference is None:
                shown = repr(holder[self.field])[:80]
                return Unparsed(f"the field {self.field!r} holds {shown}, which is no label")
            why = holder.get(self.explanation) if self.explanation else None
            verdicts.append(Verdict(preference, str(why) if why is not None else None))
        nothing = f"the reply has no field {self.field!r}" if values else nothing
        found = agreed(verdicts, nothing, self._hints(doubted, prose))
        return unless_contradicted(found, values, self, self.field)

    def _hints(self, doubted: list[Any], prose: str) -> Iterator[float]:
        """Find what the field is asked to be, or said to be outside of an object, or in one that is broken."""
        holders = [found for value in doubted for found in self._holders(value, _DEEPEST)]
        for label in [*(holder[self.field] for holder in holders), *self._filled.findall(prose)]:
            preference = self.preference(label)
            if preference is not None:
                yield preference

    @cached_property
    def _filled(self) -> re.Pattern[str]:
        around = rf"[\s{re.escape(_QUOTES)}]{{0,8}}"
        return re.compile(
            rf"(?<!\w){re.escape(self.field)}(?!\w){around}[:=]{around}({self.either.pattern})",
            self.either.flags,
        )

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

    def _of_text(self, text: str) -> Reading:
        return self._of_fields(text, "the reply holds no JSON object")


class ToolParser(_FieldParser):
    """A reply that calls a tool; a model that writes the arguments as text instead is understood too.

    Where it calls several times, all calls must say the same, and so must an object that it writes beside a call.
    """

    kind: Literal["tool"]
    """Names this parser."""

    def read(self, completion: Completion) -> list[Reading]:
        """Read the field of the tool calls' arguments."""
        if completion.tool_arguments is None:
            return super().read(completion)
        if (refused := refusal(completion)) is not None:
            return [refused]
        arguments = _unwrapped(completion.tool_arguments)
        if not is_complete(completion) and not self._is_entire(arguments):
            return [CUT_OFF]
        called = self._of_fields(arguments, "the arguments of the tool call are not JSON")
        beside = self._of_text(without_reasoning(completion.text) or "")
        is_other = (
            isinstance(called, Verdict) and isinstance(beside, Verdict) and beside.value != called.value
        )
        return [CONTRADICTION if is_other else called]

    def _of_text(self, text: str) -> Reading:
        return self._of_fields(text, "the judge called no tool and wrote no JSON object")


def _unwrapped(arguments: str) -> str:
    """Return the arguments of a call; some servers write them as JSON within a JSON string."""
    if not arguments.lstrip().startswith('"'):
        return arguments
    try:
        inner = json.loads(arguments)
    except (ValueError, RecursionError):
        return arguments
    return inner if isinstance(inner, str) and inner.lstrip().startswith("{") else arguments
