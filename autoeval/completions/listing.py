"""What a server itself says of a model's end: the optional `shutdown_date` of OpenAI's `GET /v1/models/<model>`."""

import json
from contextlib import closing
from datetime import date
from functools import cache
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
    except (UsageError, ValueError, RecursionError):
        return None


@cache
def _answer(address: str, key: str) -> bytes:
    """Return what a server says, empty where that takes too long, is too long, or is no answer."""
    from autoeval.completions.ask import run_in_own_loop

    return run_in_own_loop(_fetched(address, {} if key == NO_KEY else {"Authorization": f"Bearer {key}"}))


async def _fetched(address: str, headers: dict[str, str]) -> bytes:
    from autoeval.completions.providers.connections import Connections, is_available

    if not is_available():
        return b""
    try:
        with closing(Connections(address, headers, _PATIENCE, _MOST_BYTES)) as server:
            reply = await server.ask(address)
            return reply.content if reply.status == 200 else b""
    except (OSError, ValueError):  # the last: too long, or an address that is none
        return b""


def _date_in(reply: Any) -> date | None:
    said = reply.get("shutdown_date") if isinstance(reply, dict) else None
    return date.fromisoformat(said) if isinstance(said, str) else None
