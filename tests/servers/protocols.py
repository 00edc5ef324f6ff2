"""An answer in the shape that each protocol gives it."""

import json
import re
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

from tests.servers.answers import Answer, Body, prompt_text

_STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}


Shape = Callable[[Body, Answer], dict[str, Any]]
ErrorShape = Callable[[Answer], dict[str, Any]]


def of_address(path: str) -> tuple[Shape, ErrorShape, str | None] | None:
    """Return the protocol spoken at an address, and the model that the address names.

    OpenAI's at any prefix, Anthropic's own, Bedrock's (`/model/<model>/invoke`) and Vertex's
    (`…/models/<model>:rawPredict`).
    """
    if path.endswith("/chat/completions"):
        return openai_chat, openai_error, None
    if path.endswith("/completions"):
        return openai_completion, openai_error, None
    if path.endswith("/v1/messages"):
        return anthropic_message, anthropic_error, None
    in_path = re.search(r"/model/([^/]+)/invoke$|/models/([^/]+):rawPredict$", path)
    return (anthropic_message, anthropic_error, in_path[1] or in_path[2]) if in_path else None


def openai_chat(body: Body, answer: Answer) -> dict[str, Any]:
    """Return a chat completion."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": answer.model or body["model"],
        "choices": [{"index": 0, **(answer.choice or _chat_choice(body, answer))}],
        "usage": _openai_usage(body, answer),
    }


def openai_completion(body: Body, answer: Answer) -> dict[str, Any]:
    """Return a completion of a plain prompt."""
    choice = answer.choice or {"text": answer.text, "finish_reason": answer.finish_reason, "logprobs": None}
    return {
        "id": "cmpl-1",
        "object": "text_completion",
        "created": 1_790_000_000,
        "model": answer.model or body["model"],
        "choices": [{"index": 0, **choice}],
        "usage": _openai_usage(body, answer),
    }


def anthropic_message(body: Body, answer: Answer) -> dict[str, Any]:
    """Return a message."""
    blocks: list[dict[str, Any]] = [{"type": "text", "text": answer.text}] if answer.text else []
    reason = answer.finish_reason
    if answer.tool_arguments is not None:
        name = body["tools"][0]["name"] if body.get("tools") else "tool"
        blocks.append({"type": "tool_use", "id": "toolu_1", "name": name, "input": answer.tool_arguments})
        reason = "tool_calls"
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": answer.model or body["model"],
        "content": blocks,
        "stop_reason": _STOP_REASONS.get(reason, reason),
        "stop_sequence": None,
        "usage": {"input_tokens": count_tokens(prompt_text(body)), "output_tokens": _output_tokens(answer)},
    }


def openai_error(answer: Answer) -> dict[str, Any]:
    """Return the body of an error."""
    return {"error": {"message": answer.text, "type": "error", "param": None, "code": answer.code}}


def anthropic_error(answer: Answer) -> dict[str, Any]:
    """Return the body of an error."""
    return {"type": "error", "error": {"type": answer.code or "api_error", "message": answer.text}}


def _chat_choice(body: Body, answer: Answer) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": answer.text, "refusal": answer.refusal}
    reason = answer.finish_reason
    if answer.tool_arguments is not None:
        arguments = answer.tool_arguments
        name = body["tools"][0]["function"]["name"] if body.get("tools") else "tool"
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        message["tool_calls"] = [
            {"id": "call_1", "type": "function", "function": {"name": name, "arguments": text}}
        ]
        message["content"] = None
        reason = "tool_calls"
    return {"message": message, "finish_reason": reason, "logprobs": None}


def _openai_usage(body: Body, answer: Answer) -> dict[str, Any]:
    given, made = count_tokens(prompt_text(body)), _output_tokens(answer)
    shown = made - answer.reasoning_tokens if answer.is_reasoning_apart else made
    usage: dict[str, Any] = {"prompt_tokens": given, "completion_tokens": shown, "total_tokens": given + made}
    if answer.reasoning_tokens and not answer.is_reasoning_apart:
        usage["completion_tokens_details"] = {"reasoning_tokens": answer.reasoning_tokens}
    return usage


def _output_tokens(answer: Answer) -> int:
    if answer.output_tokens is not None:
        return answer.output_tokens
    return answer.reasoning_tokens + max(1, count_tokens(answer.text or str(answer.tool_arguments or "")))


@cache
def _encoding() -> Any:
    try:
        with warnings.catch_warnings(action="ignore"):  # it loads its data in a deprecated way
            import bpe_openai
    except ModuleNotFoundError:
        return None
    return bpe_openai.get_encoding("o200k_base")


def count_tokens(text: str) -> int:
    """Count tokens as OpenAI's models do (where `bpe-openai` is absent: a quarter of the characters)."""
    encoding = _encoding()
    return len(text) // 4 if encoding is None else len(encoding.encode_ordinary(text))
