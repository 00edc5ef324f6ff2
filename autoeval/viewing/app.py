"""The web app: one page, and the documents that its script asks for, all below an address that holds a secret."""

import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from autoeval.errors import AutoevalError, UsageError
from autoeval.viewing.documents import Documents
from autoeval.viewing.door import why_refused
from autoeval.viewing.labelling import Desk, Task
from autoeval.viewing.page import live_page

_MOST_BYTES = 100_000  # of what a page sends
_MOST_LABELS = 100_000
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

Answer = Callable[[Request], Any]


def make_app(documents: Documents, desk: Desk, token: str) -> Starlette:
    """Make the app.

    Args:
        documents: of the folder that is shown.
        desk: where people label.
        token: the secret that every address begins with.
    """
    views = _Views(documents, desk)
    routes = [
        Route("/", lambda _: HTMLResponse(live_page())),
        Route("/api/runs", _json(views.runs)),
        Route("/api/runs/{run}", _json(views.run)),
        Route("/api/runs/{run}/pairs/{number:int}", _json(views.pair)),
        Route("/api/runs/{run}/search", _json(views.search)),
        Route("/api/runs/{run}/tags", _json(views.set_tags), methods=["POST"]),
        Route("/api/compare", _json(views.comparison)),
        Route("/api/labels/{run}", _json(views.labels)),
        Route("/api/labels/{run}", _json(views.answer), methods=["POST"]),
        Route("/api/labels/{run}/results", _json(views.results)),
    ]
    below = [Route(f"/{token}{route.path}", route.endpoint, methods=route.methods) for route in routes]
    return Starlette(routes=below, middleware=[Middleware(_Door)])


class _Door:
    """Refuses what does not come from a page of this server on this machine; says on every answer what it may do."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        valued = partial(_values, headers)
        reason = why_refused(
            valued("host"), valued("origin"), next(iter(valued("sec-fetch-site")), None), scope["path"]
        )

        async def send_with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                added = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        answer: ASGIApp = self.app if reason is None else PlainTextResponse(f"refused: {reason}\n", 403)
        return await answer(scope, receive, send_with_headers)


def _values(headers: list[tuple[str, str]], wanted: str) -> list[str]:
    return [value for name, value in headers if name == wanted]


def _json(view: Answer) -> Callable[[Request], Awaitable[Response]]:
    """Make an endpoint of a function that may take its time; what it cannot find or do is said with a status."""

    async def endpoint(request: Request) -> Response:
        try:
            request.state.sent = await _sent(request) if request.method == "POST" else {}
            return JSONResponse(await run_in_threadpool(view, request))
        except KeyError as error:
            return JSONResponse({"error": str(error.args[0])}, 404)
        except AutoevalError as error:
            return JSONResponse({"error": str(error)}, 400 if isinstance(error, UsageError) else 500)

    return endpoint


async def _sent(request: Request) -> dict[str, Any]:
    """Return what a page of ours sends; a form of another page cannot say that it is JSON."""
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise UsageError("send JSON, and say so in Content-Type.")
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_BYTES:
            raise UsageError("that is too much.")
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        sent = None
    if not isinstance(sent, dict):
        raise UsageError("send a JSON object.")
    return sent


class _Views:
    def __init__(self, documents: Documents, desk: Desk) -> None:
        self._documents, self._desk = documents, desk

    def runs(self, _request: Request) -> Any:
        return self._documents.runs()

    def run(self, request: Request) -> Any:
        return self._documents.run(request.path_params["run"])

    def pair(self, request: Request) -> Any:
        return self._documents.pair(request.path_params["run"], request.path_params["number"])

    def search(self, request: Request) -> Any:
        return self._documents.search(request.path_params["run"], request.query_params.get("text", ""))

    def comparison(self, request: Request) -> Any:
        return self._documents.comparison(request.query_params.getlist("run"))

    def set_tags(self, request: Request) -> Any:
        where, _ = self._documents.place(request.path_params["run"])
        tags = request.state.sent.get("tags")
        if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
            raise UsageError("tags is a list of texts.")
        return self._documents.tags.set(where.folder, tags)

    def labels(self, request: Request) -> Any:
        return self._desk.state(self._task(request, request.query_params))

    def answer(self, request: Request) -> Any:
        sent = request.state.sent
        task = self._task(request, sent)
        if sent.get("undo"):
            self._desk.undo(task)
        else:
            self._desk.answer(task, str(sent.get("id")), str(sent.get("better")))
        return self._desk.state(task)

    def results(self, request: Request) -> Any:
        return self._desk.results(self._task(request, request.query_params))

    def _task(self, request: Request, said: Any) -> Task:
        where, _ = self._documents.place(request.path_params["run"])
        return Task(where, str(said.get("by") or ""), _whole(said, "n", 1), _whole(said, "seed", 0))


def _whole(said: Any, name: str, least: int) -> int:
    try:
        number = int(str(said.get(name)))
    except ValueError:
        number = -1
    if not least <= number <= _MOST_LABELS:
        raise UsageError(f"{name} is a whole number from {least} to {_MOST_LABELS}.")
    return number
