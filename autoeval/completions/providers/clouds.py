"""What Bedrock and Vertex share: Claude in Anthropic's protocol, every other model in OpenAI's."""

from typing import Any

from autoeval.completions.providers import Reply
from autoeval.completions.providers import anthropic as anthropic_protocol
from autoeval.completions.providers import openai as openai_protocol
from autoeval.completions.providers.remote import RemoteProvider
from autoeval.types import Request


def is_claude(model: str) -> bool:
    """Whether a model of a cloud speaks Anthropic's protocol."""
    return "claude" in model


def body(request: Request) -> dict[str, Any]:
    """Return what is posted for a request."""
    return (anthropic_protocol.body if is_claude(request.model) else openai_protocol.body)(request)


class CloudProvider:
    """Hands each request to the client of the SDK that knows its model's protocol."""

    def __init__(self, claude: RemoteProvider, others: RemoteProvider) -> None:
        """Take the two clients; the one that is not needed never connects."""
        self._claude = claude
        self._others = others

    async def complete(self, request: Request) -> Reply:
        """Ask once; see `Provider.complete`."""
        return await (self._claude if is_claude(request.model) else self._others).complete(request)

    async def close(self) -> None:
        """Close every connection."""
        await self._claude.close()
        await self._others.close()
