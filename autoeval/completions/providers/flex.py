"""OpenAI's flex processing: the price of a batch job without a day's wait, where there is capacity for it.

Without capacity OpenAI answers 429 and charges nothing. Source:
https://platform.openai.com/docs/guides/flex-processing
"""

from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from autoeval.completions.pricing import FLEX
from autoeval.completions.providers import Provider, Reply
from autoeval.completions.providers.presets import address_of
from autoeval.errors import UsageError
from autoeval.types import Endpoint, Failure, FailureKind, Request

LEAST_TIMEOUT = 900.0
"""Seconds that a request may take at least: OpenAI advises 15 minutes."""

_OWN_HOSTS = frozenset({"api.openai.com", "eu.api.openai.com", "us.api.openai.com"})


@dataclass
class FlexProvider:
    """Asks for flex processing, and at the full price where there is no capacity unless it is to wait.

    Whatever is refused for want of capacity looks like any other 429. Asked at the full price, a rate limit says 429
    once more, and the lane waits as ever.
    """

    provider: Provider
    waits: bool

    async def complete(self, request: Request) -> Reply:
        """Ask once, or twice where there is no capacity; see `Provider.complete`."""
        parameters = {**request.parameters, "service_tier": FLEX}
        reply = await self.provider.complete(replace(request, parameters=parameters))
        is_refused = isinstance(reply.outcome, Failure) and reply.outcome.kind is FailureKind.RATE_LIMITED
        return await self.provider.complete(request) if is_refused and not self.waits else reply

    async def close(self) -> None:
        """Close every connection."""
        await self.provider.close()


def require_flex(endpoint: Endpoint) -> None:
    """Refuse an endpoint that has no flex processing, before anything is asked.

    Raises:
        UsageError: it is not OpenAI's own.
    """
    if endpoint.provider == "openai" and not endpoint.clients and not endpoint.more_urls:
        address = address_of(endpoint)
        if urlsplit(address).hostname in _OWN_HOSTS:
            return
        raise UsageError(f"--flex is OpenAI's own, and {address} is another server: leave --flex out.")
    raise UsageError(f"--flex is OpenAI's own, and {endpoint.provider!r} has none: leave --flex out.")
