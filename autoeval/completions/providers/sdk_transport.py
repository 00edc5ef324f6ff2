"""Posting through an SDK's asynchronous client, which signs each request or renews its token."""

from collections.abc import AsyncIterator, Callable, Mapping
from types import ModuleType
from typing import Any

import aiohttp
import httpx2

from autoeval.completions.providers.transport import Response, check_headers, collect


class SdkTransport:
    """Posts through `sdk`'s client; the SDK's own models of requests and replies stay out of it."""

    def __init__(
        self, sdk: ModuleType, connect: Callable[..., Any], refusals: tuple[type[Exception], ...]
    ) -> None:
        """Take what a client needs.

        Args:
            sdk: the SDK's module, for its errors and its HTTP client.
            connect: makes the client from the options that are given here.
            refusals: what the SDK raises where it cannot sign a request.
        """
        self.network_errors: tuple[type[Exception], ...] = (
            sdk.APIConnectionError,
            httpx2.HTTPError,
            aiohttp.ClientError,
        )
        self.refusals = refusals
        self._sdk = sdk
        self._new_client = connect
        self._client: Any = None

    async def post(self, path: str, body: Mapping[str, Any]) -> Response:
        """Post JSON; see `Transport.post`."""
        if self._client is None:
            self._client = self._new_client(
                timeout=None,
                max_retries=0,
                http_client=self._sdk.DefaultAioHttpClient(event_hooks={"response": [_bound]}),
                default_headers={"Accept-Encoding": "identity"},
            )
        try:
            response: httpx2.Response = await self._client.post(path, cast_to=httpx2.Response, body=body)
        except self._sdk.APIStatusError as error:
            response = error.response
        return Response(response.status_code, response.headers, response.content)

    async def close(self) -> None:
        """Close every connection."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.close()


async def _bound(response: httpx2.Response) -> None:
    """Let no reply exhaust the memory: neither a long one nor a small one that decompresses to a long one."""
    check_headers(response.headers)
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    response.stream = _BoundedStream(response.stream)


class _BoundedStream(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield await collect(aiter(self._stream))

    async def aclose(self) -> None:
        await self._stream.aclose()
