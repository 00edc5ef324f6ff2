"""Until when models can be asked: a table with its date and sources, kept as prices are.

What is served elsewhere (Azure, a gateway, a server of one's own) has a life of its own: the table is a hint there,
and the last word only at the maker's own address.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from autoeval.completions.providers.presets import PRESETS
from autoeval.completions.providers.reasoning import plain_name
from autoeval.errors import UsageError
from autoeval.texts.patterns import lazy_pattern
from autoeval.types import Endpoint

SOON = timedelta(days=90)
"""How long before its end a model is said to go."""
TODAY_VARIABLE = "AUTOEVAL_TODAY"
"""The variable that sets the date that lifetimes are counted from, for tests and for looking ahead."""

_MAKERS = {"openai": "openai", "anthropic": "anthropic", "gemini": "google"}
"""The providers whose own address is a maker's, and which."""
_OWN_ADDRESSES = {"anthropic": "https://api.anthropic.com"}
_NAMES = {"openai": "OpenAI", "anthropic": "Anthropic", "google": "Google"}
_SNAPSHOT = lazy_pattern(
    r"(?:[-@](?:\d{4}-\d{2}-\d{2}|\d{8}|\d{4}(?:-preview)?|latest)(?:-v\d+(?::\d+)?)?|-v\d+(?::\d+)?)$"
)


@dataclass(frozen=True, slots=True)
class Lifetime:
    """Until when a model is served by its maker.

    `shutdown` is None where no date has been announced. `is_bound` says that it may have ended before, as a
    snapshot may of which nothing is known but its model's date.
    """

    maker: str
    model: str
    shutdown: date | None
    replacement: str | None
    source: str
    is_bound: bool = False

    @property
    def end(self) -> str:
        """The date in words, empty where there is none."""
        return "" if self.shutdown is None else f"{self.shutdown}{' at the latest' if self.is_bound else ''}"

    @property
    def maker_name(self) -> str:
        """The maker as people write it."""
        return _NAMES.get(self.maker, self.maker)

    def is_over(self, day: date) -> bool:
        """Whether the model is gone on a day."""
        return self.shutdown is not None and self.shutdown <= day

    def is_ending(self, day: date, within: timedelta = SOON) -> bool:
        """Whether the model goes within some days after a day, or is gone."""
        return self.shutdown is not None and self.shutdown <= day + within


def today() -> date:
    """Return the date that lifetimes are counted from.

    Raises:
        UsageError: the variable that sets it holds no date.
    """
    said = os.environ.get(TODAY_VARIABLE)
    if not said:
        return date.today()
    try:
        return date.fromisoformat(said)
    except ValueError:
        raise UsageError(
            f"the variable {TODAY_VARIABLE} must be a date such as 2026-11-26, not {said!r}."
        ) from None


def table_date() -> date:
    """Return the day on which the table was last compared with its sources."""
    found: date = _data()["date"]
    return found


def lifetimes() -> Iterator[Lifetime]:
    """Walk through the whole table."""
    yield from (lifetime for models in _table().values() for lifetime in models.values())


def lifetime(model: str, maker: str | None = None) -> Lifetime | None:
    """Return what the table knows of a model.

    Args:
        model: its name; a reseller's prefix and a snapshot's date are looked through.
        maker: look at this one's models only.
    """
    name = plain_name(model)
    if model.startswith("ft:"):  # a fine-tuned model goes with the one it is made of
        name = name.partition(":")[0]
    for candidate in (name, _SNAPSHOT.sub("", name)):
        for known_maker, models in _table().items():
            if candidate in models and maker in (None, known_maker):
                found = models[candidate]
                return found if candidate == name else replace(found, is_bound=True)
    return None


def maker_at(endpoint: Endpoint) -> str | None:
    """Return the maker whose own address an endpoint is; None for every other server."""
    maker = _MAKERS.get(endpoint.provider)
    if maker is None or endpoint.clients:
        return None
    own = _OWN_ADDRESSES.get(endpoint.provider) or PRESETS[endpoint.provider].url or ""
    return (
        maker
        if (endpoint.base_url or own).rstrip("/").removesuffix("/v1") == own.removesuffix("/v1")
        else None
    )


def is_gone(endpoint: Endpoint, model: str, day: date) -> bool:
    """Whether asking a model can only fail: it is shut down, and the endpoint is its maker's own."""
    maker = maker_at(endpoint)
    found = lifetime(model, maker) if maker else None
    return found is not None and found.is_over(day)


@cache
def _table() -> Mapping[str, Mapping[str, Lifetime]]:
    return {
        maker: {
            model: Lifetime(
                maker,
                model,
                facts["shutdown"],
                facts.get("replacement"),
                about["source"],
                facts.get("is_bound", False),
            )
            for model, facts in about["models"].items()
        }
        for maker, about in _data()["makers"].items()
    }


@cache
def _data() -> Mapping[str, Any]:
    import yaml

    text = Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")
    data: Mapping[str, Any] = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return data
