"""One model behind several clients (keys, organizations, servers): a request that one cannot take goes to another."""

import asyncio
import random
import time
from collections.abc import Mapping
from typing import Any

from autoeval.completions.providers import Reply
from autoeval.completions.providers.openai import OpenAIProtocol
from autoeval.completions.providers.sdk import SdkProvider
from autoeval.prompting.clients import CLIENT_CLASSES, Client, read_clients
from autoeval.types import Endpoint, Failure, FailureKind, Request

_REST_SECONDS = 2.0


class RotatingProvider:
    """Asks each request of a client drawn by chance.

    A client whose limit is reached rests for as long as the server says, and one that is refused is not asked
    again; meanwhile the others are asked. Only when no client is left does a limit or a refusal show.
    """

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        """Take the clients' file; it is read with the first request to a model."""
        self._source = endpoint.clients or ""
        self._timeout = timeout
        self._clients: dict[str, list[_Client]] = {}

    async def complete(self, request: Request) -> Reply:
        """Ask once, of as many clients as it takes; see `Provider.complete`."""
        clients = self._of(request.model)
        reply = Reply(Failure(FailureKind.REFUSED, f"all clients of {self._source} were refused"))
        while candidates := [client for client in clients if client.is_ready]:
            client = random.choice(candidates)
            reply = await client.complete(request)
            if not client.learn(reply):
                return reply
        wait = min((client.rests_for for client in clients if not client.is_refused), default=None)
        if wait is None:
            return reply
        return Reply(Failure(FailureKind.RATE_LIMITED, "every client has reached its rate limit", wait))

    async def close(self) -> None:
        """Close every connection."""
        await asyncio.gather(*(client.close() for clients in self._clients.values() for client in clients))

    def _of(self, model: str) -> "list[_Client]":
        if model not in self._clients:
            configs = read_clients(self._source, model)
            self._clients[model] = [_Client(config, self._timeout) for config in configs]
        return self._clients[model]


class _Client(OpenAIProtocol, SdkProvider):
    """One client of the file."""

    def __init__(self, config: Client, timeout: float) -> None:
        import openai

        self._config: Mapping[str, Any] = {
            name: value for name, value in config.items() if name != "client_class"
        }
        self._class_name = CLIENT_CLASSES[config.get("client_class", "openai.OpenAI")]
        self._ready_at = 0.0
        self.is_refused = False
        super().__init__(openai, str(config.get("api_key") or ""), timeout)

    @property
    def rests_for(self) -> float:
        """Seconds until it may be asked again."""
        return max(0.0, self._ready_at - time.monotonic())

    @property
    def is_ready(self) -> bool:
        """Whether it may be asked now."""
        return not self.is_refused and self.rests_for == 0

    def learn(self, reply: Reply) -> bool:
        """Note what a reply says of this client; returns whether another one should be asked instead."""
        if not isinstance(reply.outcome, Failure):
            return False
        self.is_refused = reply.outcome.kind is FailureKind.REFUSED
        is_limited = reply.outcome.kind is FailureKind.RATE_LIMITED
        if is_limited:
            self._ready_at = time.monotonic() + (reply.outcome.retry_after or _REST_SECONDS)
        return self.is_refused or is_limited

    def _connect(self, **options: Any) -> Any:
        return getattr(self._sdk, self._class_name)(**{**self._config, **options})
