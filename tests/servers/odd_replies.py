"""Replies as real gateways were reported to give them, each with what it means: bodies of OpenAI's protocol."""

import copy
from collections.abc import Mapping
from typing import Any

from autoeval.types import FailureKind

Reply = dict[str, Any]


def good(text: Any = "a > b", **changes: Any) -> Reply:
    """Return a plain good reply; `choice`, `message` and other fields are changed as given."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text, **changes.pop("message", {})},
        "finish_reason": "stop",
        **changes.pop("choice", {}),
    }
    usage = {"prompt_tokens": 100, "completion_tokens": 5}
    return {"id": "x", "model": "j", "choices": [choice], "usage": usage, **changes}


def _error(message: str, code: Any = None, **more: Any) -> Reply:
    return {"error": {"message": message, "code": code, **more}}


TOOL = {"function": {"name": "choose", "arguments": {"better": "a"}}}

SAYING_A: Mapping[str, Reply] = {
    "plain": good(),
    "usage missing": {name: value for name, value in good().items() if name != "usage"},
    "usage as text": good(usage={"prompt_tokens": "100", "completion_tokens": "five"}),
    "usage a list": good(usage=[1, 2]),
    "usage negative": good(usage={"prompt_tokens": -10_000_000, "completion_tokens": -1}),
    "usage of 400 digits": good(usage={"prompt_tokens": 10**400, "completion_tokens": 1}),
    "usage infinite": good(usage={"prompt_tokens": float("inf"), "completion_tokens": float("nan")}),
    "usage true": good(usage={"prompt_tokens": True, "completion_tokens": None}),
    "details a text": good(
        usage={"prompt_tokens": 1, "completion_tokens": 1, "completion_tokens_details": "no"}
    ),
    "model a number": good(model=7),
    "model a list": good(model=["j"]),
    "finish a number": good(choice={"finish_reason": 0}),
    "finish an object": good(choice={"finish_reason": {"type": "stop"}}),
    "refusal a flag": good(message={"refusal": False}),
    "refusal an object": good(message={"refusal": {"a": 1}}),
    "logprobs a text": good(choice={"logprobs": "none"}),
    "logprobs without tokens": good(choice={"logprobs": {"content": [{"logprob": None}, 7, None]}}),
    "logprobs NaN": good(choice={"logprobs": {"content": [{"token": "a", "logprob": float("nan")}]}}),
    "logprobs uneven": good(choice={"logprobs": {"tokens": ["a"], "token_logprobs": []}}),
    "alternatives an object": good(
        choice={"logprobs": {"content": [{"token": "a", "logprob": -1, "top_logprobs": {"a": -1}}]}}
    ),
    "choices in another order": good(
        choices=[
            {"index": 1, "message": {"content": "b > a"}},
            {"index": 0, "message": {"content": "a > b"}},
        ]
    ),
    "no index": {"choices": [{"message": {"content": "a > b"}}]},
    "parts": good([{"type": "text", "text": "a > b"}]),
    "parts without a type": good([{"text": "a > b"}]),
    "parts of text": good(["a ", "> b"]),
    "parts of output": good([{"type": "output_text", "text": "a > b"}]),
    "a part alone": good({"type": "text", "text": "a > b"}),
    "parts with thinking": good(
        [
            {"type": "thinking", "thinking": [{"type": "text", "text": "b > a"}]},
            {"type": "text", "text": "a > b"},
        ]
    ),
    "reasoning beside": good(message={"reasoning_content": "b > a at first"}),
    "no error": good(error=None),
    "no tools": good(message={"tool_calls": None, "function_call": None}),
    "tools a text": good(message={"tool_calls": "none"}),
    "tool without function": good(
        message={"tool_calls": [{"id": "1", "type": "function", "function": None}]}
    ),
}
"""Replies that say `a > b`, whatever else is odd about them."""

FAILING: Mapping[str, tuple[Any, FailureKind, str]] = {
    "choices null with 429": (
        {"choices": None, **_error("Too many", 429)},
        FailureKind.RATE_LIMITED,
        "Too many",
    ),
    "choices empty with 503": (
        {"choices": [], **_error("overloaded", 503)},
        FailureKind.SERVER_ERROR,
        "overloaded",
    ),
    "402 as text": ({"choices": None, **_error("No money", "402")}, FailureKind.REFUSED, "No money"),
    "error beside choices": (good(**_error("went away", 502)), FailureKind.SERVER_ERROR, "went away"),
    "error in the choice": (
        good("", choice={"finish_reason": "error", **_error("Upstream went away", 502)}),
        FailureKind.SERVER_ERROR,
        "Upstream went away",
    ),
    "finish error": (good("", choice={"finish_reason": "error"}), FailureKind.SERVER_ERROR, "broke off"),
    "finish error after words": (
        good(choice={"finish_reason": "error"}),
        FailureKind.SERVER_ERROR,
        "broke off",
    ),
    "finish abort": (
        good("", choice={"finish_reason": {"type": "abort"}}),
        FailureKind.SERVER_ERROR,
        "abort",
    ),
    "no resources": (
        good("b", choice={"finish_reason": "insufficient_system_resource"}),
        FailureKind.SERVER_ERROR,
        "insufficient_system_resource",
    ),
    "error a text": ({"error": "err.supplier_error"}, FailureKind.SERVER_ERROR, "err.supplier_error"),
    "rate limit in words": ({"error": "Rate limit reached"}, FailureKind.RATE_LIMITED, "Rate limit"),
    "quota by its code": (_error("used up", "insufficient_quota"), FailureKind.REFUSED, "used up"),
    "key by its type": (_error("no", type="authentication_error"), FailureKind.REFUSED, "no"),
    "bare detail": ({"detail": "model is loading"}, FailureKind.SERVER_ERROR, "loading"),
    "not a success": (
        {"code": 40003, "message": "model not authorized for this key", "success": False},
        FailureKind.REFUSED,
        "not authorized",
    ),
    "wrong address": ({"error": "Unexpected endpoint or method. (POST /x)"}, FailureKind.REFUSED, "/v1"),
    "filtered, message null": (
        good(choice={"message": None, "finish_reason": "content_filter"}),
        FailureKind.FILTERED,
        "content_filter",
    ),
    "filtered, no words": (
        good("", choice={"finish_reason": "content_filter"}),
        FailureKind.FILTERED,
        "filter",
    ),
    "no choice at all": (good(choices=[]), FailureKind.FILTERED, "no choice"),
    "prompt blocked": (
        {"choices": [], "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}},
        FailureKind.FILTERED,
        "PROHIBITED_CONTENT",
    ),
    "filter named as an error": (_error("blocked", "content_filter"), FailureKind.FILTERED, "blocked"),
    "another protocol": ({"object": "response", "output": []}, FailureKind.MALFORMED, "no choices"),
    "ollama's own": ({"model": "j", "message": {"content": "a > b"}}, FailureKind.MALFORMED, "no choices"),
    "a list": ([good()], FailureKind.MALFORMED, "no choices"),
    "null": (None, FailureKind.MALFORMED, "no choices"),
    "content a number": (good(7), FailureKind.MALFORMED, "text belongs"),
    "choice null": ({"choices": [None]}, FailureKind.MALFORMED, "no choices"),
    "choice empty": ({"choices": [{}]}, FailureKind.MALFORMED, "no message"),
}
"""Replies of status 200 that are none: of which kind, and a word of what is said of them."""


def copied(reply: Any) -> Any:
    """Return a reply that may be changed."""
    return copy.deepcopy(reply)
