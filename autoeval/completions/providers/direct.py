"""Servers of OpenAI's protocol that need no more than a bearer key, asked without an SDK.

Importing an SDK and passing through it costs more processor time than everything else that a judgment takes.
"""

import json
from collections.abc import Mapping
from typing import Any

from autoeval.completions.providers.connections import Connections
from autoeval.completions.providers.keys import find_key
from autoeval.completions.providers.openai import OpenAIProtocol
from autoeval.completions.providers.presets import PRESETS, address_of
from autoeval.completions.providers.remote import Answer
from autoeval.texts import fast_json
from autoeval.types import Endpoint, Request


class DirectProvider(OpenAIProtocol):
    """Posts to one server over connections that are kept open."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        """Find address and key."""
        preset = PRESETS[endpoint.provider]
        self._address = address_of(endpoint).rstrip("/")
        is_optional = preset.key_is_optional or bool(endpoint.base_url)
        key = find_key(endpoint, [preset.key] if preset.key else [], is_optional=is_optional)
        super().__init__(key, timeout)
        self._connections: Connections | None = None
        self._checked: Mapping[str, Any] | None = None

    async def close(self) -> None:
        """Close every connection."""
        if self._connections is not None:
            connections, self._connections = self._connections, None
            connections.close()

    def _open(self) -> None:
        if self._connections is None:
            headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
            self._connections = Connections(self._address, headers, self._timeout)

    def _body(self, request: Request) -> dict[str, Any]:
        body = super()._body(request)
        if request.parameters is not self._checked:
            json.dumps({**request.parameters}, allow_nan=False)  # what is no number would be sent as null
            self._checked = request.parameters
        return body

    async def _post(self, path: str, body: dict[str, Any]) -> Answer:
        assert self._connections is not None
        return await self._connections.ask(self._address + path, fast_json.dumps(body))
