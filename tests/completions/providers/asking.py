"""How the provider tests ask: one call in a loop of its own, as a run does."""

from collections.abc import Sequence
from typing import Any

from autoeval.completions.providers import Provider, Reply, create
from autoeval.types import Completion, Endpoint, Failure, Message, Request
from tests.completions.virtual_time import Forward
from tests.servers import JudgeServer

KEY_VARIABLE = "TEST_JUDGE_KEY"
KEY = "sk-test-0123456789"
PATIENCE = 600.0
"""Seconds that even a busy machine does not need for a reply; `Forward` passes them at once."""
PROTOCOLS = ("openai", "anthropic")


def endpoint_of(server: JudgeServer, protocol: str = "openai") -> Endpoint:
    """Return the server's endpoint in a protocol, with the test key."""
    address = server.address if protocol == "anthropic" else server.base_url
    return Endpoint(protocol, base_url=address, api_key_env=KEY_VARIABLE)


def request_to(endpoint: Endpoint, model: str = "some-model", **parameters: Any) -> Request:
    """Return a small chat request."""
    messages = (Message("system", "Be brief."), Message("user", "Which is better?"))
    return Request(endpoint, model, messages, parameters=parameters)


def ask_all(
    requests: Sequence[Request], timeout: float = PATIENCE, clock: Forward | None = None
) -> list[Reply]:
    """Ask several requests one after the other through one provider."""

    async def run() -> list[Reply]:
        provider: Provider = create(requests[0].endpoint, timeout)  # type: ignore[assignment]
        try:
            return [await provider.complete(request) for request in requests]
        finally:
            await provider.close()

    return (clock or Forward()).run(run())


def ask(request: Request, timeout: float = PATIENCE) -> Completion:
    """Ask one request that succeeds."""
    (reply,) = ask_all([request], timeout)
    assert isinstance(reply.outcome, Completion), reply
    return reply.outcome


def fail(request: Request, timeout: float = PATIENCE, clock: Forward | None = None) -> Failure:
    """Ask one request that fails."""
    (reply,) = ask_all([request], timeout, clock)
    assert isinstance(reply.outcome, Failure), reply
    return reply.outcome
