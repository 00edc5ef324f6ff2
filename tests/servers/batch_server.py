"""The batch APIs of OpenAI and Anthropic, on a server on this machine.

Jobs stay open until `finish` is called, or end at once with `is_instant`. Their requests are answered by the same
`answer` as live ones; what it says with a status other than 200 becomes that request's error.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from tests.servers import protocols
from tests.servers.answers import Body
from tests.servers.server import JudgeServer


@dataclass
class Job:
    """A job as the server sees it."""

    id: str
    requests: dict[str, Body]
    url: str
    metadata: dict[str, str]
    status: str = "in_progress"
    replies: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    created: float = field(default_factory=time.time)


@dataclass
class BatchServer(JudgeServer):
    """A judge that can be asked in batches. `fails_validation` refuses OpenAI's jobs with that message."""

    is_instant: bool = False
    fails_validation: str | None = None
    on_submit: Callable[[], None] = lambda: None
    jobs: list[Job] = field(default_factory=list)
    _files: dict[str, bytes] = field(default_factory=dict)

    def finish(self, job: Job | None = None, expire: tuple[str, ...] = (), cancel: bool = False) -> None:
        """End a job, or all: answer its requests but those whose body contains a text of `expire`."""
        for one in self.jobs if job is None else [job]:
            if one.status in ("in_progress", "cancelling"):
                for key, body in one.requests.items():
                    self._answer_one(one, key, body, expire, cancel)
                one.status = "cancelled" if cancel else "completed"

    @property
    def n_batched(self) -> int:
        """How many requests came in jobs."""
        return sum(len(job.requests) for job in self.jobs)

    def _answer_one(self, job: Job, key: str, body: Body, expire: tuple[str, ...], cancel: bool) -> None:
        is_openai = "messages/batches" not in job.url
        if cancel or any(text in json.dumps(body) for text in expire):
            if is_openai:
                code = "batch_cancelled" if cancel else "batch_expired"
                job.errors.append(
                    {"custom_id": key, "response": None, "error": {"code": code, "message": code}}
                )
            else:
                kind = "canceled" if cancel else "expired"
                job.replies.append({"custom_id": key, "result": {"type": kind}})
            return
        answer = self.answer(body)
        shape = protocols.openai_chat if is_openai else protocols.anthropic_message
        error = protocols.openai_error if is_openai else protocols.anthropic_error
        is_good = answer.status == 200
        reply = shape(body, answer) if is_good else error(answer)
        if is_openai:
            response = {"status_code": answer.status, "request_id": "r", "body": reply}
            (job.replies if is_good else job.errors).append(
                {"id": "x", "custom_id": key, "response": response, "error": None}
            )
        else:
            result = (
                {"type": "succeeded", "message": reply} if is_good else {"type": "errored", "error": reply}
            )
            job.replies.append({"custom_id": key, "result": result})

    def _add_routes(self, app: web.Application) -> None:
        app.router.add_post("/v1/files", self._upload)
        app.router.add_get("/v1/files/{file}/content", self._download)
        app.router.add_post("/v1/batches", self._create_openai)
        app.router.add_get("/v1/batches", self._list_openai)
        app.router.add_get("/v1/batches/{job}", self._show_openai)
        app.router.add_post("/v1/batches/{job}/cancel", self._cancel)
        app.router.add_post("/v1/messages/batches", self._create_anthropic)
        app.router.add_get("/v1/messages/batches", self._list_anthropic)
        app.router.add_get("/v1/messages/batches/{job}", self._show_anthropic)
        app.router.add_get("/v1/messages/batches/{job}/results", self._results)
        app.router.add_post("/v1/messages/batches/{job}/cancel", self._cancel)
        super()._add_routes(app)

    async def _upload(self, request: web.Request) -> web.Response:
        if not self.is_welcome(request):
            return web.json_response(
                {"error": {"message": "wrong key", "code": "invalid_api_key"}}, status=401
            )
        form = await request.post()
        assert form["purpose"] == "batch"
        file = form["file"]
        assert isinstance(file, web.FileField)
        name = f"file-{len(self._files)}"
        self._files[name] = file.file.read()
        return web.json_response(
            {"id": name, "object": "file", "filename": file.filename, "purpose": "batch"}
        )

    async def _download(self, request: web.Request) -> web.Response:
        job = next(job for job in self.jobs if request.match_info["file"].endswith(job.id))
        lines = job.errors if request.match_info["file"].startswith("errors") else job.replies
        return web.Response(text="".join(json.dumps(line) + "\n" for line in lines))

    async def _create_openai(self, request: web.Request) -> web.Response:
        asked = await request.json()
        lines = [json.loads(line) for line in self._files[asked["input_file_id"]].splitlines()]
        assert {line["url"] for line in lines} == {asked["endpoint"]}
        requests = {line["custom_id"]: line["body"] for line in lines}
        assert len(requests) == len(lines)
        return web.json_response(
            self._openai(self._begin(requests, asked["endpoint"], asked.get("metadata", {})))
        )

    async def _create_anthropic(self, request: web.Request) -> web.Response:
        if not self.is_welcome(request):
            error = {"type": "error", "error": {"type": "authentication_error", "message": "wrong key"}}
            return web.json_response(error, status=401)
        asked = (await request.json())["requests"]
        requests = {one["custom_id"]: one["params"] for one in asked}
        assert len(requests) == len(asked)
        return web.json_response(self._anthropic(self._begin(requests, request.path, {})))

    def _begin(self, requests: dict[str, Body], url: str, metadata: dict[str, str]) -> Job:
        job = Job(f"job-{len(self.jobs)}", requests, url, metadata)
        self.jobs.append(job)
        self.on_submit()
        if self.fails_validation:
            job.status = "failed"
        if self.is_instant:
            self.finish(job)
        return job

    async def _list_openai(self, _: web.Request) -> web.Response:
        data = [self._openai(job) for job in reversed(self.jobs)]
        return web.json_response({"object": "list", "data": data, "has_more": False})

    async def _list_anthropic(self, _: web.Request) -> web.Response:
        data = [self._anthropic(job) for job in reversed(self.jobs)]
        return web.json_response({"data": data, "has_more": False, "first_id": None, "last_id": None})

    async def _show_openai(self, request: web.Request) -> web.Response:
        return web.json_response(self._openai(self._job(request)))

    async def _show_anthropic(self, request: web.Request) -> web.Response:
        return web.json_response(self._anthropic(self._job(request)))

    async def _results(self, request: web.Request) -> web.Response:
        return web.Response(text="".join(json.dumps(line) + "\n" for line in self._job(request).replies))

    async def _cancel(self, request: web.Request) -> web.Response:
        job = self._job(request)
        job.status = "cancelling"
        is_openai = "messages/batches" not in job.url
        return web.json_response(self._openai(job) if is_openai else self._anthropic(job))

    def _job(self, request: web.Request) -> Job:
        return next(job for job in self.jobs if job.id == request.match_info["job"])

    def _openai(self, job: Job) -> dict[str, Any]:
        errors = None
        if job.status == "failed":
            errors = {
                "object": "list",
                "data": [{"code": "token_limit_exceeded", "message": self.fails_validation}],
            }
        return {
            "id": job.id,
            "object": "batch",
            "endpoint": job.url,
            "input_file_id": "file",
            "completion_window": "24h",
            "status": job.status,
            "errors": errors,
            "created_at": int(job.created),
            "output_file_id": f"replies-{job.id}" if job.replies else None,
            "error_file_id": f"errors-{job.id}" if job.errors else None,
            "request_counts": {
                "total": len(job.requests),
                "completed": len(job.replies),
                "failed": len(job.errors),
            },
            "metadata": job.metadata,
        }

    def _anthropic(self, job: Job) -> dict[str, Any]:
        kinds = [line["result"]["type"] for line in job.replies]
        counts = {kind: kinds.count(kind) for kind in ("succeeded", "errored", "canceled", "expired")}
        is_ended = job.status in ("completed", "cancelled")
        return {
            "id": job.id,
            "type": "message_batch",
            "processing_status": "ended" if is_ended else "in_progress",
            "request_counts": {"processing": len(job.requests) - len(kinds), **counts},
            "created_at": datetime.fromtimestamp(job.created, UTC).isoformat(),
            "expires_at": datetime.fromtimestamp(job.created + 86_400, UTC).isoformat(),
            "results_url": "http://elsewhere.invalid/results" if is_ended else None,
        }
