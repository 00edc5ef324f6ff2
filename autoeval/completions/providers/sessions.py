"""Connections to one server over aiohttp: nothing is followed, kept or unpacked that was not asked for."""

import os
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from autoeval.completions.providers.fields import decimal
from autoeval.completions.providers.unpacking import MOST_BYTES, Unpacker, too_large
from autoeval.version import __version__

_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""Where a user says whom to trust."""


def open_session(address: str, headers: Mapping[str, str]) -> aiohttp.ClientSession:
    """Return a session for requests to an address, which are limited in time and number elsewhere."""
    is_secure = urlsplit(address).scheme == "https"
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ssl=_trust() if is_secure else True),
        headers={
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": f"autoeval/{__version__}",
            **headers,
        },
        auto_decompress=False,  # it would not be bounded
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
    )


def proxy_for(address: str) -> str | None:
    """Return the proxy through which the environment says that an address is reached."""
    parts = urlsplit(address)
    if not parts.hostname or proxy_bypass(parts.hostname):
        return None
    return getproxies().get(parts.scheme)


async def content_of(response: aiohttp.ClientResponse, most: int = MOST_BYTES) -> bytes:
    """Read a reply, and let none exhaust the memory: neither a long one nor a small one that unpacks to a long one."""
    unpacker = Unpacker(response.headers.get("content-encoding", "identity"), most)
    if decimal(response.headers.get("content-length", 0)) > most:
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
