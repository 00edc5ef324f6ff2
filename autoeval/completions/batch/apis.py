"""What a batch API has to do for us, the two that do it, and what goes wrong with both in one way."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Protocol

from autoeval.completions.providers.failures import connection_failure, status_failure
from autoeval.errors import AutoevalError, UsageError
from autoeval.types import Completion, Endpoint, Failure, FailureKind, Request

MOST_BYTES = 256 * 2**20
"""The largest file of results that is read."""


class BatchError(AutoevalError):
    """A batch API did not do what it was asked for; the jobs are in the cache's file all the same."""

    exit_code = 3


class BatchRefusedError(BatchError):
    """It never will: the key, the model or the quota is refused."""

    exit_code = 5


@dataclass(frozen=True, slots=True)
class JobStatus:
    """How far a job is. `error` says why the provider refused it as a whole."""

    is_ended: bool
    n_done: int
    error: str | None = None


class BatchApi(Protocol):
    """One provider's batch API at one endpoint. Everything that goes wrong is a BatchError."""

    most_requests: int
    most_bytes: int

    def line(self, key: str, request: Request) -> bytes:
        """Return what stands for a request in a job."""

    def submit(self, lines: Sequence[bytes], note: str) -> str:
        """Submit a job; returns its id."""

    def find(self, note: str, created: float, n_requests: int) -> str | None:
        """Return the id of a job that was submitted, though nobody was left to write it down."""

    def status(self, job_id: str) -> JobStatus:
        """Ask how far a job is."""

    def results(self, job_id: str) -> Iterator[tuple[str, Completion | Failure]]:
        """Walk through what came of an ended job's requests, by their keys, in any order."""

    def cancel(self, job_id: str) -> None:
        """Ask for a job to be ended early; what is done by then can be collected."""

    def close(self) -> None:
        """Close the connections."""


def batch_api(endpoint: Endpoint, timeout: float) -> BatchApi:
    """Return the batch API of an endpoint.

    Raises:
        UsageError: there is none, or the key is missing.
    """
    if endpoint.provider == "anthropic":
        from autoeval.completions.batch.anthropic import AnthropicBatches

        return AnthropicBatches(endpoint, timeout)
    if endpoint.provider in ("openai", "openai_compatible", "azure") and not endpoint.clients:
        from autoeval.completions.batch.openai import OpenAIBatches

        return OpenAIBatches(endpoint, timeout)
    raise UsageError(
        f"--batch: {endpoint.provider!r} has no batch API that autoeval knows; those of OpenAI (and servers of its "
        "protocol) and Anthropic it does. Leave out --batch."
    )


@contextmanager
def explained(sdk: ModuleType, key: str, doing: str) -> Iterator[None]:
    """Turn whatever an SDK raises into a BatchError that says what was being done."""
    try:
        yield
    except sdk.APIStatusError as error:
        failure = status_failure(error.status_code, error.body or error.message, error.response.headers, key)
        kind = BatchRefusedError if failure.kind in _REFUSED else BatchError
        raise kind(f"{doing}: {failure.message}") from None
    except sdk.APIConnectionError as error:
        raise BatchError(f"{doing}: {connection_failure(error).message}") from None


_REFUSED = (FailureKind.REFUSED, FailureKind.INVALID_REQUEST)


def bounded_client(sdk: ModuleType) -> Any:
    """Return an HTTP client for an SDK; it refuses files that could exhaust the memory, and goes nowhere else."""
    import httpx2

    def bound(response: httpx2.Response) -> None:
        assert isinstance(response.stream, httpx2.SyncByteStream)
        response.stream = _BoundedStream(response.stream)

    class _BoundedStream(httpx2.SyncByteStream):
        def __init__(self, stream: httpx2.SyncByteStream) -> None:
            self._stream = stream

        def __iter__(self) -> Iterator[bytes]:
            n_bytes = 0
            for chunk in self._stream:
                n_bytes += len(chunk)
                if n_bytes > MOST_BYTES:
                    raise BatchError(f"a reply of the batch API is larger than {MOST_BYTES // 2**20} MB")
                yield chunk

        def close(self) -> None:
            self._stream.close()

    return sdk.DefaultHttpxClient(event_hooks={"response": [bound]}, follow_redirects=False)
