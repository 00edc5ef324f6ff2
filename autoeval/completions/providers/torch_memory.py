"""How much goes into one batch of a model in this process: a budget of tokens, halved when memory runs out."""

import gc
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autoeval.errors import UsageError

_CPU = "cpu"


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
    """What one forward pass may hold: so many tokens, padding and replies included, and so many requests."""

    tokens: int
    requests: int
    handed_over: int

    @classmethod
    def of(cls, device: str) -> "Room":
        """Return where a device starts; a processor gains nothing from large batches."""
        return cls(8_192, 16, 32) if device == _CPU else cls(262_144, 512, 512)

    def size(self, lengths: Sequence[int], asked: int | None) -> int:
        """Return how many of the next requests go together, at least one.

        Args:
            lengths: their tokens, the longest first: all are padded to that.
            asked: the user's own number, which is not exceeded; the number of requests is then no other limit.
        """
        most = min(len(lengths), self.requests if asked is None else asked)
        return max(1, min(most, self.tokens // max(lengths[0], 1)))

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


def free_memory(torch: Any) -> None:
    """Give back what a pass that failed has left."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
