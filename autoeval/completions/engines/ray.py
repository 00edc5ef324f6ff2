"""Asking on a Ray cluster: parts of the requests are its tasks, and their replies come back into this run's cache.

A worker that dies loses its part, which Ray gives to another one.
"""

import os
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import islice
from types import ModuleType
from typing import TYPE_CHECKING, Any

from autoeval.completions.keys import request_key
from autoeval.completions.ledger import Ledger, Stop, StopReason
from autoeval.completions.providers import LOCAL
from autoeval.errors import MissingExtraError, UsageError
from autoeval.types import Completion, Failure, FailureKind, Request

if TYPE_CHECKING:
    from autoeval.completions.ask import AskOptions

_LOOKED_UP_AT_ONCE = 200
_PART = 256
"""How many requests a task has: as many may be asked again where its worker dies."""
_PART_OF_A_LOCAL_MODEL = 4_096
"""A model that runs in the worker is loaded by each task."""
_MOST_DEATHS = 3

Asked = tuple[bytes, Request]


@dataclass(frozen=True)
class Answered:
    """What came of a part."""

    completions: dict[bytes, Completion]
    failures: dict[bytes, Failure]
    stop: Stop | None
    adapted: frozenset[str]


@dataclass
class RayRun:
    """One run that asks on a cluster; `address` is Ray's, None for a cluster of this machine alone."""

    ledger: Ledger
    options: "AskOptions"
    address: str | None
    _waiting: dict[Any, Sequence[Asked]] = field(default_factory=dict)

    def ask(self, requests: Iterable[Request], again: Set[bytes]) -> None:
        """Ask every request that the cache does not have a reply to.

        Raises:
            MissingExtraError: Ray is not installed.
            UsageError: no cluster answers at the address, or its workers cannot run this.
            CacheError: a reply could not be stored.
        """
        ray = _ray()
        is_ours = not ray.is_initialized()
        try:
            if is_ours:
                _connect(ray, self.address)
            self._ask(ray, requests, again)
        except ray.exceptions.RayError as error:
            said = str(error).strip().splitlines() or [type(error).__name__]
            raise UsageError(f"--engine ray: {said[-1][:400]}") from None
        finally:
            if is_ours:
                ray.shutdown()

    def _ask(self, ray: ModuleType, requests: Iterable[Request], again: Set[bytes]) -> None:
        resources = ray.cluster_resources()
        n_workers = max(1, int(resources.get("CPU", 1)))
        options = replace(self.options, max_cost=None, engine=None, goes_on=True)
        for part in self._parts(requests, again):
            is_local = part[0][1].endpoint.provider in LOCAL
            needs = {"num_gpus": 1} if is_local and resources.get("GPU") else {"num_cpus": 1}
            task = ray.remote(max_retries=_MOST_DEATHS, **needs)(ask_part)
            while len(self._waiting) >= n_workers:
                self._collect(ray)
            if not self._affords(ray, part):
                break
            self._waiting[task.remote(part, options)] = part
        while self._waiting:
            self._collect(ray)

    def _parts(self, requests: Iterable[Request], again: Set[bytes]) -> Iterator[list[Asked]]:
        """Cut what is missing into parts, each of one model at one endpoint."""
        ledger, source = self.ledger, iter(requests)
        gathered: dict[Any, list[Asked]] = {}
        while not ledger.stop and (chunk := list(islice(source, _LOOKED_UP_AT_ONCE))):
            by_key = {request_key(request): request for request in chunk}
            waiting = ledger.cache.in_batches(list(by_key))
            known = ledger.cache.known(list(by_key)) - again
            ledger.progress.planned += len(by_key)
            ledger.progress.cached += len(known)
            ledger.wait_for_batches(waiting - known)
            for key, request in by_key.items():
                if key in known or not ledger.open(key):
                    continue
                part = gathered.setdefault((request.endpoint, request.model), [])
                part.append((key, request))
                if len(part) >= _size(request):
                    yield gathered.pop((request.endpoint, request.model))
        yield from gathered.values()

    def _affords(self, ray: ModuleType, part: Sequence[Asked]) -> bool:
        """Set aside what a part can cost at most, waiting while others may turn out cheaper; False: no money."""
        ledger = self.ledger
        for key, request in part:
            while not ledger.stop and not ledger.budget.reserve(key, request):
                if not self._waiting:
                    ledger.halt(Stop(StopReason.BUDGET, ledger.budget.message(request)))
                    break
                self._collect(ray)
            if ledger.stop:
                self._give_up(part)
                return False
        return True

    def _give_up(self, part: Sequence[Asked]) -> None:
        reason = self.ledger.stop.reason if self.ledger.stop else "stopped"
        for key, _ in part:
            self.ledger.budget.release(key)
            self.ledger.failed(key, Failure(FailureKind.NOT_ASKED, f"not asked: {reason}"))

    def _collect(self, ray: ModuleType) -> None:
        """Wait for a part and store its replies."""
        (ready, *_), _ = ray.wait(list(self._waiting), num_returns=1)
        part = self._waiting.pop(ready)
        answered: Answered = ray.get(ready)
        ledger = self.ledger
        ledger.cache.put_many(answered.completions.items())
        for key, request in part:
            outcome = answered.completions.get(key) or answered.failures.get(
                key, Failure(FailureKind.NOT_ASKED, "its worker said nothing of it")
            )
            ledger.pay(key, request, outcome)
            if isinstance(outcome, Completion):
                ledger.count(key, outcome)
            else:
                ledger.failed(key, outcome)
        if answered.stop is not None:
            ledger.halt(answered.stop)


def ask_part(part: Sequence[Asked], options: "AskOptions") -> Answered:
    """Ask a part on a worker, whose environment holds the key."""
    from autoeval.completions.ask import Silent, ask
    from autoeval.completions.cache import Cache

    with Cache(None) as cache:
        report = ask([request for _, request in part], cache, options, lambda _: None, Silent())
        found = cache.get_many([key for key, _ in part])
    completions = {key: entry for key, entry in found.items() if isinstance(entry, Completion)}
    return Answered(completions, dict(report.failures), report.stop, report.adapted)


def _size(request: Request) -> int:
    return _PART_OF_A_LOCAL_MODEL if request.endpoint.provider in LOCAL else _PART


def _ray() -> ModuleType:
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # what it will do by default before long
    try:
        import ray
    except ModuleNotFoundError:
        raise MissingExtraError("--engine ray", "ray") from None
    module: ModuleType = ray
    return module


def _connect(ray: ModuleType, address: str | None) -> None:
    try:
        ray.init(
            address=address or "local",
            include_dashboard=False if address is None else None,
            log_to_driver=False,
            logging_level="ERROR",
        )
    except (ConnectionError, OSError, ValueError, RuntimeError) as error:
        raise UsageError(f"--ray_address: no cluster answers at {address!r}: {error}.") from None
