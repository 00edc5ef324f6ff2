"""A server on this machine that speaks OpenAI's and Anthropic's protocols, in a thread with its own loop."""

import asyncio
import json
import ssl
import threading
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

from tests.servers import protocols
from tests.servers.answers import Answer, Answerer, Fault, always

_HUGE = 100 * 10**6
_CHUNK = 10**6


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]


@dataclass
class JudgeServer:
    """Answers what `answer` says. Use it as a context manager; `base_url` is then its address.

    `key`, if set, is the only one accepted. `keeps` is how many requests are kept in `received`; `n_requests`
    counts them all. `most_in_flight` is the most that were open at once. `on_hanging` is called whenever a client
    will wait in vain from then on. `models`, if set, are those that the server lists, each with its shutdown date or
    None; it knows no other. `tls`, if set, secures its connections.
    """

    answer: Answerer = field(default_factory=always)
    key: str | None = None
    keeps: int = 10_000
    port: int = 0
    models: Mapping[str, str | None] | None = None
    received: list[Received] = field(default_factory=list)
    n_requests: int = 0
    in_flight: int = 0
    most_in_flight: int = 0
    on_hanging: Callable[[], None] | None = None
    tls: ssl.SSLContext | None = None

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._closing = asyncio.Event()
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        started.wait()
        return self

    def __exit__(self, *error: object) -> None:
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()

    @property
    def address(self) -> str:
        """The address that the Anthropic SDK takes."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        """The address that the OpenAI SDK takes."""
        return f"{self.address}/v1"

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """What was posted, in order of arrival."""
        return [received.body for received in self.received]

    def _run(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve(started))

    async def _serve(self, started: threading.Event) -> None:
        app = web.Application(client_max_size=64 * 2**20)
        self._add_routes(app)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self.port, ssl_context=self.tls, backlog=4096)
        await site.start()
        self.port = runner.addresses[0][1]
        started.set()
        await self._closing.wait()
        await runner.cleanup()
        for transport in list(self._loop._transports.values()):  # type: ignore[attr-defined]
            transport.abort()  # of a handshake that the client broke off, which the runner knows nothing of
        await asyncio.sleep(0)

    def _add_routes(self, app: web.Application) -> None:
        app.router.add_post("/{address:.*}", self._handle)
        if self.models is not None:
            app.router.add_get("/v1/models", self._list_models)
            app.router.add_get("/v1/models/{model:.+}", self._describe_model)

    async def _list_models(self, _: web.Request) -> web.Response:
        models = [_described(model, end) for model, end in (self.models or {}).items()]
        return web.json_response({"object": "list", "data": models})

    async def _describe_model(self, request: web.Request) -> web.Response:
        model = request.match_info["model"]
        if model not in (self.models or {}):
            return web.json_response(protocols.openai_error(no_such_model(model)), status=404)
        return web.json_response(_described(model, (self.models or {})[model]))

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        found = protocols.of_address(request.path)
        if found is None:
            return web.json_response({"error": {"message": f"nothing is at {request.path}"}}, status=404)
        shape, shape_error, model = found
        body = json.loads(await request.read())
        self._note(request, body)
        try:
            body.setdefault("model", model)
            answer = self._answer(body) if self.is_welcome(request) else _WRONG_KEY
            if answer.delay:
                await asyncio.sleep(answer.delay)
            if answer.fault is not None:
                return await self._misbehave(request, answer.fault)
            if answer.raw is not None:
                return _as_it_is(answer)
            reply = shape(body, answer) if answer.status == 200 else shape_error(answer)
            return web.json_response(reply, status=answer.status, headers=answer.headers)
        finally:
            self.in_flight -= 1

    def _answer(self, body: dict[str, Any]) -> Answer:
        if self.models is not None and body["model"] not in self.models:
            return no_such_model(body["model"])
        return self.answer(body)

    def _note(self, request: web.Request, body: dict[str, Any]) -> None:
        self.n_requests += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        if len(self.received) < self.keeps:
            self.received.append(Received(request.path, request.headers, body))

    def is_welcome(self, request: web.Request) -> bool:
        """Whether a request carries the right key."""
        if self.key is None:
            return True
        headers = request.headers
        return self.key in (
            headers.get("x-api-key"),
            headers.get("Authorization", "").removeprefix("Bearer "),
        )

    async def _misbehave(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        match fault:
            case Fault.HANG:
                self._say_it_hangs()
                await self._closing.wait()
            case Fault.DROP:
                pass
            case Fault.NOT_JSON:
                return web.Response(
                    text="<html>502 from a proxy that says 200</html>", content_type="text/html"
                )
            case Fault.NO_CHOICES:
                return web.json_response({"status": "ok"})
            case Fault.HALF_BODY:
                await self._stream(request, [b'{"choices": [{"mess'], {"Content-Length": "1000"})
            case Fault.SLOW_BODY:
                await self._drip(request)
            case Fault.HUGE_BODY | Fault.HUGE_CHUNKED_BODY:
                headers = {"Content-Length": str(_HUGE)} if fault is Fault.HUGE_BODY else {}
                await self._stream(request, [b" " * _CHUNK] * (_HUGE // _CHUNK), headers)
            case Fault.ZIP_BOMB:
                await self._stream(request, [_zip_bomb()], {"Content-Encoding": "deflate"})
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    def _say_it_hangs(self) -> None:
        if self.on_hanging is not None:
            self.on_hanging()

    async def _stream(self, request: web.Request, chunks: list[bytes], headers: dict[str, str]) -> None:
        response = web.StreamResponse(headers={"Content-Type": "application/json", **headers})
        await response.prepare(request)
        with suppress(ConnectionError):  # a client may well have enough of it
            for chunk in chunks:
                await response.write(chunk)

    async def _drip(self, request: web.Request) -> None:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        with suppress(ConnectionError):
            await response.write(b" ")
            self._say_it_hangs()
            while not self._closing.is_set():
                await response.write(b" ")
                await asyncio.sleep(0.01)


def _as_it_is(answer: Answer) -> web.Response:
    content = answer.raw if isinstance(answer.raw, bytes) else json.dumps(answer.raw).encode()
    headers = {"Content-Type": "application/json", **answer.headers}
    return web.Response(body=content, status=answer.status, headers=headers)


def _zip_bomb() -> bytes:
    packer = zlib.compressobj()
    return b"".join([packer.compress(b" " * _CHUNK) for _ in range(_HUGE // _CHUNK)] + [packer.flush()])


def _described(model: str, end: str | None) -> dict[str, Any]:
    return {
        "id": model,
        "object": "model",
        "created": 1_790_000_000,
        "owned_by": "test",
        "shutdown_date": end,
    }


def no_such_model(model: str) -> Answer:
    """Refuse a model that is gone, or never was."""
    message = f"The model `{model}` does not exist or you do not have access to it."
    return Answer(message, status=404, code="model_not_found")


_WRONG_KEY = Answer("Incorrect API key provided", status=401, code="invalid_api_key")
