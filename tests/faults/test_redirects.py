"""An endpoint that sends its visitors elsewhere: neither key nor prompt follows, and people are told where to."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

import autoeval
from autoeval.completions.batch.apis import BatchRefusedError
from autoeval.completions.batch.choosing import batch_api
from autoeval.types import Endpoint, Failure, FailureKind, Request
from tests.completions.providers.asking import KEY, KEY_VARIABLE, fail, request_to
from tests.faults.counting import run
from tests.servers import JudgeServer

TOKEN = "token-in-the-new-address"


@dataclass
class Redirecting(JudgeServer):
    """Sends every request, whatever its method, to the same path below `to`."""

    to: str = ""
    status: int = 307

    def _add_routes(self, app: web.Application) -> None:
        app.router.add_route("*", "/{path:.*}", self._redirect)

    async def _redirect(self, request: web.Request) -> web.Response:
        return web.Response(
            status=self.status, headers={"Location": f"{self.to}{request.path}?token={TOKEN}"}
        )


@dataclass
class Elsewhere(JudgeServer):
    """Where nobody is meant to go: keeps what comes, headers and all."""

    visits: list[str] = field(default_factory=list)

    def _add_routes(self, app: web.Application) -> None:
        app.router.add_route("*", "/{path:.*}", self._take)

    async def _take(self, request: web.Request) -> web.Response:
        self.visits.append(f"{request.method} {request.path} {dict(request.headers)} {await request.text()}")
        return web.json_response({})


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    """A server of another name and port."""
    with Elsewhere() as server:
        yield server


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p1")
    monkeypatch.setenv("GOOGLE_CLOUD_LOCATION", "europe-west1")


def _rotating(server: JudgeServer, folder: Path) -> Endpoint:
    clients = folder / "clients.yaml"
    clients.write_text(f"default:\n  - {{api_key: {KEY}, base_url: {server.base_url}}}\n", encoding="utf-8")
    return Endpoint("openai", clients=str(clients))


WAYS: dict[str, Callable[[JudgeServer, Path], Request]] = {
    "openai": lambda server, _: request_to(
        Endpoint("openai", base_url=server.base_url, api_key_env=KEY_VARIABLE)
    ),
    "azure": lambda server, _: request_to(
        Endpoint("azure", base_url=server.base_url, api_key_env=KEY_VARIABLE)
    ),
    "a file of clients": lambda server, folder: request_to(_rotating(server, folder)),
    "anthropic": lambda server, _: request_to(
        Endpoint("anthropic", base_url=server.address, api_key_env=KEY_VARIABLE)
    ),
    "claude on bedrock": lambda server, _: request_to(
        Endpoint("bedrock", base_url=server.address, api_key_env=KEY_VARIABLE), "anthropic.claude-haiku-4-5"
    ),
    "another model on bedrock": lambda server, _: request_to(
        Endpoint("bedrock", base_url=server.address, api_key_env=KEY_VARIABLE), "openai.gpt-oss-120b-1:0"
    ),
    "claude on vertex": lambda server, _: request_to(
        Endpoint("vertex", base_url=server.address, api_key_env=KEY_VARIABLE), "claude-haiku-4-5@20251001"
    ),
    "another model on vertex": lambda server, _: request_to(
        Endpoint("vertex", base_url=server.address, api_key_env=KEY_VARIABLE), "google/gemini-3-pro"
    ),
}


CASES = [(way, 307) for way in WAYS] + [
    (way, status) for way in ("openai", "anthropic") for status in (301, 302, 303, 308)
]
"""307 and 308 send a request's body along, which is the prompt; the others turn it into a GET."""


@pytest.mark.parametrize(("way", "status"), CASES)
def test_no_request_follows_a_redirect(way: str, status: int, elsewhere: Elsewhere, tmp_path: Path) -> None:
    if "bedrock" in way:
        pytest.importorskip("botocore", reason="the extra `bedrock` is not installed")
    if "vertex" in way:
        pytest.importorskip("google.auth", reason="the extra `vertex` is not installed")
    with Redirecting(to=f"http://localhost:{elsewhere.port}", status=status) as server:
        found = fail(WAYS[way](server, tmp_path))
    assert elsewhere.visits == []
    _assert_says_where(found, elsewhere)


def _assert_says_where(failure: Failure, elsewhere: Elsewhere) -> None:
    assert failure.kind is FailureKind.REFUSED
    assert f"redirects to http://localhost:{elsewhere.port}/" in failure.message
    assert "--judge_base_url" in failure.message
    assert TOKEN not in failure.message
    assert KEY not in failure.message


@pytest.mark.parametrize("status", [302, 307])
@pytest.mark.parametrize("protocol", ["openai", "anthropic"])
def test_no_batch_follows_a_redirect(protocol: str, status: int, elsewhere: Elsewhere) -> None:
    with Redirecting(to=f"http://localhost:{elsewhere.port}", status=status) as server:
        address = server.base_url if protocol == "openai" else server.address
        endpoint = Endpoint(protocol, base_url=address, api_key_env=KEY_VARIABLE)
        api = batch_api(endpoint, 10.0)
        line = api.line("key", request_to(endpoint))
        for use in (
            lambda: api.submit([line], "note"),
            lambda: api.find("note", 0.0, 1),
            lambda: api.status("job"),
            lambda: list(api.results("job")),
            lambda: api.cancel("job"),
        ):
            with pytest.raises(BatchRefusedError, match="redirects to") as raised:
                use()
            assert TOKEN not in str(raised.value)
        api.close()
    assert elsewhere.visits == []


def test_a_run_ends_at_once_and_names_the_address(elsewhere: Elsewhere, tmp_path: Path) -> None:
    with Redirecting(to=f"http://localhost:{elsewhere.port}") as server:
        result: autoeval.Evaluation = run(tmp_path, server)
    assert result.exit_code == 5
    assert f"redirects to http://localhost:{elsewhere.port}/v1/chat/completions" in str(result.ask.stop)
    assert elsewhere.visits == []
