"""What a batch API has to do for us, the two that do it, and what goes wrong with both in one way."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any, Protocol

from autoeval.completions.batch.streams import stream_lines
from autoeval.completions.providers.failures import connection_failure, malformed, status_failure
from autoeval.completions.providers.fields import decode
from autoeval.completions.providers.remote import without_key
from autoeval.errors import AutoevalError
from autoeval.types import Completion, Failure, FailureKind, Request

SUBMIT_SECONDS = 600.0
"""How long a provider may take to accept a job, which can be many megabytes."""


class BatchError(AutoevalError):
    """A batch API did not do what it was asked for; the jobs are in the cache's file all the same."""

    exit_code = 3


class BatchRefusedError(BatchError):
    """It never will: the key, the model or the quota is refused."""

    exit_code = 5


class BatchUnknownError(BatchRefusedError):
    """There is no such job, or no such file, at the provider."""


@dataclass(frozen=True, slots=True)
class JobStatus:
    """How far a job is.

    `error` says why the provider refused it as a whole; `is_too_large` that it only has too much to do already.
    Results that are `gone` were kept for a month and are not any more.
    """

    is_ended: bool
    n_done: int
    error: str | None = None
    is_too_large: bool = False
    is_cancelled: bool = False
    is_gone: bool = False


Outcome = Completion | Failure


class BatchApi(Protocol):
    """One provider's batch API at one endpoint. Everything that goes wrong is a BatchError."""

    most_requests: int
    most_bytes: int

    def line(self, key: str, request: Request) -> bytes:
        """Return what stands for a request in a job."""

    def submit(self, lines: Iterable[bytes], note: str) -> str:
        """Submit a job; returns its id."""

    def find(self, note: str, created: float, n_requests: int) -> str | None:
        """Return the id of a job that was submitted, though nobody was left to write it down."""

    def status(self, job_id: str) -> JobStatus:
        """Ask how far a job is."""

    def results(self, job_id: str) -> Iterator[tuple[str, Outcome]]:
        """Walk through what came of an ended job's requests, by their keys, in any order."""

    def cancel(self, job_id: str) -> None:
        """Ask for a job to be ended early; what is done by then can be collected."""

    def close(self) -> None:
        """Close the connections."""


@contextmanager
def explained(sdk: ModuleType, key: str, doing: str) -> Iterator[None]:
    """Turn whatever an SDK raises into a BatchError that says what was being done."""
    try:
        yield
    except sdk.APIStatusError as error:
        body, headers = error.body or error.message, error.response.headers
        raise status_error(error.status_code, body, headers, key, doing) from None
    except sdk.APIConnectionError as error:
        raise BatchError(f"{doing}: {connection_failure(error).message}") from None


def status_error(status: int, body: Any, headers: Mapping[str, str], key: str, doing: str) -> BatchError:
    """Say what an HTTP status means for what was being done."""
    failure = status_failure(status, body, headers, key)
    if status == 404:
        return BatchUnknownError(f"{doing}: {failure.message}")
    kind = BatchRefusedError if failure.kind in _REFUSED else BatchError
    return kind(f"{doing}: {failure.message}")


_REFUSED = (FailureKind.REFUSED, FailureKind.INVALID_REQUEST)


def read_results(
    client: Any, path: str, key: str, timeout: float, read: Callable[[dict[str, Any]], Outcome]
) -> Iterator[tuple[str, Outcome]]:
    """Walk through a file of results, a JSON object with a `custom_id` a line; never all of it is in memory.

    A line that is none is passed over: its request then counts as one without a result.

    Args:
        client: the SDK's client, for the address and its headers.
        path: where the file lies below that address.
        key: the key, which is taken out where the file repeats it.
        timeout: seconds without a byte after which reading is given up.
        read: tells what came of a line's request; what it raises over a malformed one becomes a Failure.
    """
    headers = {**client.default_headers, **client.auth_headers}
    sent = {name: value for name, value in headers.items() if isinstance(value, str)}
    url = f"{str(client.base_url).rstrip('/')}/{path.lstrip('/')}"
    for line in stream_lines(url, sent, timeout, partial(_unread, key)):
        try:
            entry = decode(without_key(line, key))
            name = entry["custom_id"]
        except (ValueError, LookupError, TypeError, RecursionError):
            continue
        if not isinstance(name, str):
            continue
        try:
            yield name, read(entry)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as wrong:
            yield name, malformed(wrong)


_READING = "the batch's replies could not be read"
_NONE: Mapping[str, str] = {}


def _unread(key: str, why: Any, status: int | None = None, headers: Mapping[str, str] = _NONE) -> BatchError:
    """Say why a file could not be read: the body that came with a status, or (without one) what happened on the way."""
    if status is not None:
        return status_error(status, why, headers, key, _READING)
    told = connection_failure(why).message if isinstance(why, Exception) else str(why)
    return BatchError(f"{_READING}: {told}")
