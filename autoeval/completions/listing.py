"""What a server itself says of a model's end: the optional `shutdown_date` of OpenAI's `GET /v1/models/<model>`."""

from datetime import date
from typing import Any
from urllib.parse import quote

from autoeval.completions.providers.keys import NO_KEY, find_key
from autoeval.completions.providers.presets import PRESETS, address_of
from autoeval.errors import UsageError
from autoeval.types import Endpoint

_ASKED = frozenset({"openai", "openai_compatible"})
_PATIENCE = 3.0
"""Seconds; what the answer adds is no reason to wait longer, nor to fail."""
_MOST_BYTES = 100_000


def listed_shutdown(endpoint: Endpoint, model: str) -> date | None:
    """Ask a server until when it serves a model.

    Args:
        endpoint: where the model is asked; the key goes nowhere else, and no redirect is followed.
        model: its name there.

    Returns:
        The date; None where the server names none, does not answer, or is not asked because its protocol has no
        such field.
    """
    if endpoint.provider not in _ASKED or endpoint.clients:
        return None
    import httpx2

    try:
        preset = PRESETS[endpoint.provider]
        key = find_key(endpoint, [preset.key] if preset.key else [], is_optional=True)
        address = f"{address_of(endpoint).rstrip('/')}/models/{quote(model, safe='')}"
        headers = {} if key == NO_KEY else {"Authorization": f"Bearer {key}"}
        with httpx2.Client(follow_redirects=False, timeout=_PATIENCE) as client:
            reply = client.get(address, headers=headers)
        if reply.status_code != 200 or len(reply.content) > _MOST_BYTES:
            return None
        return _date_in(reply.json())
    except (httpx2.HTTPError, httpx2.InvalidURL, UsageError, ValueError):
        return None


def _date_in(reply: Any) -> date | None:
    said = reply.get("shutdown_date") if isinstance(reply, dict) else None
    return date.fromisoformat(said) if isinstance(said, str) else None
