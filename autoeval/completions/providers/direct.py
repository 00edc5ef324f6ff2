"""Servers of OpenAI's protocol that need no more than a bearer key, asked without an SDK.

Importing an SDK and passing through it costs more processor time than everything else that a judgment takes.
"""

import json
import os
import ssl
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from autoeval.completions.providers.fields import decimal
from autoeval.completions.providers.keys import find_key
from autoeval.completions.providers.openai import OpenAIProtocol
from autoeval.completions.providers.presets import PRESETS, address_of
from autoeval.completions.providers.remote import Answer
from autoeval.completions.providers.unpacking import MOST_BYTES, Unpacker, too_large
from autoeval.types import Endpoint
from autoeval.version import __version__

_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""Where a user says whom to trust."""


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
            self._session = self._connect()
        async with self._session.post(
            self._address + path,
            data=data,
            allow_redirects=False,  # a prompt goes to the server that its owner named
            proxy=self._proxy,
        ) as response:
            return Answer(response.status, response.headers, await _content(response))

    def _connect(self) -> aiohttp.ClientSession:
        parts = urlsplit(self._address)
        if parts.hostname and not proxy_bypass(parts.hostname):
            self._proxy = getproxies().get(parts.scheme)
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=_trust() if parts.scheme == "https" else True),
            headers={
                "Authorization": f"Bearer {self._key}",
                "Content-Type": "application/json",
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "User-Agent": f"autoeval/{__version__}",
            },
            auto_decompress=False,  # it would not be bounded
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
        )


async def _content(response: aiohttp.ClientResponse) -> bytes:
    """Read a reply, and let none exhaust the memory: neither a long one nor a small one that unpacks to a long one."""
    unpacker = Unpacker(response.headers.get("content-encoding", "identity"))
    if decimal(response.headers.get("content-length", 0)) > MOST_BYTES:
        raise too_large()
    chunks: list[bytes] = []
    async for chunk in response.content.iter_any():
        chunks += unpacker.feed(chunk)
    unpacker.end()
    return b"".join(chunks)


def _trust() -> ssl.SSLContext:
    """Trust whom the SDKs trust: the user's certificates where they are named, else those of Mozilla."""
    if any(os.environ.get(name) for name in _CERTIFICATES):
        return ssl.create_default_context()
    import certifi

    return ssl.create_default_context(cafile=certifi.where())
