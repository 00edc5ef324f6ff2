"""Who answers requests: one file a provider, one line each in `PROVIDERS`, loaded when first used.

A provider maps a request to its protocol and an error to a Failure. It never retries and never waits for a
quota: the engine and the scheduler do.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol, cast, runtime_checkable

from autoeval.completions.providers.presets import PRESETS, is_plain
from autoeval.errors import MissingExtraError, UsageError, nearest
from autoeval.plugins import plugins
from autoeval.types import Completion, Endpoint, Failure, Request


@dataclass(frozen=True, slots=True)
class Quota:
    """What the server says is left of the rate limits; None where it does not say.

    The refills are how many come back a second, while a limit is not whole.
    """

    remaining_requests: int | None = None
    remaining_tokens: int | None = None
    request_refill: float | None = None
    token_refill: float | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one request, and what the server said about its rate limits on the way."""

    outcome: Completion | Failure
    quota: Quota | None = None


class Provider(Protocol):
    """A model reached over the network. It connects on first use, to the event loop that runs then.

    One whose `keeps_time` is true ends each request at the timeout by itself; for others their lane does.
    """

    async def complete(self, request: Request) -> Reply:
        """Ask once, without retries; everything that can go wrong comes back as a Failure."""

    async def close(self) -> None:
        """Close every connection. The provider connects anew if it is used again, also in another loop."""


@runtime_checkable
class LocalProvider(Protocol):
    """A model in this process, which is fastest when it gets many requests at once.

    `batch_size` is how many it wants at once; their replies are stored when all of them are there.
    """

    @property
    def batch_size(self) -> int:
        """How many requests to hand over at once."""

    def complete_many(self, requests: Sequence[Request]) -> list[Completion | Failure]:
        """Answer all requests, in their order. Runs on a worker thread."""

    def close(self) -> None:
        """Free the model's memory."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """Where a provider's class is, `module:Class` below this package, and the extra that it needs."""

    path: str
    extra: str | None = None

    @property
    def module(self) -> str:
        return f"{__name__}.{self.path.partition(':')[0]}"

    @property
    def class_name(self) -> str:
        return self.path.partition(":")[2]


PROVIDERS: Mapping[str, _Entry] = {
    "anthropic": _Entry("anthropic:AnthropicProvider", extra="anthropic"),
    "bedrock": _Entry("bedrock:BedrockProvider", extra="bedrock"),
    "gguf": _Entry("gguf:GgufProvider", extra="gguf"),
    "reward": _Entry("reward:RewardProvider"),
    "reward_model": _Entry("reward_model:RewardModelProvider", extra="transformers"),
    "transformers": _Entry("transformers:TransformersProvider", extra="transformers"),
    "vertex": _Entry("vertex:VertexProvider", extra="vertex"),
    "vllm": _Entry("vllm:VllmProvider", extra="vllm"),
    **{name: _Entry("openai_sdk:OpenAIProvider") for name in PRESETS},
}

LOCAL = frozenset({"gguf", "reward_model", "transformers", "vllm"})
"""The providers whose models run in this process and cost nothing."""


def create(endpoint: Endpoint, timeout: float) -> Provider | LocalProvider:
    """Return the provider of an endpoint, ready to be asked; no request is made.

    Args:
        endpoint: whom to ask, where, and which environment variable holds the key.
        timeout: seconds that one request may take in all. Local providers have no limit.

    Raises:
        UsageError: unknown provider, malformed address or no key.
        MissingExtraError: the provider's package is not installed.
    """
    if (added := _added(endpoint.provider)) is not None:
        return cast("Provider | LocalProvider", added(endpoint, timeout))
    entry = _entry(endpoint.provider)
    if endpoint.clients:
        entry = _Entry("rotating:RotatingProvider")
    elif endpoint.more_urls:
        entry = _Entry("several:SeveralServers")
    elif endpoint.provider in PRESETS and is_plain(endpoint) and _has_libcurl():
        entry = _Entry("direct:DirectProvider")
    with naming_the_extra(endpoint.provider):
        provider_class = getattr(import_module(entry.module), entry.class_name)
        return cast("Provider | LocalProvider", provider_class(endpoint, timeout))


def body(request: Request) -> dict[str, Any]:
    """Return the exact body that would be sent for a request (or the arguments of a local model).

    Raises:
        UsageError: unknown provider.
        MissingExtraError: the provider's package is not installed, and the body depends on it.
    """
    if (added := _added(request.endpoint.provider)) is not None:
        return cast("dict[str, Any]", added.body(request))
    name = request.endpoint.provider
    module = f"{__name__}.openai" if name in PRESETS else _entry(name).module
    with naming_the_extra(name):
        return cast("dict[str, Any]", import_module(module).body(request))


def weights_of(provider: str, model: str) -> str | None:
    """Return the fingerprint of a local model's weights, None for a model that others serve.

    It belongs into the model's Endpoint, and so into the cache key of its replies.

    Raises:
        UsageError: unknown provider, or there is no such model.
        MissingExtraError: a package that it needs is not installed.
    """
    if provider not in LOCAL:
        return None
    with naming_the_extra(provider):
        return cast("str", import_module(_entry(provider).module).weights_of(model))


@contextmanager
def naming_the_extra(provider: str) -> Iterator[None]:
    """Say of a package that a provider of ours needs, and that is not installed, which extra brings it.

    Raises:
        MissingExtraError: one is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        extra = _entry(provider).extra
        if extra is None or (error.name or "").startswith("autoeval"):
            raise
        raise MissingExtraError(f"The provider {provider!r}", extra) from error


def known_providers() -> list[str]:
    """Return the names of all providers, those of installed packages last."""
    return [*PROVIDERS, *plugins("providers")]


def _has_libcurl() -> bool:
    from autoeval.completions.providers.connections import is_available

    return is_available()


def _added(name: str) -> Any:
    """Return the class of a provider that an installed package adds; None for one of ours, or for none."""
    return None if name in PROVIDERS else plugins("providers").get(name)


def _entry(name: str) -> _Entry:
    if name not in PROVIDERS:
        raise UsageError(f"There is no provider {name!r}. {nearest(name, known_providers())}")
    return PROVIDERS[name]
