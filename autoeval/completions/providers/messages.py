"""What a chat message of OpenAI's protocol says, in the shapes in which servers send it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autoeval.completions.providers.failures import MalformedReplyError
from autoeval.completions.providers.fields import joined_arguments, mapping, optional_text

_REASONING = ("reasoning_content", "reasoning", "thinking")
_TEXT_PARTS = frozenset({None, "text", "output_text"})


@dataclass(frozen=True, slots=True)
class Said:
    """A message's parts; see `Completion`."""

    text: str
    tool_arguments: str | None = None
    refusal: str | None = None
    has_reasoning: bool = False

    @property
    def says_anything(self) -> bool:
        """Whether there is anything to read in it."""
        return bool(self.text.strip() or self.tool_arguments or self.refusal)


def message_of(choice: Mapping[str, Any]) -> Said | None:
    """Return what a choice says; None where it has no message at all.

    Raises:
        MalformedReplyError: the message's content is no text.
    """
    if "text" in choice and not isinstance(choice.get("message"), Mapping):
        return Said(_text(choice["text"]))  # completion models
    message = choice.get("message")
    if not isinstance(message, Mapping):
        return None
    content = message.get("content")
    return Said(
        _text(content),
        _tool_arguments(message),
        optional_text(message.get("refusal")) or _refusal_part(content),
        any(message.get(name) for name in _REASONING) or _has_reasoning_part(content),
    )


def _text(content: Any) -> str:
    """Return a content's text; some servers send it in parts, reasoning among them."""
    if content is None or isinstance(content, str):
        return content or ""
    if isinstance(content, Mapping):
        content = [content]
    if not isinstance(content, list):
        raise MalformedReplyError(f"the reply has {type(content).__name__} where text belongs")
    return "".join(_part(part) for part in content)


def _part(part: Any) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, Mapping):
        raise MalformedReplyError(f"the reply has {type(part).__name__} where text belongs")
    fields = part
    text = fields.get("text") if fields.get("type") in _TEXT_PARTS else None
    return optional_text(mapping(text).get("value") if isinstance(text, Mapping) else text) or ""


def _refusal_part(content: Any) -> str | None:
    if not isinstance(content, list):
        return None
    return next((text for part in content if (text := optional_text(mapping(part).get("refusal")))), None)


def _has_reasoning_part(content: Any) -> bool:
    return isinstance(content, list) and any(
        mapping(part).get("type") in ("thinking", "reasoning") for part in content
    )


def _tool_arguments(message: Mapping[str, Any]) -> str | None:
    calls = message.get("tool_calls")
    if not (isinstance(calls, list) and calls):
        if "function_call" not in message:
            return None
        calls = [{"function": message["function_call"]}]
    return joined_arguments(mapping(mapping(call).get("function")).get("arguments") for call in calls)
