"""Whoever is asked, a judge or a model to evaluate: where, with which parameters and prompt, at what price."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autoeval.prompting.config import Price
from autoeval.prompting.prompt import AnyPrompt
from autoeval.prompting.templates import Fields
from autoeval.types import Endpoint, Message, Request


@dataclass(frozen=True)
class Asker:
    """A model ready to be asked; `prompt` is None for a built-in judge, which nobody asks.

    `reply_tokens` is how long a usual reply is. `unmet` says why it cannot be asked here, where that is so; its cached
    replies can still be read.
    """

    name: str
    endpoint: Endpoint
    model: str
    parameters: Mapping[str, Any]
    prompt: AnyPrompt | None
    price: Price | None = None
    reply_tokens: int = 50
    unmet: str = ""

    @property
    def needs(self) -> frozenset[str]:
        """The parameters of a request without which its reply holds nothing to read."""
        return frozenset()

    def about(self, rows: Sequence[Fields], sample: int = 0) -> Request:
        """Return the request whose prompt shows some rows.

        Args:
            rows: the fields of each case that the prompt asks about.
            sample: tells repeated requests apart.
        """
        assert self.prompt is not None
        return self.request(self.prompt.messages(rows), self.prompt.text(rows), self.parameters, sample)

    def request(
        self,
        messages: tuple[Message, ...],
        text: str | None,
        parameters: Mapping[str, Any],
        sample: int = 0,
    ) -> Request:
        """Return a request to this model: every request that is made is made here.

        Args:
            messages: a chat prompt, or none.
            text: the prompt of a completion model, or None.
            parameters: how it is asked.
            sample: tells repeated requests apart.
        """
        return Request(
            endpoint=self.endpoint,
            model=self.model,
            messages=messages,
            prompt=text,
            parameters=parameters,
            sample=sample,
            needs=self.needs,
        )
