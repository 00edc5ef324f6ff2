"""The door of `serve`: programs on this machine pass, web pages do not, whatever name they came by."""

import http.client
import json
import threading
from collections.abc import Iterator

import pytest

from autoeval.journeys.front import Front, is_this_machine
from tests.servers import JudgeServer, always

KEY = "known-to-nobody"
ASKED = {"model": "m", "messages": [{"role": "user", "content": "Which?"}]}


@pytest.fixture
def behind() -> Iterator[JudgeServer]:
    with JudgeServer(always("a > b"), key=KEY) as server:
        yield server


@pytest.fixture
def front(behind: JudgeServer) -> Iterator[Front]:
    with Front(0, behind.base_url.removesuffix("/v1"), KEY) as door:
        thread = threading.Thread(target=door.serve_forever, args=(0.01,))
        thread.start()
        yield door
        door.shutdown()
        thread.join()


def ask(
    front: Front,
    method: str = "POST",
    path: str = "/v1/chat/completions",
    headers: tuple[tuple[str, str], ...] = (),
    host: str | None = "127.0.0.1",
) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("127.0.0.1", front.server_address[1])
    body = json.dumps(ASKED).encode()
    connection.putrequest(method, path, skip_host=True)
    for name, value in (*((("Host", host),) if host else ()), *headers, ("Content-Length", str(len(body)))):
        connection.putheader(name, value)
    connection.endheaders(body)
    reply = connection.getresponse()
    found = reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read().decode()
    connection.close()
    return found


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:8080",
        "localhost",
        "LOCALHOST:1",
        "localhost.",
        "[::1]",
        "[::1]:8080",
        "127.8.8.8",
    ],
)
def test_this_machine_is_answered(host: str, front: Front, behind: JudgeServer) -> None:
    status, headers, body = ask(front, host=host)
    assert (status, json.loads(body)["choices"][0]["message"]["content"]) == (200, "a > b")
    assert not [name for name in headers if name.startswith("access-control-")]
    assert behind.received[0].body == ASKED


@pytest.mark.parametrize(
    "host",
    [
        *(
            "evil.example",
            "evil.example:80",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "evil@localhost",
        ),
        *(
            "192.168.1.7",
            "10.0.0.1:8080",
            "0.0.0.0",
            "[::]",
            "[2001:db8::1]",
            "::1",
            "",
            "localhost:x",
            "localhost/x",
        ),
        *("127.1", "2130706433", "local host", "[::1", "localhost:80:80"),
    ],
)
def test_a_foreign_host_is_refused(host: str, front: Front, behind: JudgeServer) -> None:
    """As a name that its owner has made to resolve to 127.0.0.1 sends it."""
    assert not is_this_machine(host)
    status, _, body = ask(front, host=host)
    assert status == 403
    assert "localhost" in json.loads(body)["error"]["message"]
    assert behind.n_requests == 0


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("POST", (("Origin", "https://evil.example"),)),
        ("POST", (("Origin", "null"),)),
        ("POST", (("Origin", "http://127.0.0.1:3000"),)),
        ("POST", (("Origin", "http://localhost"),)),
        ("POST", (("Origin", "https://evil.example"), ("Content-Type", "text/plain"))),
        ("POST", (("Origin", "http://127.0.0.1"), ("Origin", "https://evil.example"))),
        ("GET", (("Sec-Fetch-Site", "cross-site"),)),
        ("GET", (("Sec-Fetch-Site", "same-site"),)),
        ("OPTIONS", (("Origin", "https://evil.example"), ("Access-Control-Request-Method", "POST"))),
    ],
)
def test_a_page_of_another_origin_is_refused(
    method: str, headers: tuple[tuple[str, str], ...], front: Front, behind: JudgeServer
) -> None:
    status, answered, _ = ask(front, method, headers=headers)
    assert status == 403
    assert not [name for name in answered if name.startswith("access-control-")]
    assert behind.n_requests == 0


@pytest.mark.parametrize("sent", [(), (("Sec-Fetch-Site", "none"),), (("Origin", "http://127.0.0.1"),)])
def test_what_comes_from_here_passes(sent: tuple[tuple[str, str], ...], front: Front) -> None:
    assert ask(front, headers=sent)[0] == 200


def test_a_second_host_another_server_and_a_body_without_end_are_refused(
    front: Front, behind: JudgeServer
) -> None:
    assert ask(front, host=None)[0] == 403
    assert ask(front, headers=(("Host", "evil.example"),))[0] == 403
    assert ask(front, path="http://evil.example/v1/models")[0] == 403
    assert ask(front, headers=(("Transfer-Encoding", "chunked"),))[0] == 411
    assert ask(front, headers=(("Content-Length", "-1"),))[0] == 411
    assert behind.n_requests == 0


def test_a_server_that_is_gone_is_said(front: Front, behind: JudgeServer) -> None:
    front.behind = "127.0.0.1:1"
    status, _, body = ask(front)
    assert status == 502
    assert "does not answer" in body
