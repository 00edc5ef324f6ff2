"""A lane's desk: which requests are free, which others ask, and which are known."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from autoeval.completions.budget import Budget
from autoeval.completions.cache import Cache
from autoeval.completions.desk import Desk
from autoeval.completions.ledger import Job, Ledger, Progress, Stop, StopReason
from autoeval.completions.storage.claims import Taken
from autoeval.types import Endpoint, Request
from tests.completions.virtual_time import run


@dataclass
class Shared:
    """A cache of many runs, where some replies are there and others ask some of the questions."""

    known: set[int] = field(default_factory=set)
    others: set[int] = field(default_factory=set)
    asked: list[list[int]] = field(default_factory=list)

    async def take(self, keys: Sequence[bytes]) -> Taken:
        self.asked.append([key[0] for key in keys])
        free = frozenset(key for key in keys if key[0] not in self.known | self.others)
        return Taken(frozenset(key for key in keys if key[0] in self.known), free)


def test_a_lane_takes_what_is_free_looks_again_at_what_others_ask_and_leaves_what_is_known() -> None:
    shared, faults = Shared(known={1}, others={2}), list[object]()

    async def work(ledger: Ledger) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, fault: faults.append(fault))
        ledger.keeper = shared  # type: ignore[assignment]
        desk = Desk(ledger)
        for number in range(6):
            assert ledger.open(bytes([number]))
            desk.put(Job(bytes([number]), Request(Endpoint("openai"), "m")))
        first, *rest = await desk.get_many(4)
        assert (first.key[0], [job.key[0] for job in rest]) == (0, [3])
        assert (shared.asked, ledger.progress.cached) == ([[0, 1, 2, 3]], 1)
        assert [job.key[0] for job in await desk.get_many(4)] == [4, 5]
        waiting = asyncio.create_task(desk.get(4))
        await asyncio.sleep(5)
        assert {*map(tuple, shared.asked[2:])} == {(2,)}
        assert 5 / 0.4 - 1 <= len(shared.asked[2:]) <= 5 / 0.2
        shared.others.clear()
        assert (await waiting).key[0] == 2
        n_asked = len(shared.asked)
        desk.put_aside(first, 100)
        desk.put_aside(rest[0], 1)
        desk.hurry()
        assert {job.key[0] for job in await desk.get_many(9)} == {0, 3}, "ours already"
        ledger.halt(Stop(StopReason.BUDGET, "no money"))
        desk.put(Job(bytes([7]), Request(Endpoint("openai"), "m")))
        assert (await desk.get(1)).key[0] == 7, "to be handed back"
        assert len(shared.asked) == n_asked
        drained = asyncio.create_task(desk.drained())
        for left in range(6):
            await asyncio.sleep(50)
            assert not drained.done(), f"{left} of six have left"
            desk.done()
        await drained

    with Cache(None) as cache:
        run(work(Ledger(cache, Budget(None, lambda _: None), Progress())))
    assert faults == []
