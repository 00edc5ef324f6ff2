"""How much goes into one batch of a model in this process: a budget of tokens, halved when memory runs out."""

import gc
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autoeval.errors import UsageError

_CPU = "cpu"
_SHARE = 0.6
"""How much of the free memory may hold what is kept of each token; the rest is for what a pass needs meanwhile."""


def best_device(torch: Any) -> str:
    """Return where a model runs fastest here."""
    if torch.cuda.is_available():
        return "cuda"
    if torch.backends.mps.is_available():
        return "mps"
    return _CPU


def on_best_device(torch: Any, model: Any, name: str) -> Any:
    """Move a model there; `name` is what its user calls it.

    Raises:
        UsageError: it does not fit there.
    """
    device = best_device(torch)
    try:
        return model.to(device)
    except RuntimeError as error:
        if not ran_out_of_memory(torch, error):
            raise
        raise UsageError(
            f"{name!r} does not fit into the memory of {device}: give the parameter device_map: auto to spread it over "
            "all there is."
        ) from error


@dataclass
class Room:
    """What one forward pass may hold: so many tokens, padding and replies included, and so many requests.

    `pass_tokens` bounds a batch whose reply is one pass: it keeps no cache, and gains nothing from more than keeps the
    device busy, since a larger batch has more padding.
    """

    tokens: int
    pass_tokens: int
    requests: int
    handed_over: int

    @classmethod
    def of(cls, device: str) -> "Room":
        """Return where a device starts; a processor gains nothing from large batches."""
        if device == _CPU:
            return cls(tokens=8_192, pass_tokens=8_192, requests=16, handed_over=32)
        return cls(tokens=262_144, pass_tokens=65_536, requests=512, handed_over=1_024)

    def fit(self, free: int | None, of_a_token: int | None) -> None:
        """Take a model's cache into account, where both are known.

        Args:
            free: bytes of memory beside the model.
            of_a_token: bytes that the cache keeps for each token.
        """
        if free is not None and of_a_token:
            self.tokens = max(1, min(self.tokens, int(_SHARE * free) // of_a_token))

    def size(self, lengths: Sequence[int], asked: int | None, *, is_one_pass: bool = False) -> int:
        """Return how many of the next requests go together, at least one: no more batches than needed, of even sizes.

        Args:
            lengths: their tokens, the longest first: all in a batch are padded to its first.
            asked: the user's own number, which is not exceeded; the number of requests is then no other limit.
            is_one_pass: whether the first pass is the whole reply.
        """
        tokens = min(self.tokens, self.pass_tokens) if is_one_pass else self.tokens
        most = self.requests if asked is None else asked

        def largest(place: int) -> int:
            return max(1, min(most, tokens // max(lengths[place], 1)))

        n_batches = place = 0
        while place < len(lengths):
            n_batches, place = n_batches + 1, place + largest(place)
        return min(largest(0), -(-len(lengths) // n_batches))

    def halve(self, size: int, length: int) -> int:
        """Learn that so many requests of such a length were too much; returns how many are tried next."""
        self.tokens = max(size * length // 2, 1)
        self.requests = min(self.requests, max(size // 2, 1))
        return max(size // 2, 1)


def ran_out_of_memory(torch: Any, error: BaseException) -> bool:
    """Whether an error says that memory is too small, of whichever device."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return "out of memory" in str(error) or "can't allocate memory" in str(error)


def unused_memory(torch: Any) -> int | None:
    """Return the bytes that are unused on the accelerator; None where that is not known."""
    return int(torch.cuda.mem_get_info()[0]) if torch.cuda.is_available() else None


def free_memory(torch: Any) -> None:
    """Give back what a pass that failed has left."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
