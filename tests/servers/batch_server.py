"""The batch APIs of OpenAI and Anthropic, on a server on this machine.

Jobs stay open until `finish` is called, or end at once with `is_instant`. Their requests are answered by the same
`answer` as live ones; what it says with a status other than 200 becomes that request's error. In a process of its own
a job is finished by hand: `curl -X POST http://…/finish -d '{"expire": ["a text"], "cancel": false}'`.
"""

import json
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from email.parser import BytesParser
from typing import Any

from aiohttp import web

from tests.servers import protocols
from tests.servers.answers import Body
from tests.servers.server import JudgeServer

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Job:
    """A job as the server sees it."""

    id: str
    requests: dict[str, Body]
    url: str
    metadata: dict[str, str]
    status: str = "in_progress"
    failure: tuple[str, str] | None = None
    replies: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    created: float = field(default_factory=time.time)


@dataclass
class BatchServer(JudgeServer):
    """A judge that can be asked in batches.

    `fails_validation` refuses OpenAI's jobs with that message, `most_enqueued` those that would bring more requests
    into open jobs than that. `trouble` is an HTTP status with which all that has to do with jobs is answered.
    `lines_sent` can change the lines of a file of results on their way, `cuts_files` breaks it off, `is_archived` says
    that there is none any more. The hooks are called whenever a job comes, is looked at, or has its errors read.
    """

    is_instant: bool = False
    fails_validation: str | None = None
    most_enqueued: int | None = None
    trouble: int | None = None
    lines_sent: Callable[[list[str]], list[str]] = lambda lines: lines
    cuts_files: bool = False
    is_archived: bool = False
    on_submit: Callable[[], None] = lambda: None
    on_look: Callable[[], None] = lambda: None
    on_errors: Callable[[], None] = lambda: None
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
        for method, path, handler in (
            ("POST", "/v1/files", self._upload),
            ("GET", "/v1/files/{file}/content", self._download),
            ("POST", "/v1/batches", self._create_openai),
            ("GET", "/v1/batches", self._list_openai),
            ("GET", "/v1/batches/{job}", self._show_openai),
            ("POST", "/v1/batches/{job}/cancel", self._cancel),
            ("POST", "/v1/messages/batches", self._create_anthropic),
            ("GET", "/v1/messages/batches", self._list_anthropic),
            ("GET", "/v1/messages/batches/{job}", self._show_anthropic),
            ("GET", "/v1/messages/results-of/{job}", self._results),
            ("POST", "/v1/messages/batches/{job}/cancel", self._cancel),
        ):
            app.router.add_route(method, path, self._guarded(handler))
        app.router.add_post("/finish", self._finish_by_hand)
        super()._add_routes(app)

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            if self.trouble is not None:
                headers = {"Location": "http://elsewhere.invalid/batches"}
                return web.json_response(
                    {"error": {"message": "not now"}}, status=self.trouble, headers=headers
                )
            if not self.is_welcome(request):
                error = {"type": "authentication_error", "message": "wrong key", "code": "invalid_api_key"}
                return web.json_response({"type": "error", "error": error}, status=401)
            return await handler(request)

        return guarded

    async def _finish_by_hand(self, request: web.Request) -> web.Response:
        how = json.loads(await request.read() or b"{}")
        self.finish(expire=tuple(how.get("expire", ())), cancel=how.get("cancel", False))
        return web.Response(text="".join(f"{job.id}: {job.status}\n" for job in self.jobs))

    async def _upload(self, request: web.Request) -> web.Response:
        head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
        form = {}
        for part in BytesParser().parsebytes(head + await request.read()).get_payload():
            assert isinstance(part, Message)
            form[part.get_param("name", header="content-disposition")] = part
        assert form["purpose"].get_payload() == "batch"
        name = f"file-{len(self._files)}"
        self._files[name] = bytes(form["file"].get_payload(decode=True))
        return web.json_response(
            {"id": name, "object": "file", "filename": form["file"].get_filename(), "purpose": "batch"}
        )

    async def _download(self, request: web.Request) -> web.StreamResponse:
        file, _, job_id = request.match_info["file"].partition("-")
        job = self._job(job_id)
        if file == "errors":
            self.on_errors()
        return await self._send(request, job.errors if file == "errors" else job.replies)

    async def _send(self, request: web.Request, lines: list[dict[str, Any]]) -> web.StreamResponse:
        text = "".join(f"{line}\n" for line in self.lines_sent([json.dumps(line) for line in lines]))
        if not self.cuts_files:
            return web.Response(text=text)
        await self._stream(request, [text[: len(text) // 2].encode()], {"Content-Length": str(len(text))})
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

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
        asked = (await request.json())["requests"]
        assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", one["custom_id"]) for one in asked)
        requests = {one["custom_id"]: one["params"] for one in asked}
        assert len(requests) == len(asked)
        return web.json_response(self._anthropic(self._begin(requests, request.path, {})))

    def _begin(self, requests: dict[str, Body], url: str, metadata: dict[str, str]) -> Job:
        job = Job(f"job-{len(self.jobs)}", requests, url, metadata)
        self.jobs.append(job)
        self.on_submit()
        n_enqueued = sum(len(one.requests) for one in self.jobs if one.status == "in_progress")
        if self.most_enqueued is not None and n_enqueued > self.most_enqueued:
            job.failure = ("token_limit_exceeded", "Enqueued token limit reached")
        if self.fails_validation:
            job.failure = ("invalid_json_line", self.fails_validation)
        if job.failure:
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
        return self._shown(request, self._openai)

    async def _show_anthropic(self, request: web.Request) -> web.Response:
        return self._shown(request, self._anthropic)

    def _shown(self, request: web.Request, shape: Callable[[Job], dict[str, Any]]) -> web.Response:
        self.on_look()
        return web.json_response(shape(self._job(request.match_info["job"])))

    async def _results(self, request: web.Request) -> web.StreamResponse:
        return await self._send(request, self._job(request.match_info["job"]).replies)

    async def _cancel(self, request: web.Request) -> web.Response:
        job = self._job(request.match_info["job"])
        job.status = "cancelling"
        is_openai = "messages/batches" not in job.url
        return web.json_response(self._openai(job) if is_openai else self._anthropic(job))

    def _job(self, name: str) -> Job:
        for job in self.jobs:
            if job.id == name:
                return job
        error = {"error": {"type": "not_found_error", "message": f"there is no batch {name}"}}
        raise web.HTTPNotFound(text=json.dumps(error), content_type="application/json")

    def _openai(self, job: Job) -> dict[str, Any]:
        errors = None
        if job.failure:
            code, message = job.failure
            errors = {"object": "list", "data": [{"code": code, "message": message}]}
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
            "archived_at": datetime.now(UTC).isoformat() if is_ended and self.is_archived else None,
            "results_url": None
            if not is_ended or self.is_archived
            else f"https://elsewhere.invalid/v1/messages/results-of/{job.id}",
        }
