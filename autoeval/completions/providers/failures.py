"""Errors of servers and networks as Failures: of what kind, when to try again, and what to tell people."""

import errno
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from autoeval.completions.providers.limits import retry_after
from autoeval.types import Failure, FailureKind

_LONGEST_MESSAGE = 400
_KINDS = {
    400: FailureKind.INVALID_REQUEST,
    408: FailureKind.TIMEOUT,
    409: FailureKind.SERVER_ERROR,
    413: FailureKind.INVALID_REQUEST,
    422: FailureKind.INVALID_REQUEST,
    425: FailureKind.SERVER_ERROR,
    429: FailureKind.RATE_LIMITED,
}
_NO_MONEY = frozenset(
    {"insufficient_quota", "billing_not_active", "billing_hard_limit_reached", "billing_error"}
)
_NO_ACCESS = frozenset({"invalid_api_key", "model_not_found", "account_deactivated", "unknown_model"})
_NO_ACCESS_MESSAGE = re.compile(
    r"credit balance|api[ _-]?key (is )?(not valid|invalid|expired|not found)", re.IGNORECASE
)
_NOT_FOUND_HINT = "check the model's name and the address (OpenAI-compatible addresses usually end in /v1)"


class MalformedReplyError(ValueError):
    """A successful status with a body that is not what the protocol promises."""


def status_failure(status: int, error: Any, headers: Mapping[str, str], key: str) -> Failure:
    """Turn an HTTP error into a Failure.

    Args:
        status: the HTTP status.
        error: the decoded body, or the text of one that is not JSON.
        headers: the response's headers.
        key: the key that was sent, never to be repeated.
    """
    if 300 <= status < 400:
        return Failure(FailureKind.REFUSED, printable(_redirect(headers.get("location", "")), key))
    codes, message = _describe(error)
    kind = _KINDS.get(status, FailureKind.SERVER_ERROR if status >= 500 else FailureKind.REFUSED)
    if codes & (_NO_MONEY | _NO_ACCESS) or (status == 400 and _NO_ACCESS_MESSAGE.search(message)):
        kind = FailureKind.REFUSED
    hint = f" ({_NOT_FOUND_HINT})" if status == 404 else ""
    wait = retry_after(headers) if kind in (FailureKind.RATE_LIMITED, FailureKind.SERVER_ERROR) else None
    return Failure(kind, f"{printable(message, key) or 'no explanation'} (HTTP {status}){hint}", wait)


def connection_failure(error: BaseException) -> Failure:
    """Tell apart, by what lies at the bottom of the error: too slow, not reached, and broken off."""
    chain = list(_causes(error))
    if isinstance(chain[-1], MalformedReplyError):  # raised while reading, wrapped on its way through the SDK
        return malformed(chain[-1])
    message = next((str(cause) for cause in reversed(chain) if str(cause)), type(error).__name__)
    about = next((text for cause in chain if (text := _explain(cause))), None)
    if about is None and isinstance(chain[-1], TimeoutError):
        return Failure(FailureKind.TIMEOUT, printable(message))
    return Failure(FailureKind.CONNECTION, printable(f"{about}: {message}" if about else message))


def malformed(error: Exception) -> Failure:
    """Say what a reply lacks that its protocol promises."""
    if isinstance(error, MalformedReplyError):
        return Failure(FailureKind.MALFORMED, printable(str(error)))
    return Failure(
        FailureKind.MALFORMED, f"the reply is not what the protocol promises: {printable(repr(error))}"
    )


def printable(message: str, key: str = "") -> str:
    """Shorten a server's message and take out what must not reach a terminal or a log."""
    if key:
        message = message.replace(key, "[key]")
    message = re.sub(r"[\x00-\x1f\x7f-\x9f\s]+", " ", message).strip()
    return message if len(message) <= _LONGEST_MESSAGE else message[: _LONGEST_MESSAGE - 1] + "…"


def _redirect(location: str) -> str:
    """Name where an endpoint redirects to, without what may be secret in the address."""
    try:
        parts = urlsplit(location)
    except ValueError:
        parts = urlsplit("")
    where = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))[:200]
    return (
        f"the endpoint redirects to {where or 'nowhere'}, and what is asked goes only where you send it: if that is "
        "the server you mean, give its address with --judge_base_url (or --generator_base_url)"
    )


def _describe(error: Any) -> tuple[set[str], str]:
    """Return the error codes and the message; servers wrap them in `error`, in a list, or not at all."""
    if isinstance(error, list) and error:
        error = error[0]
    inner = error.get("error", error) if isinstance(error, dict) else error
    if not isinstance(inner, dict):
        return set(), str(inner or "")
    codes = {str(inner.get(name)) for name in ("code", "type") if inner.get(name)}
    message = inner.get("message") or inner.get("detail") or inner
    return codes, str(message)


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or getattr(cause, "os_error", None)


def _explain(cause: BaseException) -> str | None:
    if isinstance(cause, ssl.SSLError | ssl.CertificateError):
        return "no secure connection"
    if isinstance(cause, socket.gaierror):
        return "the host's name cannot be resolved"
    if isinstance(cause, OSError) and cause.errno == errno.ECONNREFUSED:
        return "nothing answers at the address"
    return None
