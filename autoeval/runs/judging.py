"""Plan, ask, read: from pairs to counted annotations. Every journey that judges goes through here."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from autoeval.annotators.judges import Annotator
from autoeval.annotators.plan import Plan
from autoeval.annotators.read import read, unparsed_keys
from autoeval.completions.ask import AskOptions, AskReport, Display, Replay, ask
from autoeval.completions.ask_report import left
from autoeval.completions.cache import Cache, Entry
from autoeval.completions.key_set import KeySet
from autoeval.completions.keys import request_key
from autoeval.completions.replies import Replies, by_key
from autoeval.completions.storage.places import Shard
from autoeval.completions.trial import WhyUnread
from autoeval.data.annotation_rows import row_of, write_rows
from autoeval.data.replacing import result_file
from autoeval.leaderboards.aspects import Aspects
from autoeval.leaderboards.counts import Counts
from autoeval.leaderboards.grades import Grades
from autoeval.leaderboards.tally import Tally
from autoeval.prompting.config import Price
from autoeval.runs.annotation_table import PAID_NAME
from autoeval.runs.estimate import price_of, prices
from autoeval.runs.finishing import ask_until_finished
from autoeval.runs.refusals import refuse_unbatchable, refuse_unmet, refuse_without_flex
from autoeval.runs.retirement import explained, say_lifetimes, stop_of_gone
from autoeval.types import Annotation, FailureKind, Request

_ANSWERED = frozenset({"unparsed", FailureKind.FILTERED, FailureKind.INVALID_REQUEST, FailureKind.MALFORMED})
"""Why pairs are missing that somebody answered for: reasons that are worth a file even where they are all there is."""


@dataclass(frozen=True)
class Judged:
    """The annotations of a run: counted, and either in a file or as rows; in neither where nobody answered."""

    counts: Counts
    report: AskReport
    annotations_path: Path | None
    rows: tuple[dict[str, Any], ...] | None

    @property
    def tally(self) -> Tally:
        """The preferences, where pairs were judged."""
        assert isinstance(self.counts, Tally)
        return self.counts

    @property
    def grades(self) -> Grades:
        """The scores, where single outputs were judged."""
        assert isinstance(self.counts, Grades)
        return self.counts


def judge(
    plan: Plan, cache: Cache, options: AskOptions, display: Display, reask_unparsed: bool, folder: Path | None
) -> Judged:
    """Annotate every pair of one plan; see `judge_all`."""
    (judged,), _ = judge_all([plan], cache, options, display, reask_unparsed, [folder])
    return judged


def judge_all(
    plans: Sequence[Plan],
    cache: Cache,
    options: AskOptions,
    display: Display,
    reask_unparsed: bool,
    folders: Sequence[Path | None] | None = None,
    keeps_rows: bool = True,
) -> tuple[list[Judged], AskReport]:
    """Annotate every pair of several plans of one annotator, asked as one run.

    A plan whose replies are all in the cache is only read, and planned once.

    Args:
        plans: the pairs with their questions.
        cache: has the replies there are, and gets those there will be.
        options: how to ask.
        display: shows the progress.
        reask_unparsed: ask again what was answered without a verdict.
        folders: where each plan's annotations.json goes; None writes none, also for one of them. Nothing is
            written where not a single pair could be judged, so that an earlier result stays.
        keeps_rows: keep the rows in memory where they are not written.

    Returns:
        What each plan came to, and what asking came to.
    """
    folders = folders or [None] * len(plans)
    if cache.salvaged is not None:
        display.announce(f"the cache {cache.name} was cut short: {cache.salvaged}")
    judged: dict[int, Judged] = {}
    read_keys = KeySet()
    for number, (plan, folder) in enumerate(zip(plans, folders, strict=True)):
        with suppress(_ReplyMissing):
            if not reask_unparsed:
                judged[number] = _read_complete(plan, cache, folder, keeps_rows, read_keys)
    left = [plan for number, plan in enumerate(plans) if number not in judged]
    report = AskReport.all_cached(0)
    if left:
        report = ask_all(left, cache, options, display, reask_unparsed, beside=read_keys if judged else None)
    report = report.plus_cached(len(read_keys))
    for number, (plan, folder) in enumerate(zip(plans, folders, strict=True)):
        if number not in judged:
            judged[number] = read_one(plan, cache, report, folder, keeps_rows)
    return [judged[number] for number in range(len(plans))], report


def ask_all(
    plans: Sequence[Plan],
    cache: Cache,
    options: AskOptions,
    display: Display,
    reask_unparsed: bool,
    shard: Shard | None = None,
    beside: KeySet | None = None,
) -> AskReport:
    """Ask everything that several plans of one annotator need, or a part of it, as one run; see `judge_all`.

    `beside` holds what other plans of the run need; what these plans need too, and is counted here, is taken out.
    """
    judges = plans[0].annotator.judges
    for plan in plans:
        refuse_unmet(plan, cache)
    if (gone := stop_of_gone(plans, cache)) is not None:
        return gone
    say_lifetimes(judges, display)
    if options.is_batch:
        refuse_unbatchable(judges)
    if options.flex:
        refuse_without_flex(judges)
    again = frozenset(key for plan in plans if reask_unparsed for key in unparsed_keys(plan, cache))
    requests = Replay(lambda: _part(chain.from_iterable(plan.requests() for plan in plans), shard))
    n_pairs, n_requests = sum(len(plan.cases) for plan in plans), sum(plan.n_requests for plan in plans)
    if shard is not None:
        again = frozenset(filter(shard.has, again))
        n_pairs, n_requests = (n_pairs + 1) // shard.count, n_requests // shard.count

    def once(wanted: Replay, earlier: Sequence[AskReport], total: int, why: WhyUnread | None) -> AskReport:
        return ask(
            wanted if beside is None else Replay(lambda: _taken_from(beside, wanted)),
            cache,
            left(options, earlier),
            _price_of(plans[0].annotator),
            display,
            again,
            total,
            "pairs judged" if plans[0].annotator.kind.n_outputs == 2 else "outputs judged",
            why_unread=why,
            per_request=n_pairs / n_requests if n_requests and not earlier else 1.0,
        )

    is_ours = shard.has if shard is not None else lambda _: True
    report = ask_until_finished(plans, requests, cache, n_pairs, is_ours, once, replies_count=not again)
    return explained(report, judges)


def _part(requests: Iterable[Request], shard: Shard | None) -> Iterable[Request]:
    return requests if shard is None else (one for one in requests if shard.has(request_key(one)))


def _taken_from(keys: KeySet, requests: Iterable[Request]) -> Iterator[Request]:
    for stretch in by_key(requests):
        keys.remove(stretch)
        yield from stretch.values()


def _read_complete(
    plan: Plan, cache: Cache, folder: Path | None, keeps_rows: bool, read_keys: KeySet
) -> Judged:
    """Read a plan as if nothing had to be asked; _ReplyMissing where something has. `read_keys` gets what it needs."""
    complete = _CompleteCache(cache)
    judged = read_one(plan, complete, AskReport.all_cached(0), folder, keeps_rows)
    read_keys.update(complete.read)
    return replace(judged, report=AskReport.all_cached(len(complete.read)))


def read_one(
    plan: Plan, cache: Replies, report: AskReport, folder: Path | None, keeps_rows: bool = True
) -> Judged:
    """Read the annotations of a plan that has been asked; see `judge_all`.

    Args:
        plan: the pairs with their questions.
        cache: has the replies.
        report: what asking came to.
        folder: where annotations.json goes; None writes none.
        keeps_rows: keep the rows in memory where they are not written.
    """
    counts = counts_of(plan.annotator)
    annotations = counts.counted(read(plan, plan.annotator.name, cache, report.failures, price_of))
    if folder is not None:
        path = folder / "annotations.json"
        is_written = _write(path, annotations, counts)
        if is_written:  # what was a sample is all of them now
            (folder / PAID_NAME).unlink(missing_ok=True)
        return Judged(counts, report, path if is_written else None, None)
    rows = tuple(row_of(annotation) for annotation in annotations if keeps_rows)
    return Judged(counts, report, None, rows)


def counts_of(annotator: Annotator) -> Counts:
    """Return what counts an annotator's annotations, empty: preferences, or scores on its scale."""
    if annotator.kind.n_outputs == 2:
        return Tally()
    aspects = Aspects(annotator.scale, annotator.aspects)
    return Grades(scale=annotator.scale, aspects=aspects, adjustment=annotator.adjustment)


@dataclass
class _CompleteCache:
    """A cache that is expected to have every reply, and knows those that it was asked for."""

    cache: Cache
    read: KeySet = field(default_factory=KeySet)

    def get_many(self, keys: Sequence[bytes]) -> Mapping[bytes, Entry]:
        """Return the entries of all keys."""
        entries = self.cache.get_many(keys)
        if len(entries) < len(keys):
            raise _ReplyMissing
        self.read.add(keys)
        return entries


class _ReplyMissing(Exception):  # noqa: N818 - it never leaves this file
    """Something has to be asked."""


def _price_of(annotator: Annotator) -> Callable[[Request], Price | None]:
    price = prices(annotator)
    return lambda request: price[request.endpoint.provider, request.model]


def _write(path: Path, annotations: Iterator[Annotation], counts: Counts) -> bool:
    """Write a run's annotations; False where nobody answered, so that what was there stays."""
    beginning = list(islice(annotations, 1))  # nothing is touched where the very first reply is missing
    try:
        with result_file(path) as file:
            for _ in write_rows(file, chain(beginning, annotations)):
                pass
            if not (counts.n_judged or counts.failures.keys() & _ANSWERED):
                raise _NobodyAnswered
    except _NobodyAnswered:
        return False
    return True


class _NobodyAnswered(Exception):  # noqa: N818 - it never leaves this file
    """Leaves the file that was there in place."""


def records(judged: Judged) -> list[dict[str, Any]]:
    """Return the annotations of a run as dictionaries, a row a pair."""
    if judged.rows is not None or judged.annotations_path is None:
        return list(judged.rows or ())
    rows: list[dict[str, Any]] = json.loads(judged.annotations_path.read_text(encoding="utf-8"))
    return rows
