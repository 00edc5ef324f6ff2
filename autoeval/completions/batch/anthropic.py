"""Anthropic's message batches: requests in one call, results in another."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from autoeval.completions.batch.apis import JobStatus, bounded_client, explained
from autoeval.completions.pricing import BATCH
from autoeval.completions.providers.anthropic import AnthropicProvider, body, read
from autoeval.completions.providers.failures import malformed
from autoeval.completions.providers.remote import without_key
from autoeval.types import Completion, Endpoint, Failure, FailureKind, Request

_PATH = "/v1/messages/batches"
_RECENT_JOBS = 100
_CLOCKS_APART_SECONDS = 300.0
_PERMANENT = frozenset({"invalid_request_error", "request_too_large"})


class AnthropicBatches:
    """The message batches of Anthropic."""

    most_requests = (
        10_000  # the limit is 100,000; smaller jobs are done earlier and lose less where one fails
    )
    most_bytes = 100 * 2**20  # the limit is 256 MB

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        """Find address and key."""
        import anthropic

        provider = AnthropicProvider(endpoint, timeout)
        self._key = provider.key
        self._sdk = anthropic
        self._client = anthropic.Anthropic(
            **provider.credentials, timeout=timeout, http_client=bounded_client(anthropic)
        )
        self._once = self._client.with_options(max_retries=0)  # a job that is asked for twice is paid twice

    def line(self, key: str, request: Request) -> bytes:
        """Return an entry of the list of requests."""
        return json.dumps(
            {"custom_id": key, "params": body(request)}, ensure_ascii=False, allow_nan=False
        ).encode()

    def submit(self, lines: Sequence[bytes], note: str) -> str:  # noqa: ARG002
        """Submit the requests."""
        requests: Any = [json.loads(line) for line in lines]
        with explained(self._sdk, self._key, "the batch could not be submitted"):
            return str(self._once.messages.batches.create(requests=requests).id)

    def find(self, note: str, created: float, n_requests: int) -> str | None:  # noqa: ARG002
        """Look among the recent jobs for one of the right time and size; a job carries no note here."""
        with explained(self._sdk, self._key, "the batches could not be listed"):
            jobs = self._client.messages.batches.list(limit=_RECENT_JOBS).data
        for job in jobs:
            counts = job.request_counts
            total = counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired
            is_ours = created - _CLOCKS_APART_SECONDS <= _seconds(job.created_at)
            if is_ours and total == n_requests:
                return str(job.id)
        return None

    def status(self, job_id: str) -> JobStatus:
        """Ask how far a job is."""
        with explained(self._sdk, self._key, "the batch could not be looked up"):
            job = self._client.messages.batches.retrieve(job_id)
        counts = job.request_counts
        n_done = counts.succeeded + counts.errored + counts.canceled + counts.expired
        return JobStatus(job.processing_status == "ended", n_done)

    def results(self, job_id: str) -> Iterator[tuple[str, Completion | Failure]]:
        """Read the results; from our own address, wherever the job says that they lie."""
        import httpx2

        with explained(self._sdk, self._key, "the batch's replies could not be read"):
            response = self._client.get(f"{_PATH}/{job_id}/results", cast_to=httpx2.Response)
        for line in without_key(response.content, self._key).splitlines():
            if line.strip():
                yield _outcome(json.loads(line))

    def cancel(self, job_id: str) -> None:
        """Ask for a job to be ended."""
        with explained(self._sdk, self._key, "the batch could not be cancelled"):
            self._client.messages.batches.cancel(job_id)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _outcome(line: dict[str, Any]) -> tuple[str, Completion | Failure]:
    key, result = line["custom_id"], line["result"]
    match result["type"]:
        case "succeeded":
            try:
                return key, replace(read(result["message"], 0.0), processing=BATCH)
            except (ValueError, LookupError, TypeError, AttributeError) as wrong:
                return key, malformed(wrong)
        case "errored":
            error = result["error"].get("error", result["error"])
            is_permanent = error.get("type") in _PERMANENT
            kind = FailureKind.INVALID_REQUEST if is_permanent else FailureKind.SERVER_ERROR
            return key, Failure(kind, str(error.get("message") or error.get("type")))
        case "canceled":
            return key, Failure(FailureKind.NOT_ASKED, "the batch was cancelled")
        case reason:
            return key, Failure(FailureKind.SERVER_ERROR, f"the request {reason} in its batch")


def _seconds(moment: datetime | str) -> float:
    return (moment if isinstance(moment, datetime) else datetime.fromisoformat(moment)).timestamp()
