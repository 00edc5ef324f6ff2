"""What a lane does where a model in this process refuses, and when a failed request is asked again."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from autoeval.completions.budget import Budget
from autoeval.completions.cache import Cache
from autoeval.completions.desk import Desk
from autoeval.completions.lane import Lane, LocalLane
from autoeval.completions.ledger import Job, Ledger, Progress, Stop, StopReason
from autoeval.completions.providers import Reply
from autoeval.completions.retries import Retries
from autoeval.completions.scheduler import Permits
from autoeval.completions.storage.claims import Taken
from autoeval.completions.waits import Waits
from autoeval.types import Completion, Endpoint, Failure, FailureKind, Message, Request
from tests.completions.virtual_time import run


@dataclass
class Refusing:
    """A model in this process that cannot be loaded, or that cannot take one prompt."""

    kind: FailureKind
    batch_size: int = 2
    asked: list[Request] = field(default_factory=list)

    def complete_many(self, requests: Sequence[Request]) -> list[Completion | Failure]:
        self.asked += requests
        return [Failure(self.kind, "it does not fit into memory") for _ in requests]

    def close(self) -> None:
        pass


def _ask_locally(model: Refusing, folder: Path, n: int) -> Ledger:
    async def ask(ledger: Ledger) -> None:
        lane = LocalLane(model, ledger)
        for number in range(n):
            key = bytes([number])
            assert ledger.open(key)
            lane.put(Job(key, Request(Endpoint("transformers"), "m", (Message("user", str(number)),))))
        work = asyncio.create_task(lane.work())
        await lane.drained()
        work.cancel()
        await lane.close()

    with Cache(folder / "c.sqlite") as cache:
        ledger = Ledger(cache, Budget(None, lambda _: None), Progress())
        asyncio.run(ask(ledger))
        return ledger


def test_a_local_model_that_refuses_ends_the_run_and_the_rest_is_not_asked(tmp_path: Path) -> None:
    model = Refusing(FailureKind.REFUSED)
    ledger = _ask_locally(model, tmp_path, 7)
    assert ledger.stop is not None
    assert (ledger.stop.reason, ledger.stop.message) == (StopReason.REFUSED, "it does not fit into memory")
    assert len(model.asked) == model.batch_size
    kinds = [failure.kind for failure in ledger.failures.values()]
    assert kinds.count(FailureKind.REFUSED) == model.batch_size
    assert kinds.count(FailureKind.NOT_ASKED) == 5
    assert ledger.n_open == 0


def test_a_prompt_that_a_local_model_cannot_take_costs_that_prompt_alone(tmp_path: Path) -> None:
    model = Refusing(FailureKind.INVALID_REQUEST)
    ledger = _ask_locally(model, tmp_path, 7)
    assert (ledger.stop, len(model.asked), len(ledger.failures), ledger.progress.failed) == (None, 7, 7, 7)


@dataclass
class Faltering:
    """A server that answers once, is overloaded for eight minutes, and then takes the key no more."""

    ledger: Ledger
    asked: list[Request] = field(default_factory=list)

    async def complete(self, request: Request) -> Reply:
        self.asked.append(request)
        if len(self.asked) == 1:
            return Reply(Completion("a", model="m-2", input_tokens=30, output_tokens=4, reasoning_tokens=3))
        if len(self.asked) == 2:
            return Reply(Failure(FailureKind.SERVER_ERROR, "overloaded", retry_after=480.0))
        while not self.ledger.progress.retried:
            await asyncio.sleep(0)
        return Reply(Failure(FailureKind.REFUSED, "wrong key"))

    async def close(self) -> None:
        pass


def test_what_waits_to_be_asked_again_is_given_up_at_once_when_the_run_stops(tmp_path: Path) -> None:
    async def ask(ledger: Ledger) -> None:
        async with asyncio.timeout(400), asyncio.TaskGroup() as tasks:
            lane = Lane(Faltering(ledger), Permits(8), ledger, Retries(), 60.0, tasks)
            for number in range(3):
                key = bytes([number])
                assert ledger.open(key)
                lane.put(Job(key, Request(Endpoint("openai"), "m", (Message("user", str(number)),))))
            work = [tasks.create_task(lane.work()), tasks.create_task(lane.hurry_when_stopped())]
            await lane.drained()
            for task in work:
                task.cancel()

    with Cache(tmp_path / "c.sqlite") as cache:
        ledger = Ledger(cache, Budget(None, lambda _: None), Progress())
        asyncio.run(ask(ledger))
    assert ledger.stop is not None
    assert (ledger.stop.reason, ledger.stop.message) == (StopReason.REFUSED, "wrong key")
    kinds = {failure.kind for failure in ledger.failures.values()}
    assert kinds == {FailureKind.REFUSED, FailureKind.NOT_ASKED}
    told = ledger.progress
    assert (told.done, told.failed, told.retried, ledger.n_open) == (1, 1, 1, 0)
    assert (told.input_tokens, told.output_tokens, told.reasoning_tokens) == (30, 4, 3)
    assert ledger.models == {"m-2"}


@dataclass
class Scripted:
    """A server whose n-th answer is the n-th of what is given, and the last of it from then on; `None` never comes.

    The run of a `ledger` is stopped while the first failure is on its way.
    """

    outcomes: Sequence[Completion | Failure | None]
    ledger: Ledger | None = None
    asked: list[Request] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    async def complete(self, request: Request) -> Reply:
        self.asked.append(request)
        outcome = self.outcomes[min(len(self.asked), len(self.outcomes)) - 1]
        if self.ledger is not None and not isinstance(outcome, Completion):
            self.ledger.halt(Stop(StopReason.BUDGET, "meanwhile, the money went elsewhere"))
            await asyncio.sleep(0)
        if outcome is None:
            await asyncio.Event().wait()
        assert outcome is not None
        return Reply(outcome)

    async def close(self) -> None:
        pass


def _ask_scripted(
    folder: Path,
    outcomes: Sequence[Completion | Failure | None],
    n: int,
    is_stopped: bool = False,
    **retries: float,
) -> tuple[Ledger, Scripted]:
    async def ask(ledger: Ledger) -> None:
        server.ledger = ledger if is_stopped else None
        async with asyncio.timeout(400), asyncio.TaskGroup() as tasks:
            rules = {"most_attempts": 1, "before_first_success": 1, "base_delay": 0.0, **retries}
            lane = Lane(server, Permits(1), ledger, Retries(**rules), 0.01, tasks)  # type: ignore[arg-type]
            for number in range(n):
                key = bytes([number])
                assert ledger.open(key)
                lane.put(Job(key, Request(Endpoint("openai"), "m", (Message("user", str(number)),))))
            work = [tasks.create_task(lane.work()), tasks.create_task(lane.hurry_when_stopped())]
            await lane.drained()
            for task in work:
                task.cancel()

    server = Scripted(outcomes)
    with Cache(folder / "c.sqlite") as cache:
        ledger = Ledger(cache, Budget(None, lambda _: None), Progress(), announce=server.said.append)
        asyncio.run(ask(ledger))
    assert ledger.n_open == 0
    return ledger, server


GOOD = Completion("a")
FAILED, INVALID, FILTERED, MALFORMED, LOST = (
    Failure(kind, "so it is")
    for kind in (
        FailureKind.SERVER_ERROR,
        FailureKind.INVALID_REQUEST,
        FailureKind.FILTERED,
        FailureKind.MALFORMED,
        FailureKind.CONNECTION,
    )
)


@pytest.mark.parametrize(
    ("outcomes", "n_asked", "reason", "told"),
    [
        ([FAILED], 4, StopReason.UNREACHABLE, "the endpoint does not answer (server error: so it is)"),
        ([FAILED, LOST, FAILED, LOST], 4, StopReason.UNREACHABLE, "does not answer (connection"),
        ([MALFORMED], 4, StopReason.UNREACHABLE, "gives no reply that can be used"),
        ([None], 4, StopReason.UNREACHABLE, "no complete reply within 0.01 s"),
        ([GOOD, FAILED], 11, StopReason.UNREACHABLE, "does not answer"),
        ([GOOD, *9 * [FAILED], GOOD, *9 * [LOST], GOOD], 25, None, ""),
        ([INVALID], 10, StopReason.REFUSED, "every request was refused as invalid: so it is"),
        ([GOOD, INVALID], 25, None, ""),
        ([FILTERED], 20, StopReason.UNREACHABLE, "every request is filtered"),
        ([GOOD, FILTERED], 21, StopReason.UNREACHABLE, "every request is filtered"),
        (10 * [INVALID, FILTERED], 19, StopReason.REFUSED, "refused as invalid"),
        ([Failure(FailureKind.REFUSED, "no money left")], 1, StopReason.REFUSED, "no money left"),
    ],
)
def test_after_how_many_failures_in_a_row_an_endpoint_is_given_up(
    outcomes: list[Completion | Failure | None],
    n_asked: int,
    reason: StopReason | None,
    told: str,
    tmp_path: Path,
) -> None:
    ledger, server = _ask_scripted(tmp_path, outcomes, 25)
    assert len(server.asked) == n_asked
    assert (ledger.stop and ledger.stop.reason) == reason
    assert told in (ledger.stop.message if ledger.stop else "")
    not_asked = [one for one in ledger.failures.values() if one.kind is FailureKind.NOT_ASKED]
    assert len(not_asked) == 25 - n_asked
    assert {one.message for one in not_asked} <= {f"not asked: {reason}"}


def test_a_failed_request_is_asked_again_and_where_none_has_succeeded_the_next_ones_only_once(
    tmp_path: Path,
) -> None:
    ledger, server = _ask_scripted(tmp_path / "1", [FAILED], 25, before_first_success=3)
    assert [len(server.asked), ledger.progress.failed] == [3 + 1 + 1 + 1, 4]
    ledger, server = _ask_scripted(tmp_path / "2", [FAILED, GOOD], 3, before_first_success=2)
    assert (len(server.asked), ledger.progress.done, ledger.failures) == (4, 3, {})
    ledger, server = _ask_scripted(tmp_path / "3", [GOOD, FAILED, LOST, GOOD], 3, most_attempts=3)
    told = ledger.progress
    assert (len(server.asked), told.done, told.retried, ledger.failures) == (5, 3, 2, {})
    assert told.note in ("server error: so it is", "connection: so it is")
    ledger, server = _ask_scripted(tmp_path / "4", [FAILED, GOOD, FAILED, GOOD], 3, most_attempts=3)
    told = ledger.progress
    assert (len(server.asked), told.done, told.retried, told.failed) == (4, 2, 1, 1)


@pytest.mark.parametrize("before", [[], [GOOD]])
def test_a_request_that_fails_as_the_run_stops_does_not_wait_to_be_asked_again(
    before: list[Completion], tmp_path: Path
) -> None:
    outcomes: list[Completion | Failure] = [*before, Failure(FailureKind.SERVER_ERROR, "busy", 480.0)]
    ledger, server = _ask_scripted(tmp_path, outcomes, 5, is_stopped=True, most_attempts=9)
    assert len(server.asked) == len(outcomes)
    assert (ledger.progress.done, ledger.progress.failed) == (len(before), 1)
    assert {failure.kind for failure in ledger.failures.values()} == {
        FailureKind.SERVER_ERROR,
        FailureKind.NOT_ASKED,
    }


@pytest.mark.parametrize("before", [[], [GOOD]])
def test_a_server_that_asks_for_more_patience_than_there_is_ends_the_run(
    before: list[Completion], tmp_path: Path
) -> None:
    for kind, reason in (
        (FailureKind.RATE_LIMITED, StopReason.REFUSED),
        (FailureKind.SERVER_ERROR, StopReason.UNREACHABLE),
    ):
        outcomes: list[Completion | Failure] = [*before, Failure(kind, "later", retry_after=61.0)]
        ledger, server = _ask_scripted(tmp_path / kind, outcomes, 5, max_wait=60.0, most_attempts=3)
        assert len(server.asked) == len(outcomes)
        assert ledger.stop is not None
        assert ledger.stop.reason is reason
        assert "the server asks to wait 61 s" in ledger.stop.message
        assert "--max_wait allows 60 s" in ledger.stop.message
        assert [line.partition(", until")[0] for line in server.said] == ["the server asks to wait 61 s"]
        busy = Failure(kind, "later", retry_after=0.01)
        ledger, _ = _ask_scripted(
            tmp_path / f"{kind} 2",
            [*before, busy, GOOD],
            5,
            max_wait=0.01,
            most_attempts=3,
            before_first_success=3,
        )
        assert (ledger.progress.done, ledger.stop) == (5, None), "what is allowed is waited for"


def test_a_long_wait_is_told_once_and_again_where_it_grows() -> None:
    waits = Waits()

    def told(seconds: float | None, now: float = 1e9, waits: Waits = waits) -> str | None:
        return waits.told(Failure(FailureKind.RATE_LIMITED, "busy", retry_after=seconds), now)

    assert (told(None), told(29.9)) == (None, None)
    assert str(told(30)).startswith("the server asks to wait 30 s, until ")
    assert str(told(30, 1e9 + 60)).endswith(": busy")
    assert told(119, 1e9) is None, "half a minute later than what was said, and no sooner, it is said again"
    until = time.strftime("%Y-%m-%d %H:%M", time.localtime(1e9 + 90_000))
    assert f"25.0 h, until {until}" in str(told(90_000, waits=Waits()))
    for seconds, span in ((120, "2 min"), (7199, "120 min"), (7200, "2.0 h"), (1e300, "h, until")):
        assert span in str(told(seconds, waits=Waits()))


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


ERROR = Failure(FailureKind.SERVER_ERROR, "overloaded")
LIMIT = Failure(FailureKind.RATE_LIMITED, "slow down")


@pytest.mark.parametrize("attempts", range(1, 8))
def test_each_retry_waits_up_to_twice_as_long_as_the_one_before(attempts: int) -> None:
    longest = min(0.5 * 2 ** (attempts - 1), 20.0)
    waits = [Retries(longest_delay=20.0).delay(ERROR, attempts, True) for _ in range(300)]
    assert all(wait is not None and longest / 2 <= wait <= longest for wait in waits)
    spread = max(wait or 0 for wait in waits) - min(wait or 0 for wait in waits)
    assert spread > longest / 4, "they would all come back at once"


@pytest.mark.parametrize(
    ("failure", "works", "most"), [(ERROR, True, 8), (ERROR, False, 4), (LIMIT, True, 8), (LIMIT, False, 8)]
)
def test_so_many_attempts_are_made_and_no_more(failure: Failure, works: bool, most: int) -> None:
    """Fewer at an address that has never answered; a server that says `slow down` has."""
    assert Retries().delay(failure, most - 1, works) is not None
    assert Retries().delay(failure, most, works) is None


def test_who_is_patient_waits_for_its_turn_and_for_nothing_else() -> None:
    patient = Retries(is_patient=True)
    assert patient.delay(LIMIT, 50, False) is not None
    assert patient.delay(ERROR, 50, True) is None


@pytest.mark.parametrize("kind", FailureKind)
def test_only_what_asking_again_can_help_is_asked_again(kind: FailureKind) -> None:
    helps = kind not in (
        FailureKind.INVALID_REQUEST,
        FailureKind.FILTERED,
        FailureKind.REFUSED,
        FailureKind.NOT_ASKED,
    )
    assert (Retries().delay(Failure(kind, "x"), 1, True) is not None) == helps


def test_a_servers_own_wait_counts_where_it_is_longer() -> None:
    asks_for = [Failure(FailureKind.SERVER_ERROR, "x", retry_after=wait) for wait in (0.0, 90.0)]
    short, long = (Retries().delay(failure, 3, True) for failure in asks_for)
    assert long == 90.0
    assert short is not None
    assert 1.0 <= short <= 2.0
