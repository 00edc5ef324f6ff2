"""OpenAI's batch API: a file of requests in, a file of replies and a file of errors out."""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from autoeval.completions.batch.apis import (
    SUBMIT_SECONDS,
    BatchError,
    JobStatus,
    Outcome,
    explained,
    read_results,
)
from autoeval.completions.batch.lines import line_of, outcome_of
from autoeval.completions.batch.streams import bounded_client
from autoeval.completions.providers.keys import find_key
from autoeval.completions.providers.presets import PRESETS, address_of
from autoeval.types import Endpoint, Request

_ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
_TOO_LARGE = frozenset({"token_limit_exceeded", "request_limit_exceeded"})
_RECENT_JOBS = 100


class OpenAIBatches:
    """The batch API at OpenAI or at a server of its protocol."""

    most_requests = 10_000  # the limit is 50,000; smaller jobs are done earlier and lose less where one fails
    most_bytes = 100 * 2**20  # the limit is 200 MB

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        """Find address and key."""
        import openai

        preset = PRESETS[endpoint.provider]
        is_optional = preset.key_is_optional or bool(endpoint.base_url)
        self._key = find_key(endpoint, [preset.key] if preset.key else [], is_optional=is_optional)
        self._sdk = openai
        self._timeout = timeout
        self._client = openai.OpenAI(
            api_key=self._key,
            base_url=address_of(endpoint),
            timeout=timeout,
            http_client=bounded_client(openai),
        )
        self._once = self._client.with_options(
            max_retries=0,  # a job that is asked for twice is paid twice
            timeout=max(timeout, SUBMIT_SECONDS),
        )

    def line(self, key: str, request: Request) -> bytes:
        """Return a line of the file of requests."""
        return line_of(key, request)

    def submit(self, lines: Iterable[bytes], note: str) -> str:
        """Upload the file and make a job of it."""
        content = b"\n".join(lines)
        endpoint: Any = json.loads(content[: content.index(b"\n")] if b"\n" in content else content)["url"]
        with explained(self._sdk, self._key, "the batch could not be submitted"):
            file = self._once.files.create(file=(f"autoeval-{note}.jsonl", content), purpose="batch")
            job = self._once.batches.create(
                input_file_id=file.id, endpoint=endpoint, completion_window="24h", metadata={"autoeval": note}
            )
        return job.id

    def find(self, note: str, created: float, n_requests: int) -> str | None:  # noqa: ARG002
        """Look among the recent jobs for one that carries our note."""
        with explained(self._sdk, self._key, "the batches could not be listed"):
            jobs = islice(self._client.batches.list(limit=_RECENT_JOBS), _RECENT_JOBS)
            return next((job.id for job in jobs if (job.metadata or {}).get("autoeval") == note), None)

    def status(self, job_id: str) -> JobStatus:
        """Ask how far a job is."""
        job = self._retrieve(job_id)
        n_done = job.request_counts.completed + job.request_counts.failed if job.request_counts else 0
        error, codes = None, set()
        if job.status == "failed":
            errors = job.errors.data if job.errors and job.errors.data else []
            error = "; ".join(str(one.message) for one in errors[:3]) or "no reason given"
            codes = {one.code for one in errors}
        return JobStatus(
            is_ended=job.status in _ENDED,
            n_done=n_done,
            error=error,
            is_too_large=bool(codes & _TOO_LARGE),
            is_cancelled=job.status == "cancelled",
        )

    def results(self, job_id: str) -> Iterator[tuple[str, Outcome]]:
        """Read the files of replies and of errors."""
        job = self._retrieve(job_id)
        if job.request_counts and job.request_counts.completed and not job.output_file_id:
            raise BatchError(f"the batch {job_id} is done, but its file of replies is not there yet")
        for file in (job.output_file_id, job.error_file_id):
            if file:
                yield from read_results(
                    self._client, f"files/{file}/content", self._key, self._timeout, self._outcome
                )

    def cancel(self, job_id: str) -> None:
        """Ask for a job to be ended."""
        with explained(self._sdk, self._key, "the batch could not be cancelled"):
            self._client.batches.cancel(job_id)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _retrieve(self, job_id: str) -> Any:
        with explained(self._sdk, self._key, "the batch could not be looked up"):
            return self._client.batches.retrieve(job_id)

    def _outcome(self, line: dict[str, Any]) -> Outcome:
        return outcome_of(line, self._key)
