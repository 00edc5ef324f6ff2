"""What a server itself says of a model's end: the optional `shutdown_date` of OpenAI's `GET /v1/models/<model>`."""

import json
from datetime import date
from functools import cache
from time import monotonic
from typing import Any
from urllib.parse import quote

from autoeval.completions.providers.keys import NO_KEY, find_key
from autoeval.completions.providers.presets import PRESETS, address_of
from autoeval.errors import UsageError
from autoeval.types import Endpoint

_ASKED = frozenset({"openai", "openai_compatible"})
_PATIENCE = 1.0
"""Seconds for each step and for the whole; what the answer adds is no reason to wait longer, nor to fail."""
_MOST_BYTES = 100_000


def listed_shutdown(endpoint: Endpoint, model: str) -> date | None:
    """Ask a server until when it serves a model; it is asked once in a process.

    Args:
        endpoint: where the model is asked; the key goes nowhere else, and no redirect is followed.
        model: its name there.

    Returns:
        The date; None where the server names none, does not answer at once, or is not asked because its protocol has
        no such field.
    """
    if endpoint.provider not in _ASKED or endpoint.clients:
        return None
    preset = PRESETS[endpoint.provider]
    try:
        key = find_key(endpoint, [preset.key] if preset.key else [], is_optional=True)
        address = f"{address_of(endpoint).rstrip('/')}/models/{quote(model, safe='')}"
        return _date_in(json.loads(_answer(address, key)))
    except (UsageError, ValueError):
        return None


@cache
def _answer(address: str, key: str) -> bytes:
    """Return what a server says, empty where that takes too long, is too long, or is no answer."""
    import httpx2

    headers = {} if key == NO_KEY else {"Authorization": f"Bearer {key}"}
    until, said = monotonic() + _PATIENCE, b""
    try:
        with (
            httpx2.Client(follow_redirects=False, timeout=_PATIENCE) as client,
            client.stream("GET", address, headers=headers) as reply,
        ):
            if reply.status_code != 200:
                return b""
            for chunk in reply.iter_raw():  # nothing is unpacked: a date needs no compression
                said += chunk
                if monotonic() > until or len(said) > _MOST_BYTES:
                    return b""
    except (httpx2.HTTPError, httpx2.InvalidURL):
        return b""
    return said


def _date_in(reply: Any) -> date | None:
    said = reply.get("shutdown_date") if isinstance(reply, dict) else None
    return date.fromisoformat(said) if isinstance(said, str) else None
