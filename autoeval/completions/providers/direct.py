"""Servers of OpenAI's protocol that need no more than a bearer key, asked without an SDK.

Importing an SDK and passing through it costs more processor time than everything else that a judgment takes.
"""

import json
from typing import Any

import aiohttp

from autoeval.completions.providers.keys import find_key
from autoeval.completions.providers.openai import OpenAIProtocol
from autoeval.completions.providers.presets import PRESETS, address_of
from autoeval.completions.providers.remote import Answer
from autoeval.completions.providers.sessions import content_of, open_session, proxy_for
from autoeval.types import Endpoint


class DirectProvider(OpenAIProtocol):
    """Posts to one server over connections that are kept open."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        """Find address and key."""
        preset = PRESETS[endpoint.provider]
        self._address = address_of(endpoint).rstrip("/")
        is_optional = preset.key_is_optional or bool(endpoint.base_url)
        key = find_key(endpoint, [preset.key] if preset.key else [], is_optional=is_optional)
        super().__init__(key, timeout)
        self._session: aiohttp.ClientSession | None = None
        self._proxy: str | None = None

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    async def _post(self, path: str, body: dict[str, Any]) -> Answer:
        data = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        if self._session is None:
            self._proxy = proxy_for(self._address)
            headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
            self._session = open_session(self._address, headers)
        async with self._session.post(
            self._address + path,
            data=data,
            allow_redirects=False,  # a prompt goes to the server that its owner named
            proxy=self._proxy,
        ) as response:
            return Answer(response.status, response.headers, await content_of(response))
