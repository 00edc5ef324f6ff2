"""Event loops whose clocks jump, so that half a minute passes in no time and no machine is too slow.

One jumps to the next thing that is due; the other where a server says that it will not answer any more.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


class _InstantSelector(selectors.DefaultSelector):
    """Advances the clock by as long as it was to wait."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "everybody waits for something that nobody will do"
        self.now += timeout
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop on which seconds cost nothing."""

    def __init__(self) -> None:
        self._virtual = _InstantSelector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(coroutine)


class _ForwardLoop(asyncio.SelectorEventLoop):
    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead

    def forward(self, seconds: float) -> None:
        self.ahead += seconds


@dataclass
class Forward:
    """A client's loop that `jump` sets an hour ahead, from any thread: what lasts a minute ends then, never sooner."""

    seconds: float = 3600.0
    _loop: _ForwardLoop | None = None

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end, as `asyncio.run` does."""
        with asyncio.Runner(loop_factory=self._new_loop) as runner:
            return runner.run(coroutine)

    def jump(self) -> None:
        """Set the clock ahead."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._loop.forward, self.seconds)

    def _new_loop(self) -> _ForwardLoop:
        self._loop = _ForwardLoop()
        return self._loop
