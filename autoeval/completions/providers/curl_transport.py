"""The requests of an SDK's client over libcurl: as those to plain servers, and for less processor time than its own."""

import httpx2

from autoeval.completions.providers.connections import Connections

_LIBCURLS_OWN = frozenset({"host", "content-length", "connection", "transfer-encoding"})
_NO_LONGER_TRUE = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class CurlTransport(httpx2.AsyncBaseTransport):
    """Carries out what a client asks for, in one event loop. A reply is whole and unpacked when it is returned."""

    def __init__(self, timeout: float) -> None:
        """Begin without a connection.

        Args:
            timeout: seconds that one request may take in all.
        """
        self._timeout = timeout
        self._servers: dict[str, Connections] = {}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Post what a request holds, or get where it is a GET, and wait for the whole reply.

        Raises:
            TimeoutError: it took too long.
            OSError: there is no connection, or it broke off.
            MalformedReplyError: the reply is too large, or packed in a way that cannot be undone.
            ValueError: a header has a line break in it.
        """
        content = await request.aread()
        sent = {name: value for name, value in request.headers.items() if name not in _LIBCURLS_OWN}
        answer = await self._connections_to(request.url).ask(
            str(request.url), content if request.method == "POST" else None, sent
        )
        told = {name: value for name, value in answer.headers.items() if name not in _NO_LONGER_TRUE}
        return httpx2.Response(answer.status, headers=told, content=answer.content)

    async def aclose(self) -> None:
        """Close every connection."""
        servers, self._servers = self._servers, {}
        for connections in servers.values():
            connections.close()

    def _connections_to(self, url: httpx2.URL) -> Connections:
        server = f"{url.scheme}://{url.netloc.decode()}"
        if server not in self._servers:
            self._servers[server] = Connections(server, {}, self._timeout)
        return self._servers[server]
