"""Anthropic's messages protocol."""

import os
from collections.abc import Mapping
from typing import Any

from autoeval.completions.providers.failures import (
    MalformedReplyError,
    hinted,
    printable,
    reported_failure,
)
from autoeval.completions.providers.fields import count, joined_arguments, mapping, optional_text
from autoeval.completions.providers.keys import check_address, find_key
from autoeval.completions.providers.parameters import adapt
from autoeval.completions.providers.reasoning import EFFORT
from autoeval.completions.providers.refusals import changed
from autoeval.completions.providers.remote import RemoteProvider
from autoeval.completions.providers.sdk import SdkProvider
from autoeval.errors import UsageError
from autoeval.types import Completion, Endpoint, Failure, Request

_FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
_THINKING = frozenset({"thinking", "redacted_thinking"})


class AnthropicProtocol(RemoteProvider):
    """Posts messages; subclasses say through which client."""

    def _path(self, request: Request) -> str:  # noqa: ARG002
        return "/v1/messages"

    def _body(self, request: Request) -> dict[str, Any]:
        return body(request)

    def _read(self, reply: Any, seconds: float) -> Completion | Failure:
        return read(reply, seconds, self._key)


class AnthropicProvider(AnthropicProtocol, SdkProvider):
    """Asks Anthropic through the `anthropic` SDK, whose clients take `credentials`."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        """Find address and key."""
        import anthropic

        address = check_address(endpoint.base_url) if endpoint.base_url else None
        is_token = not endpoint.api_key_env and not os.environ.get("ANTHROPIC_API_KEY")
        kind = "auth_token" if is_token and os.environ.get("ANTHROPIC_AUTH_TOKEN") else "api_key"
        variables = ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"]
        self.key = find_key(endpoint, variables, is_optional=bool(endpoint.base_url))
        self.credentials: dict[str, Any] = {kind: self.key, "base_url": address}
        super().__init__(anthropic, self.key, timeout)

    def _connect(self, **options: Any) -> Any:
        return self._sdk.AsyncAnthropic(**self.credentials, **options)


def body(request: Request) -> dict[str, Any]:
    """Return what is posted for a request.

    Raises:
        UsageError: the request is a plain prompt, which this protocol does not know.
    """
    if request.prompt is not None:
        raise UsageError(f"{request.model} takes messages, not a plain prompt: use 'messages' in its config.")
    parameters = adapt("anthropic", request.model, request.parameters)
    if isinstance(parameters.get("stop_sequences"), str):
        parameters["stop_sequences"] = [parameters["stop_sequences"]]
    if "response_format" in parameters:
        parameters["output_config"] = _output_config(parameters.pop("response_format"))
    if EFFORT in parameters:
        parameters = _with_effort(parameters, parameters.pop(EFFORT))
    if "tools" in parameters:
        parameters["tools"] = [_tool(tool) for tool in parameters["tools"]]
    if "tool_choice" in parameters:
        parameters["tool_choice"] = _tool_choice(parameters["tool_choice"])
    system = "\n\n".join(m.content for m in request.messages if m.role in ("system", "developer"))
    turns = [
        {"role": message.role, "content": message.content}
        for message in request.messages
        if message.role not in ("system", "developer")
    ]
    question = {"model": request.model, **({"system": system} if system else {}), "messages": turns}
    return changed({**question, **parameters}, request.changes)


def read(reply: Any, seconds: float, key: str = "") -> Completion | Failure:
    """Read a decoded reply; thinking blocks are not part of its text.

    Args:
        reply: the decoded JSON.
        seconds: how long it took.
        key: the key that was sent, never to be repeated in a message.

    Raises:
        MalformedReplyError: it is not what the protocol promises.
    """
    fields = mapping(reply)
    if fields.get("type") == "error" or fields.get("error"):
        return reported_failure(reply, key)
    content = fields.get("content")
    if isinstance(content, str):  # some gateways shorten it
        content = [{"type": "text", "text": content}]
    if not isinstance(content, list):
        raise MalformedReplyError(hinted(f"the reply has no content: {printable(str(reply), key)[:100]}"))
    blocks = [mapping(block) for block in content]
    usage = mapping(fields.get("usage"))
    reason = optional_text(fields.get("stop_reason"))
    calls = [block.get("input") for block in blocks if block.get("type") == "tool_use"]
    return Completion(
        text="".join(
            optional_text(block.get("text")) or "" for block in blocks if block.get("type") == "text"
        ),
        finish_reason=_FINISH_REASONS.get(reason, reason) if reason else None,
        tool_arguments=joined_arguments(calls),
        model=optional_text(fields.get("model")),
        input_tokens=_input_tokens(usage),
        output_tokens=count(usage.get("output_tokens")),
        seconds=seconds,
        reasoning_tokens=count(mapping(usage.get("output_tokens_details")).get("thinking_tokens")),
        has_reasoning=any(block.get("type") in _THINKING for block in blocks),
    )


def _input_tokens(usage: Mapping[str, Any]) -> int | None:
    """Return the whole prompt's tokens; the protocol counts those read from its prompt cache apart."""
    fresh = count(usage.get("input_tokens"))
    if fresh is None:
        return None
    cached = ("cache_creation_input_tokens", "cache_read_input_tokens")
    return fresh + sum(count(usage.get(name)) or 0 for name in cached)


def _output_config(response_format: Mapping[str, Any]) -> dict[str, Any]:
    if response_format.get("type") != "json_schema":
        raise UsageError("Anthropic's models take a response_format of type 'json_schema' only.")
    return {"format": {"type": "json_schema", "schema": response_format["json_schema"]["schema"]}}


def _with_effort(parameters: dict[str, Any], effort: str) -> dict[str, Any]:
    """Say an effort in this protocol's words, beside the form of the reply, which stands in the same place."""
    if effort == "none":
        return {"thinking": {"type": "disabled"}, **parameters}
    return {**parameters, "output_config": {**parameters.get("output_config", {}), "effort": effort}}


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    """Translate a tool from OpenAI's shape; one in Anthropic's shape is left as it is."""
    function = tool.get("function")
    if function is None:
        return dict(tool)
    schema = function.get("parameters", {"type": "object", "properties": {}})
    about = {"description": function["description"]} if "description" in function else {}
    return {"name": function["name"], **about, "input_schema": schema}


def _tool_choice(choice: Any) -> Any:
    if isinstance(choice, str):
        return {"type": {"required": "any"}.get(choice, choice)}
    function = choice.get("function")
    return {"type": "tool", "name": function["name"]} if function else choice
