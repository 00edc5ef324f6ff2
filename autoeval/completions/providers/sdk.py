"""What providers share that are reached through an SDK's asynchronous client.

The SDKs authenticate and sign; libcurl connects where it can. Bodies are built and read without the SDKs' models, which
cost more processor time than everything else together.
"""

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator
from types import ModuleType
from typing import Any

import httpx2

from autoeval.completions.providers.connections import is_available
from autoeval.completions.providers.fields import decimal
from autoeval.completions.providers.remote import Answer, RemoteProvider
from autoeval.completions.providers.unpacking import MOST_BYTES, Unpacker, too_large


class SdkProvider(RemoteProvider):
    """Asks through an SDK. A subclass says how to connect."""

    def __init__(
        self,
        sdk: ModuleType,
        key: str,
        timeout: float,
        credential_errors: tuple[type[Exception], ...] = (),
    ) -> None:
        """Take what a client needs.

        Args:
            sdk: the SDK's module, for its client and errors.
            key: the key, which no message may repeat.
            timeout: seconds that one request may take in all.
            credential_errors: what the SDK raises where it cannot sign a request.
        """
        super().__init__(key, timeout)
        self._sdk = sdk
        self._client: Any = None
        self.connection_errors = (sdk.APIConnectionError, httpx2.HTTPError, OSError)
        self.credential_errors = credential_errors

    @abstractmethod
    def _connect(self, **options: Any) -> Any:
        """Return the SDK's asynchronous client, made with `options` and the provider's own."""

    async def close(self) -> None:
        """Close every connection."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.close()

    def _open(self) -> None:
        if self._client is None:
            self._client = self._connect(
                timeout=self._timeout,
                max_retries=0,
                http_client=self._sdk.DefaultAsyncHttpxClient(
                    follow_redirects=False,  # a prompt goes to the server that its owner named
                    **_over_libcurl(self._timeout)
                    if is_available()
                    else {"event_hooks": {"response": [_bound]}},
                ),
                default_headers={"Accept-Encoding": "identity"},
            )

    async def _post(self, path: str, body: dict[str, Any]) -> Answer:
        try:
            async with asyncio.timeout(self._timeout):
                response: httpx2.Response = await self._client.post(path, cast_to=httpx2.Response, body=body)
        except self._sdk.APIStatusError as error:
            return Answer(error.status_code, error.response.headers, error.response.content)
        return Answer(response.status_code, response.headers, response.content)


def _over_libcurl(timeout: float) -> dict[str, httpx2.AsyncBaseTransport]:
    from autoeval.completions.providers.curl_transport import CurlTransport

    return {"transport": CurlTransport(timeout)}


async def _bound(response: httpx2.Response) -> None:
    """Let no reply exhaust the memory: neither a long one nor a small one that decompresses to a long one."""
    unpacker = Unpacker(response.headers.pop("content-encoding", "identity"))
    if decimal(response.headers.get("content-length", 0)) > MOST_BYTES:
        raise too_large()
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    response.stream = _BoundedStream(response.stream, unpacker)


class _BoundedStream(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, unpacker: Unpacker) -> None:
        self._stream = stream
        self._unpacker = unpacker

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            for unpacked in self._unpacker.feed(chunk):
                yield unpacked
        self._unpacker.end()

    async def aclose(self) -> None:
        await self._stream.aclose()
