"""Asking in rounds, with a look after each."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from autoeval.annotators.plan import Plan
from autoeval.completions.ask import AskOptions, AskReport, Display
from autoeval.completions.ask_report import added, left
from autoeval.completions.cache import Cache
from autoeval.completions.ledger import Progress
from autoeval.errors import UsageError
from autoeval.runs.judging import Judged, judge, read_one
from autoeval.runs.paying.deciding import ROUND, Deciding
from autoeval.runs.paying.sample import SomePairs


def judge_in_rounds(
    deciding: Deciding,
    plan: Plan,
    cache: Cache,
    options: AskOptions,
    display: Display,
    reask_unparsed: bool,
) -> Judged:
    """Judge pairs round by round, until their question is decided, all are judged, or asking ends early.

    Args:
        deciding: the pairs in their order, and the question.
        plan: of all these pairs.
        cache: has the replies there are, and gets those there will be.
        options: how to ask; a budget is that of all rounds.
        display: shows the progress; what every round says is said once.
        reask_unparsed: ask again what was answered without a verdict.

    Raises:
        UsageError: batches were asked for.
    """
    refuse_batches(options)
    once = SaidOnce(display)
    reports: list[AskReport] = []
    preferences: list[float] = []
    order = deciding.pairs.chosen
    for start in range(0, len(order), ROUND):
        part = _of(plan, deciding, order[start : start + ROUND])
        judged = judge(part, cache, left(options, reports), once, reask_unparsed, None)
        reports.append(judged.report)
        preferences.extend(judged.tally.preferences)
        if judged.report.stop or deciding.is_decided(preferences):
            break
    return read_one(_of(plan, deciding, order[: len(preferences)]), cache, added(reports), None)


def _of(plan: Plan, deciding: Deciding, chosen: Sequence[int]) -> Plan:
    return Plan(plan.annotator, SomePairs(deciding.pairs.pairs, chosen), plan.seed)


def refuse_batches(options: AskOptions) -> None:
    """Refuse to ask in batches.

    Raises:
        UsageError: batches were asked for.
    """
    if options.is_batch or options.batch_files is not None:
        raise UsageError(
            "--until_decided looks after every round, and a batch is one: leave --batch and --batch_files out."
        )


@dataclass
class SaidOnce:
    """A display that says a line once, however many rounds say it."""

    display: Display
    _said: set[str] = field(default_factory=set)

    def announce(self, line: str) -> None:
        """Say a line that was not said before."""
        if line not in self._said:
            self._said.add(line)
            self.display.announce(line)

    def watch(self, progress: Progress) -> AbstractContextManager[None]:
        """Show how a round goes."""
        return self.display.watch(progress)
