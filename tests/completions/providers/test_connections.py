"""What is sent over a connection: each request's own headers, whatever the handle carried before."""

import asyncio
import sys
from contextlib import closing
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from autoeval.completions.providers.connections import Connections
from tests.servers import JudgeServer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="libcurl cannot wait in the event loop there")


@dataclass
class Listening(JudgeServer):
    """Keeps the headers that come."""

    heard: list[dict[str, str]] = field(default_factory=list)

    def _add_routes(self, app: web.Application) -> None:
        app.router.add_route("*", "/{path:.*}", self._hear)

    async def _hear(self, request: web.Request) -> web.Response:
        self.heard.append({name.lower(): value for name, value in request.headers.items()})
        return web.json_response({})


def test_a_request_has_its_own_headers_or_those_of_all() -> None:
    async def ask() -> None:
        with closing(Connections(server.address, {"Authorization": "Bearer all"}, 60.0)) as connections:
            await connections.ask(server.address, b"{}")
            await connections.ask(server.address, b"{}", {"Authorization": "Bearer one"})
            await connections.ask(server.address, b"{}", {"X-Signed": "yes"})
            await connections.ask(server.address, b"{}")

    with Listening() as server:
        asyncio.run(ask())
    assert [(heard.get("authorization"), heard.get("x-signed")) for heard in server.heard] == [
        ("Bearer all", None),
        ("Bearer one", None),
        (None, "yes"),
        ("Bearer all", None),
    ]
    assert all("expect" not in heard for heard in server.heard)


@pytest.mark.parametrize("value", ["Bearer a\r\nX-Other: b", "Bearer a\nb"])
def test_a_line_break_begins_no_other_header(value: str) -> None:
    async def ask() -> None:
        with closing(Connections(server.address, {}, 60.0)) as connections:
            await connections.ask(server.address, b"{}", {"Authorization": value})

    with Listening() as server, pytest.raises(ValueError, match="line break"):
        asyncio.run(ask())
    assert server.heard == []
