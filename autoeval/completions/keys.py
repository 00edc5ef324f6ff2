"""The cache key of a request: a hash of everything that decides its reply, and of nothing else."""

import hashlib
import json
from typing import Any

from autoeval.types import Request

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
    before, after = _around_lengths(request)
    lengths = ",".join([str(len(text)) for text in texts])
    # told apart by their lengths; as JSON they would take longer than everything else here
    everything = "".join([f"{before}[{lengths}]{after}{request.sample}}}", *texts])
    key = hashlib.sha256(everything.encode("utf-8", "surrogatepass")).digest()
    object.__setattr__(request, "known_key", key)  # nothing else of a request ever changes
    return key


def _around_lengths(request: Request) -> tuple[str, str]:
    """Return what all requests of a judge share, as JSON with sorted names: before their lengths, and after them.

    It is found again by what it says: parameters may be changed where they are, and 1, 1.0 and True are not the same.
    """
    endpoint = request.endpoint
    server = endpoint.weights or endpoint.cache_as or endpoint.base_url
    roles = tuple([(message.role, message.name) for message in request.messages])
    says = (endpoint.provider, server, request.model, roles, repr(request.parameters))
    if (known := _AROUND.get(says)) is not None:
        return known
    after = {"messages": roles, "model": request.model, "parameters": request.parameters}
    around = (
        f'{{"endpoint":{_AS_JSON([endpoint.provider, server])},"lengths":',
        f',{_AS_JSON(after)[1:-1]},"sample":',
    )
    if len(_AROUND) < _MOST_AROUND:
        _AROUND[says] = around
    return around


_AROUND: dict[tuple[Any, ...], tuple[str, str]] = {}
_MOST_AROUND = 1000
"""So many are kept; where each request has parameters of its own, nothing is gained by keeping more."""


def _plain(value: Any) -> Any:
    """Turn frozen mappings and tuples of a config into what JSON knows."""
    if hasattr(value, "items"):
        return dict(value)
    raise TypeError(f"a request parameter of type {type(value).__name__} cannot be sent: {value!r}")


_AS_JSON = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=_plain).encode
