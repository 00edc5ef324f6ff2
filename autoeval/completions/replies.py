"""Looking replies up: the requests of a plan in stretches, so that memory stays flat and each look-up has many keys."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Protocol, TypeVar

from autoeval.completions.cache import Entry
from autoeval.completions.key_set import KeySet
from autoeval.completions.keys import request_key
from autoeval.types import Request

T = TypeVar("T")

AT_ONCE = 200
"""How many things are looked up at once."""


class Replies(Protocol):
    """Where replies are found; a cache, usually."""

    def get_many(self, keys: Sequence[bytes]) -> Mapping[bytes, Entry]:
        """Return the entries of those of `keys` that have one."""


def stretches(items: Iterable[T]) -> Iterator[list[T]]:
    """Cut what comes into lists of `AT_ONCE` items; the last one may be shorter."""
    source = iter(items)
    while stretch := list(islice(source, AT_ONCE)):
        yield stretch


def by_key(requests: Iterable[Request]) -> Iterator[dict[bytes, Request]]:
    """Walk through the different requests of each stretch by their keys."""
    return ({request_key(request): request for request in stretch} for stretch in stretches(requests))


def new_by_key(requests: Iterable[Request], seen: KeySet) -> Iterator[dict[bytes, Request]]:
    """Walk through requests by key, each only where it comes first.

    Args:
        requests: in any number and order.
        seen: gets the keys of all that has come.
    """
    for stretch in by_key(requests):
        new = seen.add(stretch)
        if new:
            yield {key: request for key, request in stretch.items() if key in new}
