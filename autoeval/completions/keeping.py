"""Between the lanes of a run and its cache: claims before a request is sent, and replies kept in groups.

What comes at the same moment goes into one transaction, and a reply counts as answered when its group is safe. Where
the cache is on a server, that happens on a thread of its own, so that nobody else waits; while one group is on its
way, the next gathers.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from autoeval.completions.cache import Cache
from autoeval.completions.storage.claims import RENEWED_SECONDS, Claims, Taken
from autoeval.completions.storage.database import CacheError, ConnectionLostError
from autoeval.completions.storage.sharing import Sharing
from autoeval.types import Completion

_MOST_TOGETHER = 500
_MOST_TRIES = 20

T = TypeVar("T")


@dataclass
class Keeper:
    """Keeps the replies of one run, and claims its requests; to be used in one event loop."""

    cache: Cache
    sharing: Sharing | None = None
    _claims: Claims | None = None
    _gathered: list[tuple[bytes, Completion, asyncio.Future[None]]] = field(default_factory=list)
    _is_writing: bool = False
    _thread: ThreadPoolExecutor | None = None

    def __post_init__(self) -> None:
        """Let others see what is claimed, where there are others."""
        if not self.cache.is_temporary:
            self._claims = self.cache.claims()
        if self.cache.is_remote:
            self._thread = ThreadPoolExecutor(1, "cache")
            if self._claims is not None:
                self.sharing = Sharing(self.cache.database, self._claims.id)

    async def run(self, work: Callable[[], T]) -> T:
        """Do something with the cache, off the event loop where that takes a while."""
        if self._thread is None:
            return work()
        return await asyncio.get_running_loop().run_in_executor(self._thread, _patiently, work)

    async def take(self, keys: Sequence[bytes]) -> Taken:
        """Claim requests; see `Claims.take`."""
        claims = self._claims
        if claims is None:
            known = frozenset(self.cache.known(keys))
            return Taken(known, frozenset(keys) - known)
        return await self.run(lambda: claims.take(keys))

    async def release(self, key: bytes) -> None:
        """Let others ask what was given up here."""
        claims = self._claims
        if claims is not None:
            await self.run(lambda: claims.release([key]))

    async def keep(self, key: bytes, completion: Completion) -> None:
        """Store a reply; it is safe when this returns.

        Raises:
            CacheError: it could not be stored.
        """
        done = asyncio.get_running_loop().create_future()
        self._gathered.append((key, completion, done))
        self._write_soon()
        await done

    def _write_soon(self) -> None:
        if not self._is_writing and self._gathered:
            self._is_writing = True
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, self._write)  # what the next turn brings goes along

    def _write(self) -> None:
        group, self._gathered = self._gathered[:_MOST_TOGETHER], self._gathered[_MOST_TOGETHER:]
        if self._thread is None:
            try:
                self._put(group)
            except Exception as error:  # it ends those who wait for it
                self._written(group, error)
            else:
                self._written(group, None)
            return
        put = partial(_patiently, partial(self._put, group))
        writing = asyncio.get_running_loop().run_in_executor(self._thread, put)
        writing.add_done_callback(lambda written: self._written(group, written.exception()))

    def _put(self, group: Sequence[tuple[bytes, Completion, asyncio.Future[None]]]) -> None:
        self.cache.put_many((key, completion) for key, completion, _ in group)

    def _written(
        self,
        group: Sequence[tuple[bytes, Completion, asyncio.Future[None]]],
        error: BaseException | None,
    ) -> None:
        self._is_writing = False
        for _, _, done in group:
            if done.cancelled():  # the run is being ended, and the reply is kept all the same
                continue
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)
        self._write_soon()

    async def grant(self, dollars: float, limit: float) -> bool:
        """Take a part of the budget that all runs share; False where nothing is left, or none is shared."""
        sharing = self.sharing
        if sharing is None:
            return False
        return await self.run(lambda: sharing.grant(dollars, limit))

    async def taken_by_others(self) -> float:
        """Return how much of the budget other runs have spent, or taken to spend it."""
        return await self.run(self.sharing.taken_by_others) if self.sharing is not None else 0.0

    async def renew(self) -> None:
        """Say again and again that the run goes on, until cancelled."""
        while self._claims is not None:
            await asyncio.sleep(RENEWED_SECONDS)
            await self.run(self._claims.renew)

    async def close(self, spent: float = 0.0) -> None:
        """Keep what is still to be kept, and give every claim up, and every grant beyond what was spent."""
        while self._gathered or self._is_writing:
            await asyncio.sleep(0)
        with suppress(CacheError):  # the claims end with their lease as well
            if self.sharing is not None:
                await self.run(partial(self.sharing.settle, spent))
            if self._claims is not None:
                await self.run(self._claims.close)
        if self._thread is not None:
            self._thread.shutdown()


def _patiently(work: Callable[[], T]) -> T:
    """Do something that may be done twice, again where the server went away in its middle."""
    for _ in range(_MOST_TRIES - 1):
        try:
            return work()
        except ConnectionLostError:  # whoever connects next waits until it is back
            continue
    return work()
