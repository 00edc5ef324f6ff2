"""The cache key of a request: a hash of everything that decides its reply, and of nothing else."""

import hashlib
import json
from typing import Any

from autoeval.types import Endpoint, Message, Request


def request_key(request: Request) -> bytes:
    """Return the 32-byte key under which the reply to `request` is cached.

    Two requests share a key exactly when provider, server, weights, model, messages, parameters and sample
    number are the same. Keys, limits and retries do not count.
    """
    identity = {
        "endpoint": _endpoint_identity(request.endpoint),
        "model": request.model,
        "messages": [_message_identity(message) for message in request.messages],
        "prompt": request.prompt,
        "parameters": request.parameters,
        "sample": request.sample,
    }
    text = json.dumps(identity, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _endpoint_identity(endpoint: Endpoint) -> list[str | None]:
    return [endpoint.provider, endpoint.weights or endpoint.cache_as or endpoint.base_url]


def _message_identity(message: Message) -> list[str | None]:
    return [message.role, message.content, message.name]


def _plain(value: Any) -> Any:
    """Turn frozen mappings and tuples of a config into what JSON knows."""
    if hasattr(value, "items"):
        return dict(value)
    raise TypeError(f"a request parameter of type {type(value).__name__} cannot be sent: {value!r}")
