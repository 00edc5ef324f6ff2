"""What all providers share that are reached over HTTP: what is asked, what can go wrong, what is read.

Every reply is bounded in time and size, and no redirect is followed.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from autoeval.completions.providers import Reply
from autoeval.completions.providers.event_streams import assembled, is_event_stream
from autoeval.completions.providers.failures import (
    MalformedReplyError,
    connection_failure,
    malformed,
    printable,
    status_failure,
)
from autoeval.completions.providers.fields import decode, decode_reply
from autoeval.completions.providers.limits import quota
from autoeval.completions.providers.refusals import remedy
from autoeval.types import Completion, Failure, FailureKind, Request

_LEAST_KEY = 8
_SUCCESSES = range(200, 300)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered: status, headers (in any case), and the body, unpacked."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class RemoteProvider(ABC):
    """Asks over HTTP. A subclass says how and where to post, and how to read the reply."""

    keeps_time = True
    """No request takes longer than the timeout, so that nobody else has to look at the clock."""
    connection_errors: tuple[type[Exception], ...] = (OSError,)
    credential_errors: tuple[type[Exception], ...] = ()

    def __init__(self, key: str, timeout: float) -> None:
        """Take what every request needs.

        Args:
            key: the key, which no message may repeat.
            timeout: seconds that one request may take in all.
        """
        self._key = key
        self._timeout = timeout

    @abstractmethod
    def _path(self, request: Request) -> str:
        """Return where a request is posted, below the server's address."""

    @abstractmethod
    def _body(self, request: Request) -> dict[str, Any]:
        """Return what is posted."""

    @abstractmethod
    async def _post(self, path: str, body: dict[str, Any]) -> Answer:
        """Post a body as JSON.

        Raises:
            TimeoutError: the reply was not complete within the timeout.
            MalformedReplyError: it is too large.
        """

    @abstractmethod
    def _read(self, reply: Any, seconds: float) -> Completion | Failure:
        """Read a decoded reply; TypeError, LookupError and ValueError mean that it breaks the protocol."""

    def _open(self) -> None:  # noqa: B027 - not every way of asking has a client to make
        """Make the client, where there is none yet."""

    @abstractmethod
    async def close(self) -> None:
        """Close every connection."""

    async def complete(self, request: Request) -> Reply:
        """Ask once; see `Provider.complete`."""
        try:
            body = self._body(request)
            self._open()
            started = time.perf_counter()  # making the client, once, is not the reply's time
            answer = await self._post(self._path(request), body)
        except TimeoutError:
            return Reply(Failure(FailureKind.TIMEOUT, f"no complete reply within {self._timeout:g} seconds"))
        except MalformedReplyError as error:
            return Reply(malformed(error))
        except self.connection_errors as error:
            return Reply(connection_failure(error))
        except (ValueError, TypeError) as error:  # lone surrogates, NaN: not JSON
            return Reply(
                Failure(FailureKind.INVALID_REQUEST, f"the request cannot be sent: {printable(str(error))}")
            )
        except self.credential_errors as error:
            return Reply(Failure(FailureKind.REFUSED, printable(str(error), self._key)))
        if answer.status not in _SUCCESSES:
            decoded = _decoded(answer.content)
            failure = status_failure(answer.status, decoded, answer.headers, self._key)
            return Reply(_with_remedy(failure, decoded, body, request), quota(answer.headers))
        outcome = self._outcome(answer, time.perf_counter() - started)
        if isinstance(outcome, Failure):
            outcome = _with_remedy(outcome, outcome.message, body, request)
        return Reply(outcome, quota(answer.headers))

    def _outcome(self, answer: Answer, seconds: float) -> Completion | Failure:
        content, content_type = without_key(answer.content, self._key), answer.headers.get("content-type", "")
        try:
            if is_event_stream(content, content_type):
                return self._read(assembled(content), seconds)
            return self._read(decode_reply(content, answer.status, content_type), seconds)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            return malformed(error)


def without_key(content: bytes, key: str) -> bytes:
    """Take the key out of a reply that repeats it, since replies are stored; placeholders like `none` are words."""
    secret = key.encode()
    return content.replace(secret, b"[key]") if len(secret) >= _LEAST_KEY and secret in content else content


def _with_remedy(failure: Failure, error: Any, body: dict[str, Any], request: Request) -> Failure:
    """Say with a failure what the server would take instead, where it refuses a parameter."""
    if failure.kind is not FailureKind.INVALID_REQUEST:
        return failure
    return replace(failure, remedy=remedy(error, body, request.changes))


def _decoded(content: bytes) -> Any:
    try:
        return decode(content)
    except (ValueError, RecursionError):
        return content.decode("utf-8", "replace")
