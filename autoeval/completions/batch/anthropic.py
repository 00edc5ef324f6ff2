"""Anthropic's message batches: requests in one call, results in another."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from autoeval.completions.batch.apis import (
    SUBMIT_SECONDS,
    BatchError,
    JobStatus,
    Outcome,
    explained,
    read_results,
)
from autoeval.completions.batch.streams import bounded_client
from autoeval.completions.pricing import BATCH
from autoeval.completions.providers.anthropic import AnthropicProvider, body, read
from autoeval.completions.providers.failures import printable, reported_failure
from autoeval.completions.providers.fields import mapping
from autoeval.types import Completion, Endpoint, Failure, FailureKind, Request

_PATH = "/v1/messages/batches"
_RECENT_JOBS = 100
_APART_SECONDS = 900.0
"""How far the provider's time of a job may be from ours: clocks differ, and submitting takes a while."""


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
        self._timeout = timeout
        self._client = anthropic.Anthropic(
            **provider.credentials, timeout=timeout, http_client=bounded_client(anthropic)
        )
        self._once = self._client.with_options(
            max_retries=0,  # a job that is asked for twice is paid twice
            timeout=max(timeout, SUBMIT_SECONDS),
        )

    def line(self, key: str, request: Request) -> bytes:
        """Return an entry of the list of requests."""
        return json.dumps(
            {"custom_id": key, "params": body(request)}, ensure_ascii=False, allow_nan=False
        ).encode()

    def submit(self, lines: Iterable[bytes], note: str) -> str:  # noqa: ARG002
        """Submit the requests."""
        content = b'{"requests":[' + b",".join(lines) + b"]}"
        with explained(self._sdk, self._key, "the batch could not be submitted"):
            job = self._once.post(
                _PATH,
                content=content,
                cast_to=self._sdk.types.messages.MessageBatch,
                options={"headers": {"Content-Type": "application/json"}},
            )
        return str(job.id)

    def find(self, note: str, created: float, n_requests: int) -> str | None:  # noqa: ARG002
        """Look among the recent jobs for one of the right time and size; a job carries no note here."""
        with explained(self._sdk, self._key, "the batches could not be listed"):
            jobs = list(islice(self._client.messages.batches.list(limit=_RECENT_JOBS), _RECENT_JOBS))
        for job in jobs:
            counts = job.request_counts
            total = counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired
            if total == n_requests and abs(_seconds(job.created_at) - created) <= _APART_SECONDS:
                return str(job.id)
        return None

    def status(self, job_id: str) -> JobStatus:
        """Ask how far a job is."""
        job = self._retrieve(job_id)
        counts = job.request_counts
        n_done = counts.succeeded + counts.errored + counts.canceled + counts.expired
        is_ended = job.processing_status == "ended"
        return JobStatus(is_ended, n_done, is_gone=is_ended and job.archived_at is not None)

    def results(self, job_id: str) -> Iterator[tuple[str, Outcome]]:
        """Read the results where the job says that they lie, at our own address: behind a gateway that is another."""
        url = self._retrieve(job_id).results_url
        if not url:
            raise BatchError(f"the batch {job_id} is done, but its file of replies is not there yet")
        place = urlsplit(url)
        own = self._client.base_url.path.rstrip("/")
        path = place.path.removeprefix(own) + (f"?{place.query}" if place.query else "")
        yield from read_results(self._client, path, self._key, self._timeout, self._outcome)

    def cancel(self, job_id: str) -> None:
        """Ask for a job to be ended."""
        with explained(self._sdk, self._key, "the batch could not be cancelled"):
            self._client.messages.batches.cancel(job_id)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _retrieve(self, job_id: str) -> Any:
        with explained(self._sdk, self._key, "the batch could not be looked up"):
            return self._client.messages.batches.retrieve(job_id)

    def _outcome(self, line: dict[str, Any]) -> Outcome:
        result = mapping(line.get("result"))
        match result.get("type"):
            case "succeeded":
                outcome = read(result.get("message"), 0.0, self._key)
                return replace(outcome, processing=BATCH) if isinstance(outcome, Completion) else outcome
            case "errored":
                error = mapping(result.get("error"))
                return replace(reported_failure(error, self._key), is_answered=False)
            case "canceled":
                return Failure(FailureKind.NOT_ASKED, "the batch was cancelled")
            case reason:
                return Failure(FailureKind.SERVER_ERROR, printable(f"the request {reason} in its batch"))


def _seconds(moment: datetime | str) -> float:
    return (moment if isinstance(moment, datetime) else datetime.fromisoformat(moment)).timestamp()
