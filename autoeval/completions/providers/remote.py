"""What all providers share that are reached over HTTP.

Bodies are built and read here, without the SDKs' models, which cost more processor time than everything else
together, and every reply is bounded in time and size.
"""

import asyncio
import json
import time
from abc import ABC, abstractmethod
from typing import Any

from autoeval.completions.providers import Reply
from autoeval.completions.providers.failures import (
    MalformedReplyError,
    connection_failure,
    malformed,
    printable,
    status_failure,
)
from autoeval.completions.providers.limits import quota
from autoeval.completions.providers.transport import Response, Transport
from autoeval.types import Completion, Failure, FailureKind, Request


class RemoteProvider(ABC):
    """Asks over HTTP. A subclass says what to post where and how to read the reply."""

    def __init__(self, transport: Transport, key: str, timeout: float) -> None:
        """Take what asking needs.

        Args:
            transport: the way to the server.
            key: the key, which no message may repeat.
            timeout: seconds that one request may take in all.
        """
        self._transport = transport
        self._key = key
        self._timeout = timeout

    @abstractmethod
    def _path(self, request: Request) -> str:
        """Return where a request is posted, below the server's address."""

    @abstractmethod
    def _body(self, request: Request) -> dict[str, Any]:
        """Return what is posted."""

    @abstractmethod
    def _read(self, reply: Any, seconds: float) -> Completion | Failure:
        """Read a decoded reply; TypeError, LookupError and ValueError mean that it breaks the protocol."""

    async def complete(self, request: Request) -> Reply:
        """Ask once; see `Provider.complete`."""
        started = time.perf_counter()
        transport = self._transport
        try:
            async with asyncio.timeout(self._timeout):
                response = await transport.post(self._path(request), self._body(request))
        except TimeoutError:
            return Reply(Failure(FailureKind.TIMEOUT, f"no complete reply within {self._timeout:g} seconds"))
        except MalformedReplyError as error:
            return Reply(malformed(error))
        except transport.network_errors as error:
            return Reply(connection_failure(error))
        except transport.refusals as error:
            return Reply(Failure(FailureKind.REFUSED, printable(str(error), self._key)))
        except (ValueError, TypeError) as error:  # lone surrogates, NaN: not JSON
            return Reply(
                Failure(FailureKind.INVALID_REQUEST, f"the request cannot be sent: {printable(str(error))}")
            )
        return Reply(self._outcome(response, time.perf_counter() - started), quota(response.headers))

    async def close(self) -> None:
        """Close every connection."""
        await self._transport.close()

    def _outcome(self, response: Response, seconds: float) -> Completion | Failure:
        if response.status >= 300:
            return status_failure(response.status, _decoded(response.content), response.headers, self._key)
        try:
            return self._read(json.loads(response.content), seconds)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            return malformed(error)


def _decoded(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return content.decode(errors="replace")
