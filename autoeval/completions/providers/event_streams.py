"""Replies that come as a stream of events although none was asked for: put together to what one reply would say."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from autoeval.completions.providers.failures import MalformedReplyError
from autoeval.completions.providers.fields import decode, mapping

_DONE = b"[DONE]"


def is_event_stream(content: bytes, content_type: str) -> bool:
    """Whether a body is a stream of events; some servers send one under another name."""
    return "event-stream" in content_type.lower() or content[:200].lstrip().startswith((b"data:", b"event:"))


def assembled(content: bytes) -> Any:
    """Return the reply of OpenAI's protocol that a stream's chunks make.

    Raises:
        MalformedReplyError: the stream broke off, or is of another protocol.
    """
    whole = _Whole()
    for event in _events(content):
        if event.strip() == _DONE:
            whole.is_done = True
            continue
        try:
            chunk = decode(event)
        except (ValueError, RecursionError):
            raise MalformedReplyError("the reply is a stream of events, one of which is no JSON") from None
        whole.add(mapping(chunk))
    return whole.reply()


def _events(content: bytes) -> Iterator[bytes]:
    """Walk through the data of each event, whose lines belong together."""
    lines: list[bytes] = []
    for line in [*content.splitlines(), b""]:
        if line.startswith(b"data:"):
            lines.append(line[5:].removeprefix(b" "))
        elif not line and lines:
            yield b"\n".join(lines)
            lines = []


@dataclass
class _Whole:
    """The first choice of a streamed reply as it grows."""

    fields: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    calls: dict[int, dict[str, str]] = field(default_factory=dict)
    logprobs: list[Any] = field(default_factory=list)
    finish_reason: Any = None
    is_chat: bool = False
    is_plain: bool = False
    is_done: bool = False

    def add(self, chunk: Mapping[str, Any]) -> None:
        """Take the next chunk in."""
        self.fields |= {name: chunk[name] for name in ("error", "usage", "model") if chunk.get(name)}
        choices = chunk.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if mapping(choice).get("index", 0) == 0:
                self._add_choice(mapping(choice))

    def reply(self) -> dict[str, Any]:
        """Return what the chunks make together."""
        if "error" in self.fields:
            return self.fields
        if not self.is_chat and not self.is_plain:
            raise MalformedReplyError(
                "the reply is a stream of events of another protocol; none was asked for"
            )
        if not self.is_done and self.finish_reason is None:
            raise MalformedReplyError("the reply is a stream of events that broke off")
        calls = [{"function": call} for _, call in sorted(self.calls.items())]
        said = {"message": {**self.texts, "tool_calls": calls}} if self.is_chat else self.texts
        choice = {**said, "finish_reason": self.finish_reason, "logprobs": {"content": self.logprobs}}
        return {**self.fields, "choices": [choice]}

    def _add_choice(self, choice: Mapping[str, Any]) -> None:
        self.finish_reason = choice.get("finish_reason") or self.finish_reason
        content = mapping(choice.get("logprobs")).get("content")
        self.logprobs += content if isinstance(content, list) else []
        if choice.get("error"):
            self.fields["error"] = choice["error"]
        if isinstance(choice.get("text"), str):
            self.is_plain = True
            self._grow("text", choice["text"])
        delta = choice.get("delta", choice.get("message"))
        if not isinstance(delta, Mapping):
            return
        self.is_chat = True
        for name in ("content", "reasoning_content", "refusal"):
            if isinstance(delta.get(name), str):
                self._grow(name, delta[name])
        calls = delta.get("tool_calls")
        for place, call in enumerate(calls if isinstance(calls, list) else ()):
            self._add_call(mapping(call), place)

    def _add_call(self, call: Mapping[str, Any], place: int) -> None:
        index = call.get("index")
        function = mapping(call.get("function"))
        known = self.calls.setdefault(
            index if isinstance(index, int) else place, {"name": "", "arguments": ""}
        )
        for name in known:
            if isinstance(function.get(name), str):
                known[name] += function[name]

    def _grow(self, name: str, more: str) -> None:
        self.texts[name] = self.texts.get(name, "") + more
