"""Ask: do whatever is needed so that the cache holds a reply to each planned request.

Nothing is returned but a report; whoever wants the replies reads them from the cache. So a run that was
killed, repeated, or shared between processes is simply the same run.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from autoeval.completions.ask_report import AskReport, added
from autoeval.completions.budget import Budget, PriceOf
from autoeval.completions.cache import Cache
from autoeval.completions.key_set import KeySet
from autoeval.completions.lanes import Lanes
from autoeval.completions.ledger import Job, Ledger, Progress
from autoeval.completions.options import AskOptions
from autoeval.completions.replies import new_by_key
from autoeval.completions.trial import WhyUnread
from autoeval.completions.trials import Trials, first_to_try
from autoeval.errors import UsageError
from autoeval.types import Request

if TYPE_CHECKING:
    from autoeval.completions.batch.asking import BatchRun

__all__ = ["AskOptions", "AskReport", "Display", "Replay", "Silent", "added", "ask", "run_in_own_loop"]

T = TypeVar("T")


class Display(Protocol):
    """Where a run tells what it does."""

    def announce(self, line: str) -> None:
        """Say a line."""

    def watch(self, progress: Progress) -> AbstractContextManager[None]:
        """Show how asking goes for as long as the context is open."""


class Silent:
    """A display that shows nothing."""

    def announce(self, line: str) -> None:
        """Say nothing."""

    def watch(self, progress: Progress) -> AbstractContextManager[None]:  # noqa: ARG002
        """Show nothing."""
        return nullcontext()


@dataclass(frozen=True)
class Replay:
    """Requests that are planned anew each time they are iterated, since keeping them would take memory."""

    plan: Callable[[], Iterable[Request]]

    def __iter__(self) -> Iterator[Request]:
        return iter(self.plan())


def ask(
    requests: Iterable[Request],
    cache: Cache,
    options: AskOptions,
    price_of: PriceOf,
    display: Display,
    again: Set[bytes] = frozenset(),
    total: int = 0,
    doing: str = "judged",
    on_reply: Callable[[], None] | None = None,
    why_unread: WhyUnread | None = None,
    per_request: float = 1.0,
) -> AskReport:
    """Ask every request that the cache does not have a reply to.

    Args:
        requests: in any number and order, equal ones are asked and counted once; iterated lazily, with batch
            jobs also again.
        cache: where replies are looked up and stored, each as it comes.
        options: limits and retries.
        price_of: the price of a request's model, None where unknown.
        display: shows the progress.
        again: keys of requests to ask although the cache has a reply; a new one takes its place.
        total: how many requests are expected, for the display.
        doing: what a reply means to the user, for the display.
        on_reply: called after each reply is stored.
        why_unread: says of a reply why nothing can be read from it; None where every reply is as good as another.
        per_request: how much of the total a request brings.

    Returns:
        Counts, cost and failures.

    Raises:
        UsageError: a provider is unknown, not installed or has no key, or batch jobs would be lost.
        CacheError: a reply could not be stored; asking has stopped.
    """
    if options.is_batch and cache.is_temporary and not options.waits:
        raise UsageError(
            "--batch: --caching_path None would lose the jobs with the temporary cache. Name a file, or use --wait."
        )
    progress = Progress(total, doing, per_request)
    is_cheap = options.is_batch or (options.flex and options.waits)  # else the full price may have to be paid
    budget = Budget(options.max_cost, price_of, is_cheap)
    is_live = (
        not options.is_batch and options.batch_files is None
    )  # a job outlives its run, and what it was granted
    ledger = Ledger(cache, budget, progress, on_reply, display.announce, shares=is_live)
    trials = Trials(cache, why_unread, options.goes_on)
    with display.watch(progress):
        if options.is_batch and why_unread is not None and not options.goes_on:
            _try_live(requests, ledger, options, again, trials)
        if (options.is_batch or cache.has_batches) and not ledger.stop:
            with closing(_batches(ledger, options, display)) as batches:
                if options.is_batch:
                    batches.ask(requests, again, options.waits)
                else:
                    batches.collect_for_others()
        if options.batch_files is not None:
            _exchange_files(options.batch_files, requests, ledger, again, display)
        elif not options.is_batch:
            run_in_own_loop(_ask_all(requests, ledger, options, again, trials))
    return AskReport(
        n_requests=progress.planned,
        n_cached=progress.cached,
        n_asked=progress.done,
        failures=ledger.failures,
        stop=ledger.stop or ledger.pending_stop,
        input_tokens=progress.input_tokens,
        output_tokens=progress.output_tokens,
        reasoning_tokens=progress.reasoning_tokens,
        spent=progress.spent,
        is_price_known=progress.is_price_known,
        models=frozenset(ledger.models),
        seconds=progress.elapsed,
        adapted=ledger.adapted.said,
    )


def _try_live(
    requests: Iterable[Request], ledger: Ledger, options: AskOptions, again: Set[bytes], trials: Trials
) -> None:
    """Ask a few at once before many go into a job whose replies come too late to stop anything."""
    first = first_to_try(requests, ledger, again, trials)
    if not first:
        return
    live = Budget(options.max_cost, ledger.budget.price_of)
    if live.limit is not None and sum(live.most(request) for request in first) > live.limit:
        ledger.announce(
            f"--max_cost does not allow to ask {len(first)} at once first: whether the replies hold verdicts shows "
            "only when the batch job is done."
        )
        return
    ledger.budget.is_batch = False
    run_in_own_loop(_ask_all(first, ledger, options, again, trials))
    ledger.budget.is_batch = True
    if not ledger.stop:  # the batch counts everything anew, these replies among what is cached
        ledger.progress.planned, ledger.progress.cached = 0, -ledger.progress.done


def _exchange_files(
    folder: Path, requests: Iterable[Request], ledger: Ledger, again: Set[bytes], display: Display
) -> None:
    from autoeval.completions.batch.files import FileBatch

    FileBatch(ledger, folder, display.announce).ask(requests, again)


def _batches(ledger: Ledger, options: AskOptions, display: Display) -> "BatchRun":
    from autoeval.completions.batch.asking import BatchRun

    return BatchRun(ledger, options.timeout, display.announce)


def run_in_own_loop(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, also where an event loop already runs (a notebook): then on another thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    with ThreadPoolExecutor(1, "autoeval") as thread:
        return thread.submit(asyncio.run, coroutine).result()


async def _ask_all(
    requests: Iterable[Request], ledger: Ledger, options: AskOptions, again: Set[bytes], trials: Trials
) -> None:
    lanes = Lanes(ledger, options, trials)
    try:
        async with asyncio.TaskGroup() as tasks:
            lanes.tasks = tasks
            renewing = tasks.create_task(ledger.keeper.renew())
            await _hand_out(requests, ledger, lanes, again)
            for lane in lanes.opened.values():
                await lane.drained()
            lanes.dismiss_workers()
            renewing.cancel()
    except BaseExceptionGroup as group:
        raise _first_cause(group) from None
    finally:
        for lane in lanes.opened.values():
            await lane.close()
        await ledger.keeper.close(ledger.budget.committed)


async def _hand_out(requests: Iterable[Request], ledger: Ledger, lanes: "Lanes", again: Set[bytes]) -> None:
    """Put every request that neither the cache nor this run has into its lane, no faster than lanes work."""
    for stretch in new_by_key(requests, KeySet()):  # or two that are equal would count twice
        if ledger.stop:
            break
        keys = list(stretch)
        waiting = await ledger.keeper.run(partial(ledger.cache.in_batches, keys))
        known = (
            await ledger.keeper.run(partial(ledger.cache.known, keys)) - again
        )  # after the batches: see there
        waiting -= known
        ledger.progress.planned += len(keys)
        ledger.progress.cached += len(known)
        ledger.wait_for_batches(waiting)
        lanes.trials.look_at({key: request for key, request in stretch.items() if key in known}, ledger)
        for key, request in stretch.items():
            if key not in known and ledger.open(key):
                await lanes.room()
                lanes.of(request).put(Job(key, request, is_claimed=key in again))


def _first_cause(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first plain exception of a group: one message says more to a user than a tree of them."""
    first = group.exceptions[0]
    return _first_cause(first) if isinstance(first, BaseExceptionGroup) else first
