"""The door of `serve`: what comes from this machine passes, what a web page sends does not.

A page in a browser on this machine can reach any local port: it sends its own Origin, or, where its name was made
to resolve to this machine (DNS rebinding), its own Host. The server of llama.cpp answers both, so it stands behind this
one, on a port of its own and with a key that nobody else knows.
"""

import http.client
import json
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import urlsplit

from autoeval.viewing.door import is_this_machine, why_refused

__all__ = ["Front", "is_this_machine", "why_refused"]

_NOT_PASSED_ON = frozenset(
    {
        "authorization",
        "connection",
        "host",
        "keep-alive",
        "proxy-connection",
        "te",
        "transfer-encoding",
        "upgrade",
    }
)
_PIECE = 65_536


class Front(ThreadingHTTPServer):
    """Passes on what this machine asks to a server behind it, and refuses the rest; serve with `serve_forever`."""

    daemon_threads = True

    def __init__(self, port: int, behind: str, key: str) -> None:
        """Listen on this machine.

        Args:
            port: where; 0: any free port.
            behind: the address of the server behind, such as http://127.0.0.1:4242.
            key: the key that it wants.

        Raises:
            OSError: the port is taken.
        """
        self.behind, self.key = urlsplit(behind).netloc, key
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Front
    protocol_version = "HTTP/1.1"
    timeout: ClassVar[float | None] = 600  # of a connection that sends nothing

    def _pass_on(self) -> None:
        reason = why_refused(
            self.headers.get_all("Host", []),
            self.headers.get_all("Origin", []),
            self.headers.get("Sec-Fetch-Site"),
            self.path,
        )
        if reason is not None:
            return self._refuse(403, reason)
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdigit()):
            return self._refuse(411, "the request does not say how long it is")
        body = self.rfile.read(int(length))
        connection = http.client.HTTPConnection(self.server.behind)
        try:
            headers = {
                name: value for name, value in self.headers.items() if name.lower() not in _NOT_PASSED_ON
            }
            headers["Authorization"] = f"Bearer {self.server.key}"
            connection.request(self.command, self.path, body, headers)
            reply = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            return self._refuse(502, f"the model does not answer: {error}")
        try:
            self._reply(reply)
        except (OSError, http.client.HTTPException):
            self.close_connection = True  # one side is gone; what was not sent cannot be
        finally:
            connection.close()
        return None

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_HEAD = _pass_on  # noqa: N815

    def _reply(self, reply: http.client.HTTPResponse) -> None:
        """Pass a reply on piece by piece, as a stream is sent, without its leave for other origins."""
        self.send_response(reply.status, reply.reason)
        for name, value in reply.getheaders():
            if name.lower() not in _NOT_PASSED_ON and not name.lower().startswith("access-control-"):
                self.send_header(name, value)
        if reply.length is None:  # it ends where the connection does
            self.send_header("Connection", "close")
        self.end_headers()
        while piece := reply.read1(_PIECE):
            self.wfile.write(piece)
            self.wfile.flush()

    def _refuse(self, status: int, reason: str) -> None:
        body = json.dumps({"error": {"message": reason, "code": status}}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")  # what else it sent is not read
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet: requests are no news."""
