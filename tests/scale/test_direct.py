"""Plain servers are asked without an SDK, and as carefully."""

import asyncio
import re
import sys
from collections.abc import Mapping
from contextlib import closing, suppress
from typing import Any

import pytest

from autoeval.completions.providers import create
from autoeval.completions.providers.connections import Connections
from autoeval.completions.providers.direct import DirectProvider
from autoeval.types import Completion, Endpoint, Failure, FailureKind, Message, Request
from tests.servers import Answer, JudgeServer, always

_REPLY = b"HTTP/1.1 200 OK\r\nConnection: %s\r\nContent-Length: %d\r\n\r\n%s"


def _ask(server: JudgeServer, provider: str = "openai_compatible", **parameters: Any) -> Completion | Failure:
    async def ask() -> Completion | Failure:
        endpoint = Endpoint(provider, base_url=server.base_url)
        asked = create(endpoint, 60)
        assert isinstance(asked, DirectProvider)
        reply = await asked.complete(Request(endpoint, "m", (Message("user", "q é"),), parameters=parameters))
        await asked.close()
        return reply.outcome

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("endpoint", "is_direct"),
    [
        (Endpoint("openai"), False),
        (Endpoint("openai", base_url="https://api.openai.com/v1"), False),
        (Endpoint("openai", base_url="https://eu.api.openai.com/v1"), False),
        (Endpoint("openai", base_url="https://mine.openai.azure.com/openai/v1"), False),
        (Endpoint("openai", base_url="http://127.0.0.1:8000/v1"), True),
        (Endpoint("azure", base_url="https://mine.example/openai/v1"), False),
        (Endpoint("groq"), True),
        (Endpoint("vllm_server"), True),
        (Endpoint("anthropic", base_url="http://127.0.0.1:8000"), False),
    ],
)
def test_who_is_asked_directly(endpoint: Endpoint, is_direct: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "GROQ_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(name, "sk-test-0123456789")
    assert isinstance(create(endpoint, 10), DirectProvider) is is_direct


def test_the_key_goes_to_the_server_and_nothing_else_of_the_environments(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GROQ_API_KEY", "gsk-0123456789")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-secret")
    with JudgeServer(always("a"), key="gsk-0123456789") as server:
        assert isinstance(_ask(server, "groq"), Completion)
        headers: Mapping[str, str] = server.received[0].headers
        assert "org-secret" not in str(dict(headers))
        assert headers["Accept-Encoding"] == "identity"
        assert "Cookie" not in headers


@pytest.mark.parametrize("parameters", [{"temperature": float("nan")}, {"stop": "\ud800"}])
def test_what_is_no_json_is_an_invalid_request_and_is_not_sent(parameters: dict[str, Any]) -> None:
    with JudgeServer(always("a")) as server:
        outcome = _ask(server, **parameters)
        assert server.n_requests == 0
    assert isinstance(outcome, Failure)
    assert outcome.kind is FailureKind.INVALID_REQUEST


def test_a_redirect_is_not_followed() -> None:
    with JudgeServer(always("a")) as elsewhere:
        moved = Answer("moved", status=307, headers={"Location": f"{elsewhere.base_url}/chat/completions"})
        with JudgeServer(lambda _: moved) as server:
            outcome = _ask(server)
        assert elsewhere.n_requests == 0
    assert isinstance(outcome, Failure)
    assert outcome.kind is FailureKind.REFUSED
    assert "redirects" in outcome.message


def test_connections_that_end_and_requests_that_are_dropped_hurt_no_other() -> None:
    """Sockets come and go: the server closes its own after every second reply, and every third request is dropped."""
    n = 60
    served: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(asyncio.IncompleteReadError):
            for ending in (b"keep-alive", b"close"):
                head = await reader.readuntil(b"\r\n\r\n")
                size = int(re.findall(rb"(?i)content-length: *(\d+)", head)[0])
                body = await reader.readexactly(size)
                served.append(body)
                if body.startswith(b"drop"):
                    dropped.release()
                    await reader.read()  # until it is hung up
                    return
                writer.write(_REPLY % (ending, size, body))

    async def run() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        with closing(Connections(address, {}, 60.0)) as connections:
            for round_ in range(3):
                bodies = [b"%s %d %d" % (b"drop" if k % 3 == 0 else b"keep", round_, k) for k in range(n)]
                asked = [asyncio.create_task(connections.ask(address, body)) for body in bodies]
                answers = await asyncio.gather(*(task for k, task in enumerate(asked) if k % 3))
                assert [answer.content for answer in answers] == [each for each in bodies if each[:1] == b"k"]
                for _ in asked[::3]:
                    await dropped.acquire()
                for task in asked[::3]:
                    task.cancel()
                await asyncio.wait(asked)
                assert all(task.cancelled() for task in asked[::3])
            last = asyncio.create_task(connections.ask(address, b"drop at the end"))
            await dropped.acquire()
        with pytest.raises(asyncio.CancelledError):
            await last
        server.close()
        await server.wait_closed()

    dropped = asyncio.Semaphore(0)
    asyncio.run(run())
    assert len(served) == len(set(served)) == 3 * n + 1  # nothing is sent twice


def test_no_sdk_is_loaded(tmp_path: object) -> None:
    with JudgeServer(always("a > b")) as server:
        script = (
            "import autoeval, sys;"
            "autoeval.evaluate([{'instruction': 'i', 'output': 'b', 'generator': 'm'}],"
            " [{'instruction': 'i', 'output': 'a', 'generator': 'r'}], annotators_config='gpt4_ranking',"
            f" judge_base_url='{server.base_url}', caching_path=None, output_path=None, no_report=True);"
            "print(sorted({'openai', 'anthropic', 'pandas'} & set(sys.modules)))"
        )
        import subprocess

        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.strip().endswith("[]"), done.stderr + done.stdout
    assert server.n_requests == 1
