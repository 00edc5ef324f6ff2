"""The view, served for real on a port of this machine."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvicorn

from autoeval.journeys.view import documents_of
from autoeval.viewing.app import make_app
from autoeval.viewing.labelling import Desk

TOKEN = "a-secret-of-the-tests"


@contextmanager
def serving(root: Path) -> Iterator[str]:
    """Serve the runs below a folder; gives the address of the page."""
    door = socket.create_server(("127.0.0.1", 0))
    app = make_app(documents_of(root, keeps=False), Desk(), TOKEN)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{door.getsockname()[1]}/{TOKEN}/"
    finally:
        server.should_exit = True
        thread.join()
        door.close()


def request(
    address: str, path: str = "", method: str = "GET", body: Any = None, **headers: str
) -> tuple[int, Any]:
    """Ask for something below an address; gives the status and what came, as JSON where it is."""
    parts = urlsplit(address + path)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    data = None if body is None else json.dumps(body).encode()
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    connection.request(method, target, data, sent)
    reply = connection.getresponse()
    text = reply.read().decode()
    connection.close()
    return reply.status, json.loads(text) if reply.headers.get_content_type() == "application/json" else text
