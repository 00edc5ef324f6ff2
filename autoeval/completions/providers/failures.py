"""Errors of servers and networks as Failures: of what kind, when to try again, and what to tell people."""

import errno
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from autoeval.completions.providers.limits import retry_after
from autoeval.completions.providers.meanings import described, is_wrong_address, meant
from autoeval.texts.patterns import lazy_pattern
from autoeval.types import Failure, FailureKind

_LONGEST_MESSAGE = 400
_OF_EVERY_REQUEST = (401, 402, 403, 404, 405, 406, 407, 410, 411, 414, 415, 417, 426, 428)
"""What is wrong with the key, the account, the address or the protocol, which all requests have in common."""
_KINDS = {
    **dict.fromkeys(_OF_EVERY_REQUEST, FailureKind.REFUSED),
    408: FailureKind.TIMEOUT,
    409: FailureKind.SERVER_ERROR,
    421: FailureKind.SERVER_ERROR,  # came over a connection that does not lead there: another may
    423: FailureKind.SERVER_ERROR,
    424: FailureKind.SERVER_ERROR,  # what the gateway asks has failed
    425: FailureKind.SERVER_ERROR,
    429: FailureKind.RATE_LIMITED,
    451: FailureKind.FILTERED,
    498: FailureKind.SERVER_ERROR,
    499: FailureKind.SERVER_ERROR,  # a gateway's own client has gone
}
_LONE = lazy_pattern("[\ud800-\udfff]")
_MARKUP = lazy_pattern(r"<(script|style|title)\b.*?</\1\s*>|<[^>]*>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
_HINT = "check the model's name and the address (OpenAI-compatible addresses usually end in /v1)"


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
    codes, message = described(error)
    kind = meant(codes, message, status)
    if kind is None:
        kind = _by_status(status)
    wait = retry_after(headers) if kind in (FailureKind.RATE_LIMITED, FailureKind.SERVER_ERROR) else None
    told = f"{printable(message, key) or 'no explanation'} (HTTP {status})"
    return Failure(kind, hinted(told) if status in (404, 405) else told, wait)


def _by_status(status: int) -> FailureKind:
    """Return what a status says; one that nobody knows counts as the first of its class (RFC 9110, section 15)."""
    of_its_class = FailureKind.INVALID_REQUEST if 400 <= status < 500 else FailureKind.SERVER_ERROR
    return _KINDS.get(status, of_its_class)


def reported_failure(error: Any, key: str = "") -> Failure:
    """Turn an error that a server reports with a successful status into a Failure.

    Args:
        error: the decoded body, or what it has under `error`.
        key: the key that was sent, never to be repeated.
    """
    codes, message = described(error)
    status = next((int(code) for code in codes if code.isdecimal() and 400 <= int(code) < 600), 200)
    kind = meant(codes, message, status)
    if kind is None:
        kind = _by_status(status)
    code = f" with error code {status}" if status != 200 else ""
    told = f"{printable(message, key) or 'no explanation'} (HTTP 200{code})"
    return Failure(kind, hinted(told) if is_wrong_address(message) else told, is_answered=True)


def hinted(message: str) -> str:
    """Add what is usually wrong where nothing that can answer lies at an address."""
    return f"{message} ({_HINT})"


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
    message = re.sub(r"[\x00-\x1f\x7f-\x9f\s]+", " ", whole(plain_text(message))).strip()
    return message if len(message) <= _LONGEST_MESSAGE else message[: _LONGEST_MESSAGE - 1] + "…"


def whole(text: str) -> str:
    """Replace halves of characters, which nothing can be written with."""
    return text if text.isascii() else _LONE.sub("\ufffd", text)


def plain_text(message: str) -> str:
    """Return what a web page says, anything else as it is."""
    if message.lstrip()[:1] != "<" or "html" not in message[:400].lower():
        return message
    return re.sub(r"\s+", " ", _MARKUP.sub(" ", message)).strip()


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
