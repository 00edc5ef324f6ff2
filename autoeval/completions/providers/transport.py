"""How a body gets to a server and its reply back: bounded in size, whatever the server sends.

Those who are reached with a key are asked through aiohttp itself, which takes a fraction of the processor time
of the SDKs' clients and nothing of their time to load (benchmarks/RESULTS.md has the figures). Where requests
have to be signed or tokens renewed, the SDKs' clients do that.
"""

import json
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from autoeval.completions.providers.failures import MalformedReplyError

MOST_BYTES = 16 * 2**20
"""The largest reply that is read."""


@dataclass(frozen=True, slots=True)
class Response:
    """What a server sent; `headers` are looked up whatever their case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Transport(Protocol):
    """A way to one server. It connects on first use, to the event loop that runs then."""

    async def post(self, path: str, body: Mapping[str, Any]) -> Response:
        """Post JSON below the server's address, without retries or redirects.

        Raises:
            MalformedReplyError: the reply is too large, or compressed although that was not asked for.
            Exception: one of `network_errors` or `refusals`.
        """

    async def close(self) -> None:
        """Close every connection."""

    @property
    def network_errors(self) -> tuple[type[Exception], ...]:
        """What is raised where no reply came."""

    @property
    def refusals(self) -> tuple[type[Exception], ...]:
        """What is raised where a request could not be signed."""


class HttpTransport:
    """Posts through aiohttp with fixed headers."""

    network_errors: tuple[type[Exception], ...] = (aiohttp.ClientError, OSError)
    refusals: tuple[type[Exception], ...] = ()

    def __init__(self, address: str, headers: Mapping[str, str]) -> None:
        """Take the server's address and the headers that say who asks."""
        self._address = address.rstrip("/")
        self._headers = {"Content-Type": "application/json", "Accept-Encoding": "identity", **headers}
        self._session: aiohttp.ClientSession | None = None

    async def post(self, path: str, body: Mapping[str, Any]) -> Response:
        """Post JSON; see `Transport.post`."""
        if self._session is None:
            self._session = self._connect()
        content = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        url = self._address + path
        async with self._session.post(url, data=content, allow_redirects=False) as response:
            check_headers(response.headers)
            return Response(response.status, response.headers, await collect(response.content.iter_any()))

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    def _connect(self) -> aiohttp.ClientSession:
        parts = urlsplit(self._address)
        is_direct = bool(proxy_bypass(parts.hostname or ""))
        return aiohttp.ClientSession(
            headers=self._headers,
            connector=aiohttp.TCPConnector(limit=0, ssl=_trusted() if parts.scheme == "https" else True),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            proxy=None if is_direct else getproxies().get(parts.scheme),
        )


def _trusted() -> ssl.SSLContext:
    """Trust whom the operating system trusts (and SSL_CERT_FILE, SSL_CERT_DIR where they are set)."""
    import truststore

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def check_headers(headers: Mapping[str, str]) -> None:
    """Refuse a reply by what its headers say of its size.

    Raises:
        MalformedReplyError: it is compressed, and may be of any size then, or announced as too large.
    """
    if headers.get("content-encoding", "identity") != "identity":
        raise MalformedReplyError("the reply is compressed although that was not asked for")
    if int(headers.get("content-length", 0)) > MOST_BYTES:
        raise _too_large()


async def collect(chunks: AsyncIterator[bytes]) -> bytes:
    """Put a body together, up to the limit.

    Raises:
        MalformedReplyError: it is longer.
    """
    content = bytearray()
    async for chunk in chunks:
        content += chunk
        if len(content) > MOST_BYTES:
            raise _too_large()
    return bytes(content)


def _too_large() -> MalformedReplyError:
    return MalformedReplyError(f"the reply is larger than {MOST_BYTES // 2**20} MB; it was not read")
