"""Judging all pairs of an evaluation, or as many of them as are to be paid for."""

from dataclasses import dataclass, field, replace
from math import fsum
from pathlib import Path

from autoeval.annotators.plan import Cases, Plan
from autoeval.completions.ask_report import added, left
from autoeval.completions.cache import Cache
from autoeval.completions.storage.places import Shard
from autoeval.data.eval_sets import EvalSet
from autoeval.errors import UsageError
from autoeval.journeys.parameters.asking import Asking
from autoeval.journeys.parameters.metric_choice import Metric
from autoeval.runs.askable import refuse_unaskable_plans
from autoeval.runs.estimate import DryRun, estimate, total
from autoeval.runs.judging import Judged, judge
from autoeval.runs.paying.cheap import Cheap, Guesses
from autoeval.runs.paying.choosing import Wanted, choose
from autoeval.runs.paying.deciding import DecidedResult, Deciding
from autoeval.runs.paying.paid import Paid, PaidResult
from autoeval.runs.paying.rounds import judge_in_rounds
from autoeval.runs.sharding import ShardReport


@dataclass(frozen=True)
class Paying:
    """What is to be judged of the pairs of a run; all of them where nothing is wanted.

    Attributes:
        pairs: those that are judged.
        asking: the judge and how it is asked.
        cheap: the judge that predicts it.
        sample: how they were chosen; None where all are judged.
        guesses: what the cheap judge said.
    """

    pairs: Cases
    asking: Asking
    cheap: Cheap = field(default_factory=Cheap)
    sample: Paid | Deciding | None = None
    guesses: Guesses | None = None

    @classmethod
    def chosen(
        cls,
        wanted: Wanted,
        pairs: Cases,
        asking: Asking,
        cheap: Cheap,
        cache: Cache,
        seed: int,
        folder: Path | None,
        board: Path | None,
    ) -> "Paying":
        """Choose the pairs to pay for, by what a cheap judge says of all where there is one, and keep how.

        A dry run asks nobody and keeps nothing.

        Raises:
            UsageError: these pairs cannot be sampled, the judge cannot be asked, or sample.json is damaged.
            AutoevalError: sample.json cannot be written.
        """
        if wanted.needs_all(len(pairs)):
            return cls(pairs, asking)
        dear = Plan(asking.annotator, pairs, seed)
        guesses = None if asking.dry_run else cheap.ask(dear, cache, asking.options, asking.display)
        to = None if asking.dry_run else folder
        sample = choose(pairs, asking.annotator, wanted, seed, to, board, guesses)
        if sample and to is not None:
            refuse_unaskable_plans([Plan(asking.annotator, sample.first, seed)], cache, asking.options)
            sample.store(to)
        return cls(sample.pairs if sample else pairs, asking, cheap, sample, guesses)

    @property
    def method(self) -> str:
        """How the pairs were chosen; empty where all are judged."""
        return self.sample.method if self.sample else ""

    def without_judging(self, plan: Plan, cache: Cache, shard: Shard | None) -> DryRun | ShardReport:
        """Say what asking would cost, the cheap judge's part too, or ask a part of what the plan needs."""
        if not self.asking.dry_run:
            return self.asking.without_judging([plan], cache, shard)
        is_batch = self.asking.options.at_batch_price
        return total([*self.cheap.estimates(cache, is_batch), estimate(plan, cache, is_batch)])

    def judge(self, plan: Plan, cache: Cache, folder: Path | None) -> Judged:
        """Judge all pairs of a plan, or until their question is decided, with what is left of the budget."""
        asking, before = self.asking, [self.guesses.report] if self.guesses else []
        options, again = left(asking.options, before), asking.is_reask_unparsed
        if isinstance(self.sample, Deciding):
            judged = judge_in_rounds(self.sample, plan, cache, options, asking.display, again)
        else:
            judged = judge(plan, cache, options, asking.display, again, None if self.sample else folder)
        return replace(judged, report=added([*before, judged.report]))

    def result(self, judged: Judged) -> PaidResult | DecidedResult | None:
        """What the judgments of a sample come to; None where all pairs were judged, or too few."""
        if self.sample is None or not judged.tally.n_judged:
            return None
        return self.sample.result(judged.tally.preferences, fsum(judged.tally.prices))


def refuse_with_a_sample(
    wanted: Wanted,
    metric: Metric,
    is_recompute_metrics_only: bool,
    shard: Shard | None,
    arena: EvalSet | None,
) -> None:
    """Refuse to sample pairs for what needs all of them, asks nobody, or asks in parts what depends on other replies.

    Raises:
        UsageError: saying which.
    """
    if arena is not None:
        raise UsageError(
            f"--n_paid, --precision and --until_decided take pairs that count alike; in {arena.title} a clear win "
            "counts three times. Leave them out, or take a sample of all models alike: --max_instances."
        )
    if metric.function is not None:
        raise UsageError(
            "--fn_metric: a function cannot know how annotations were sampled: leave n_paid out."
        )
    if is_recompute_metrics_only:
        raise UsageError("--is_recompute_metrics_only asks nobody: it has no use for n_paid.")
    if shard is not None and (wanted.until_decided is not None or wanted.predict_with is not None):
        raise UsageError(
            "--shard asks a part that is known beforehand; what --until_decided and --predict_with ask depends on the "
            "replies before. Leave it out."
        )
