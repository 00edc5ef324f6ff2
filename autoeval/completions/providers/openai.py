"""OpenAI's chat and completion protocols, at OpenAI or at any server that speaks them."""

from collections.abc import Mapping, Sequence
from typing import Any

from autoeval.completions.providers.failures import MalformedReplyError, status_failure
from autoeval.completions.providers.keys import find_key
from autoeval.completions.providers.parameters import adapt
from autoeval.completions.providers.presets import PRESETS, address_of
from autoeval.completions.providers.remote import RemoteProvider
from autoeval.types import Completion, Endpoint, Failure, Request, TokenLogprobs


class OpenAIProtocol(RemoteProvider):
    """Posts chats and plain prompts; subclasses say through which client."""

    def _path(self, request: Request) -> str:
        return "/chat/completions" if request.prompt is None else "/completions"

    def _body(self, request: Request) -> dict[str, Any]:
        return body(request)

    def _read(self, reply: Any, seconds: float) -> Completion | Failure:
        return read(reply, seconds, self._key)


class OpenAIProvider(OpenAIProtocol):
    """Asks OpenAI, or any server of its protocol, through the `openai` SDK."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        """Find address and key."""
        import openai

        preset = PRESETS[endpoint.provider]
        self._address = address_of(endpoint)
        is_optional = preset.key_is_optional or bool(endpoint.base_url)
        key = find_key(endpoint, [preset.key] if preset.key else [], is_optional=is_optional)
        super().__init__(openai, key, timeout)

    def _connect(self, **options: Any) -> Any:
        return self._sdk.AsyncOpenAI(api_key=self._key, base_url=self._address, **options)


def body(request: Request) -> dict[str, Any]:
    """Return what is posted for a request."""
    if request.prompt is not None:
        parameters = adapt("completions", request.model, request.parameters)
        return {"model": request.model, "prompt": request.prompt, **parameters}
    parameters = adapt(request.endpoint.provider, request.model, request.parameters)
    return {"model": request.model, "messages": _messages(request), **parameters}


def _messages(request: Request) -> list[dict[str, str]]:
    preset = PRESETS.get(request.endpoint.provider)
    if preset is None or not preset.openai_messages:
        roles = {"developer": "system"}
        return [{"role": roles.get(m.role, m.role), "content": m.content} for m in request.messages]
    return [
        {"role": m.role, "content": m.content, **({"name": m.name} if m.name else {})}
        for m in request.messages
    ]


def read(reply: Any, seconds: float, key: str = "") -> Completion | Failure:
    """Read a decoded reply of either protocol.

    Args:
        reply: the decoded JSON.
        seconds: how long it took.
        key: the key that was sent, never to be repeated in a message.

    Raises:
        ValueError, TypeError, LookupError, AttributeError: it is not what the protocol promises.
    """
    if "choices" not in reply and "error" in reply:  # some gateways report errors with status 200
        code = reply["error"].get("code") if isinstance(reply["error"], dict) else None
        return status_failure(code if isinstance(code, int) and code >= 400 else 500, reply, {}, key)
    if not reply.get("choices"):
        raise MalformedReplyError("the reply has no choices")
    choice = reply["choices"][0]
    usage = reply.get("usage") or {}
    message = choice["message"] if "message" in choice else {"content": choice["text"]}
    return Completion(
        text=_text(message.get("content")),
        finish_reason=_optional_text(choice.get("finish_reason")),
        tool_arguments=_tool_arguments(message),
        refusal=_optional_text(message.get("refusal")),
        logprobs=_logprobs(choice.get("logprobs") or {}),
        model=_optional_text(reply.get("model")),
        input_tokens=_optional_count(usage.get("prompt_tokens")),
        output_tokens=_output_tokens(usage),
        seconds=seconds,
    )


def _output_tokens(usage: Mapping[str, Any]) -> int | None:
    """Return everything that is paid as output; Gemini counts its reasoning in the total alone."""
    given, made, total = (
        _optional_count(usage.get(name)) for name in ("prompt_tokens", "completion_tokens", "total_tokens")
    )
    if given is None or made is None or total is None:
        return made
    return max(made, total - given)


def _text(content: Any) -> str:
    """Return a message's text; some servers send it in parts, reasoning among them."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    return "".join(part["text"] for part in content if part["type"] == "text")


def _tool_arguments(message: Mapping[str, Any]) -> str | None:
    calls = message.get("tool_calls")
    function = calls[0]["function"] if calls else message.get("function_call")
    return _optional_text(function["arguments"]) if function else None


def _logprobs(logprobs: Mapping[str, Any]) -> tuple[TokenLogprobs, ...]:
    if logprobs.get("content"):
        return tuple(
            TokenLogprobs(
                token["token"],
                float(token["logprob"]),
                tuple((top["token"], float(top["logprob"])) for top in token.get("top_logprobs") or ()),
            )
            for token in logprobs["content"]
        )
    if logprobs.get("tokens"):  # completion models
        tops: Sequence[Any] = logprobs.get("top_logprobs") or [None] * len(logprobs["tokens"])
        return tuple(
            # the first token of an echoed prompt has no probability
            TokenLogprobs(
                token, float(logprob or 0.0), tuple((text, float(p)) for text, p in (top or {}).items())
            )
            for token, logprob, top in zip(logprobs["tokens"], logprobs["token_logprobs"], tops, strict=True)
        )
    return ()


def _optional_text(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise MalformedReplyError(f"the reply has {type(value).__name__} where text belongs")
    return value


def _optional_count(value: Any) -> int | None:
    return None if value is None else int(value)
