"""What a lane does where a model in this process refuses, and when a failed request is asked again."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from autoeval.completions.budget import Budget
from autoeval.completions.cache import Cache
from autoeval.completions.lane import Lane, LocalLane
from autoeval.completions.ledger import Job, Ledger, Progress, StopReason
from autoeval.completions.providers import Reply
from autoeval.completions.retries import Retries
from autoeval.completions.scheduler import Permits
from autoeval.types import Completion, Endpoint, Failure, FailureKind, Message, Request


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
