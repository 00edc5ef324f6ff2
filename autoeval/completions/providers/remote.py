"""What all providers share that are reached through an SDK's asynchronous client.

The SDKs authenticate, sign and connect. Bodies are built and read here, without the SDKs' models, which cost
more processor time than everything else together, and every reply is bounded in time and size.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import replace
from types import ModuleType
from typing import Any

import aiohttp
import httpx2

from autoeval.completions.providers import Reply
from autoeval.completions.providers.event_streams import assembled, is_event_stream
from autoeval.completions.providers.failures import (
    MalformedReplyError,
    connection_failure,
    malformed,
    printable,
    status_failure,
)
from autoeval.completions.providers.fields import decimal, decode, decode_reply
from autoeval.completions.providers.limits import quota
from autoeval.completions.providers.refusals import remedy
from autoeval.completions.providers.unpacking import MOST_BYTES, Unpacker, too_large
from autoeval.types import Completion, Failure, FailureKind, Request

_LEAST_KEY = 8


class RemoteProvider(ABC):
    """Asks over HTTP. A subclass says how to connect, what to post where, and how to read the reply."""

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
        self._sdk = sdk
        self._key = key
        self._timeout = timeout
        self._credential_errors = credential_errors
        self._client: Any = None

    @abstractmethod
    def _connect(self, **options: Any) -> Any:
        """Return the SDK's asynchronous client, made with `options` and the provider's own."""

    @abstractmethod
    def _path(self, request: Request) -> str:
        """Return where a request is posted, below the client's base URL."""

    @abstractmethod
    def _body(self, request: Request) -> dict[str, Any]:
        """Return what is posted."""

    @abstractmethod
    def _read(self, reply: Any, seconds: float) -> Completion | Failure:
        """Read a decoded reply; TypeError, LookupError and ValueError mean that it breaks the protocol."""

    async def complete(self, request: Request) -> Reply:
        """Ask once; see `Provider.complete`."""
        try:
            body = self._body(request)
            self._make_client()
            started = time.perf_counter()  # making the client, once, is not the reply's time
            async with asyncio.timeout(self._timeout):
                response = await self._post(request, body)
        except TimeoutError:
            return Reply(Failure(FailureKind.TIMEOUT, f"no complete reply within {self._timeout:g} seconds"))
        except MalformedReplyError as error:
            return Reply(malformed(error))
        except self._sdk.APIStatusError as error:
            headers, decoded = error.response.headers, _decoded(error.response)
            failure = status_failure(error.status_code, decoded, headers, self._key)
            return Reply(_with_remedy(failure, decoded, body, request), quota(headers))
        except (self._sdk.APIConnectionError, httpx2.HTTPError, aiohttp.ClientError) as error:
            return Reply(connection_failure(error))
        except (ValueError, TypeError) as error:  # lone surrogates, NaN: not JSON
            return Reply(
                Failure(FailureKind.INVALID_REQUEST, f"the request cannot be sent: {printable(str(error))}")
            )
        except self._credential_errors as error:
            return Reply(Failure(FailureKind.REFUSED, printable(str(error), self._key)))
        outcome = self._outcome(response, time.perf_counter() - started)
        if isinstance(outcome, Failure):
            outcome = _with_remedy(outcome, outcome.message, body, request)
        return Reply(outcome, quota(response.headers))

    def _outcome(self, response: httpx2.Response, seconds: float) -> Completion | Failure:
        content, content_type = (
            without_key(response.content, self._key),
            response.headers.get("content-type", ""),
        )
        try:
            if is_event_stream(content, content_type):
                return self._read(assembled(content), seconds)
            return self._read(decode_reply(content, response.status_code, content_type), seconds)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            return malformed(error)

    async def close(self) -> None:
        """Close every connection."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.close()

    def _make_client(self) -> None:
        if self._client is None:
            self._client = self._connect(
                timeout=self._timeout,
                max_retries=0,
                http_client=self._sdk.DefaultAioHttpClient(
                    event_hooks={"response": [_bound]},
                    follow_redirects=False,  # a prompt goes to the server that its owner named
                ),
                default_headers={"Accept-Encoding": "identity"},
            )

    async def _post(self, request: Request, body: dict[str, Any]) -> httpx2.Response:
        response: httpx2.Response = await self._client.post(
            self._path(request), cast_to=httpx2.Response, body=body
        )
        return response


def without_key(content: bytes, key: str) -> bytes:
    """Take the key out of a reply that repeats it, since replies are stored; placeholders like `none` are words."""
    secret = key.encode()
    return content.replace(secret, b"[key]") if len(secret) >= _LEAST_KEY and secret in content else content


def _with_remedy(failure: Failure, error: Any, body: dict[str, Any], request: Request) -> Failure:
    """Say with a failure what the server would take instead, where it refuses a parameter."""
    if failure.kind is not FailureKind.INVALID_REQUEST:
        return failure
    return replace(failure, remedy=remedy(error, body, request.changes))


def _decoded(response: httpx2.Response) -> Any:
    try:
        return decode(response.content)
    except (ValueError, RecursionError):
        return response.content.decode("utf-8", "replace")


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
