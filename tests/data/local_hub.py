"""A Hugging Face hub on this machine: enough of its protocol for files by name and for whole datasets."""

import http.server
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha1
from typing import Any


class LocalHub:
    """Files by repository and name, and the requests that came for them."""

    def __init__(self, files: Mapping[str, bytes], token: str | None) -> None:
        self.files = dict(files)
        self.token = token
        self.requests: list[str] = []
        self.endpoint = ""

    @property
    def commit(self) -> str:
        """The commit changes with the content."""
        return sha1(repr(self.files).encode()).hexdigest()

    def answer(self, path: str) -> tuple[int, bytes, dict[str, str]]:
        """Return status, body and headers for a path."""
        for name, content in self.files.items():
            owner, repository, file = name.split("/", 2)
            if path.startswith(f"/datasets/{owner}/{repository}/resolve/") and path.endswith(f"/{file}"):
                return 200, content, {"ETag": f'"{sha1(content).hexdigest()}"'}
        if path.startswith("/api/datasets/"):
            owner, repository, *rest = path.removeprefix("/api/datasets/").split("/")
            names = [
                name.split("/", 2)[2] for name in self.files if name.startswith(f"{owner}/{repository}/")
            ]
            if names and "data" not in rest:
                return 200, self._listing(f"{owner}/{repository}", names, rest), {}
            return 404, b"", {"X-Error-Code": "EntryNotFound" if names else "RepoNotFound"}
        return 404, b"", {"X-Error-Code": "EntryNotFound"}

    def _listing(self, repository: str, names: list[str], rest: list[str]) -> bytes:
        listing: Any = {
            "_id": "1",
            "id": repository,
            "sha": self.commit,
            "private": False,
            "gated": False,
            "tags": [],
        }
        listing |= {
            "disabled": False,
            "downloads": 0,
            "likes": 0,
            "siblings": [{"rfilename": n} for n in names],
        }
        if rest and rest[0] == "tree":
            listing = [
                {
                    "type": "file",
                    "oid": "b" * 40,
                    "size": len(self.files[f"{repository}/{name}"]),
                    "path": name,
                }
                for name in names
            ]
        return json.dumps(listing).encode()


@contextmanager
def local_hub(files: Mapping[str, bytes], token: str | None = None) -> Iterator[LocalHub]:
    """Serve files (`owner/name/file` to content) as `HF_ENDPOINT` does, to holders of the token if there is one."""
    hub = LocalHub(files, token)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            hub.requests.append(f"{self.command} {path}")
            if hub.token and self.headers.get("Authorization") != f"Bearer {hub.token}":
                status, body, headers = 401, b"", {"X-Error-Code": "RepoNotFound"}
            else:
                status, body, headers = hub.answer(path)
            self.send_response(status)
            for name, value in {
                **headers,
                "X-Repo-Commit": hub.commit,
                "Content-Length": str(len(body)),
            }.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        hub.endpoint = f"http://127.0.0.1:{server.server_port}"
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()
