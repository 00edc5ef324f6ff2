"""Asking in rounds, where judges are told to finish: what is asked then depends on the replies of the round before."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Protocol

from autoeval.annotators.finishing import follow_ups
from autoeval.annotators.plan import Plan
from autoeval.annotators.readings import why_unread
from autoeval.completions.ask import AskReport, Replay, added
from autoeval.completions.cache import Cache
from autoeval.completions.ledger import StopReason
from autoeval.completions.replies import Replies
from autoeval.completions.trial import WhyUnread
from autoeval.types import Request


class AskOnce(Protocol):
    """Asks everything that the cache does not have a reply to; see `completions.ask.ask`."""

    def __call__(
        self, wanted: Replay, earlier: Sequence[AskReport], total: int, why: WhyUnread | None
    ) -> AskReport:
        """Ask what is `wanted` after what was asked `earlier`, which has spent part of the budget."""


def ask_until_finished(
    plans: Sequence[Plan],
    requests: Replay,
    cache: Cache,
    total: int,
    is_ours: Callable[[bytes], bool],
    once: AskOnce,
    replies_count: bool,
) -> AskReport:
    """Ask the questions of plans of one annotator, and tell judges that have not come to a verdict to finish.

    Where none of the first replies holds a verdict, a few judges are told to finish before any more is spent.

    Args:
        plans: what is asked.
        requests: the questions.
        cache: gets the replies.
        total: how many verdicts are expected.
        is_ours: whether the key of a question is this run's, which may be one of several shards.
        once: asks.
        replies_count: whether replies that were there already may be followed by what their judge is told, as they are
            not asked anew.
    """
    judges = plans[0].annotator.judges
    why = why_unread(judges)
    reports = [once(requests, (), total, why)]
    times = max((judge.follow_up.times for judge in judges if judge.follow_up), default=0)
    if not times:
        return reports[0]

    def told(number: int) -> Replay:
        return Replay(lambda: _told(plans, cache, number, is_ours))

    if _is_unreadable(reports[0]) and replies_count and (n_told := _count(told(1))):
        reports.append(once(told(1), reports, n_told, why))
        if reports[-1].stop:
            return added(reports)
        # What the first round has planned is planned again, its replies among what is cached.
        reports[0] = replace(reports[0], n_requests=0, n_cached=-reports[0].n_asked, stop=None)
        reports[1] = replace(reports[1], n_requests=0, n_cached=-reports[1].n_asked)
        reports.append(once(requests, reports, total, None))
    for number in range(1, times + 1):
        if reports[-1].stop or not (n_told := _count(told(number))):
            break
        reports.append(once(told(number), reports, n_told, None))
    return added(reports)


def all_requests(plan: Plan, cache: Replies) -> Iterator[Request]:
    """Walk through all that a plan asks, and what judges are told after replies that the cache has."""
    yield from plan.requests()
    times = max((judge.follow_up.times for judge in plan.annotator.judges if judge.follow_up), default=0)
    for number in range(1, times + 1):
        yield from _told([plan], cache, number, lambda _: True)


def _told(
    plans: Iterable[Plan], cache: Replies, number: int, is_ours: Callable[[bytes], bool]
) -> Iterator[Request]:
    every = chain.from_iterable(follow_ups(plan, cache, number) for plan in plans)
    return (request for key, request in every if is_ours(key))


def _is_unreadable(report: AskReport) -> bool:
    return report.stop is not None and report.stop.reason is StopReason.UNREADABLE


def _count(requests: Iterable[Request]) -> int:
    return sum(1 for _ in requests)
