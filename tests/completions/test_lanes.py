"""What a lane does where a model in this process refuses, and with requests that fail."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from autoeval.completions.budget import Budget
from autoeval.completions.cache import Cache
from autoeval.completions.lane import Lane, LocalLane
from autoeval.completions.ledger import Job, Ledger, Progress, Stop, StopReason
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
