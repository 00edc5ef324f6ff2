"""What a model is asked, where, and how."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat prompt. `name` is OpenAI's optional author name."""

    role: str
    content: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where requests go and which environment variable holds the key; never the key itself.

    `base_url` is None for the provider's own address. `cache_as` names a server whose address moves,
    so that its replies stay valid. `weights` is the hash of a local model's weights. `clients` is a file of several
    clients among which requests rotate; `base_url` is then the first one's and only names the server. `more_urls` are
    further servers of the same model, among which requests are shared out; the first address names them all.
    """

    provider: str
    base_url: str | None = None
    api_key_env: str | None = None
    cache_as: str | None = None
    weights: str | None = None
    clients: str | None = None
    more_urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """A parameter that a server refuses: left out, or sent under the name `instead`."""

    name: str
    instead: str | None = None

    def __str__(self) -> str:
        return f"{self.name} sent as {self.instead}" if self.instead else f"{self.name} left out"


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a model. Exactly one of `messages` (chat) and `prompt` (completion models) is set.

    Equal requests have equal replies in the cache; `sample` tells repeated ones apart. `needs` are parameters without
    which nothing can be read from the reply. `changes` are made in what is sent, because the server refuses it as it
    was planned; neither of the two is part of what the reply is cached under.
    """

    endpoint: Endpoint
    model: str
    messages: tuple[Message, ...] = ()
    prompt: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    sample: int = 0
    needs: frozenset[str] = frozenset()
    changes: tuple[Change, ...] = ()
    known_key: bytes | None = field(default=None, init=False, compare=False, repr=False)
    """What `completions.keys.request_key` has found, which is asked for more than once."""
