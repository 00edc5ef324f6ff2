"""The cache key of a request: a hash of everything that decides its reply, and of nothing else."""

import hashlib
import json
from typing import Any

from autoeval.types import Endpoint, Request

KEY_BYTES = 32
"""How long a key is."""


def request_key(request: Request) -> bytes:
    """Return the 32-byte key under which the reply to `request` is cached.

    Two requests share a key exactly when provider, server, weights, model, messages, parameters and sample
    number are the same. Keys, limits and retries do not count.
    """
    if request.known_key is not None:
        return request.known_key
    texts = [message.content for message in request.messages]
    if request.prompt is not None:
        texts.append(request.prompt)
    about = {
        "endpoint": _endpoint_identity(request.endpoint),
        "model": request.model,
        "messages": [[message.role, message.name] for message in request.messages],
        "parameters": request.parameters,
        "sample": request.sample,
        "lengths": [len(text) for text in texts],
    }
    digest = hashlib.sha256(_AS_JSON(about).encode())
    for (
        text
    ) in texts:  # told apart by their lengths; as JSON they would take longer than everything else here
        digest.update(text.encode("utf-8", "surrogatepass"))
    key = digest.digest()
    object.__setattr__(request, "known_key", key)  # nothing else of a request ever changes
    return key


def _endpoint_identity(endpoint: Endpoint) -> list[str | None]:
    return [endpoint.provider, endpoint.weights or endpoint.cache_as or endpoint.base_url]


def _plain(value: Any) -> Any:
    """Turn frozen mappings and tuples of a config into what JSON knows."""
    if hasattr(value, "items"):
        return dict(value)
    raise TypeError(f"a request parameter of type {type(value).__name__} cannot be sent: {value!r}")


_AS_JSON = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=_plain).encode
