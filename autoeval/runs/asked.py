"""Who is asked, a judge or a model to evaluate, as far as prices and lifetimes are concerned."""

from typing import Protocol

from autoeval.prompting.config import Price
from autoeval.types import Endpoint


class Asked(Protocol):
    """A judge or a generator."""

    @property
    def endpoint(self) -> Endpoint:
        """Where it is asked."""

    @property
    def model(self) -> str:
        """Its name there."""

    @property
    def price(self) -> Price | None:
        """What it costs, where its config says so."""
