"""A cheap judge that is asked about every pair, so that the dear one need be asked about fewer."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from autoeval.annotators.judges import Annotator
from autoeval.annotators.loading import load_annotator
from autoeval.annotators.plan import Cases, Plan
from autoeval.completions.ask import AskOptions, AskReport, Display
from autoeval.completions.cache import Cache
from autoeval.errors import UsageError
from autoeval.runs.askable import is_asked, refuse_unaskable_plans
from autoeval.runs.estimate import DryRun, estimate
from autoeval.runs.judging import judge
from autoeval.runs.refusals import refuse_unknown_prices

if TYPE_CHECKING:
    from autoeval.metrics.observations import Floats

_LEAST, _SPAN = 0.1, 0.8


@dataclass(frozen=True)
class Guesses:
    """What a cheap judge says of all pairs.

    Attributes:
        judge: its name.
        fingerprint: its fingerprint.
        predicted: its preferences − 1, brought to [.1, .9], as even a sure judge is another one; shape (N,).
        cost: of all its replies in US dollars, NaN where a price is unknown.
        report: what asking it came to.
    """

    judge: str
    fingerprint: str
    predicted: "Floats"
    cost: float
    report: AskReport


@dataclass(frozen=True)
class Cheap:
    """A judge that predicts another one; none without a plan."""

    plan: Plan | None = None

    @classmethod
    def named(
        cls,
        source: str | Path | None,
        dear: Annotator,
        pairs: Cases,
        seed: int,
        folders: Sequence[Path],
        max_cost: float | None,
    ) -> "Cheap":
        """Load the judge that predicts another.

        Raises:
            UsageError: there is none of this name, it is the other one, or a budget is set and its price is unknown.
        """
        if source is None:
            return cls()
        try:
            annotator = load_annotator(source, config_dirs=folders)
        except UsageError as error:
            raise UsageError(f"--predict_with: {str(error).removeprefix('--annotators_config: ')}") from None
        if annotator.kind.n_outputs == 1:
            raise UsageError(
                f"--predict_with: {annotator.name} judges outputs by themselves (kind: {annotator.kind.name}); name a "
                "judge of pairs."
            )
        if annotator.fingerprint == dear.fingerprint:
            raise UsageError(f"--predict_with: {annotator.name} is the judge itself; name a cheaper one.")
        refuse_unknown_prices(annotator, max_cost)
        return cls(Plan(annotator, pairs, seed))

    def estimates(self, cache: Cache, is_batch: bool) -> list[DryRun]:
        """What asking it would take."""
        return [estimate(self.plan, cache, is_batch)] if self.plan else []

    def ask(self, dear: Plan, cache: Cache, options: AskOptions, display: Display) -> Guesses | None:
        """Ask it about every pair; one that it cannot judge is guessed to be as the others are on average.

        Args:
            dear: the plan of the judge that it predicts, which has to be one that can be asked afterwards.
            cache: has the replies there are, and gets those there will be.
            options: how to ask.
            display: shows the progress.

        Raises:
            UsageError: it judged none, the other judge cannot be asked, or requests are to go into files.
        """
        import numpy as np

        if self.plan is None:
            return None
        if options.batch_files is not None:
            raise UsageError(
                "--predict_with asks two judges in turn, and --batch_files holds one's requests."
            )
        if is_asked(self.plan, cache):
            refuse_unaskable_plans([dear], cache, options)
        annotator = self.plan.annotator
        display.announce(f"asking {annotator.name} about all {len(self.plan.cases)} pairs first")
        judged = judge(self.plan, cache, options, display, False, None)
        if not judged.tally.n_judged:
            why = f" {judged.report.stop.message}" if judged.report.stop else ""
            raise UsageError(f"--predict_with: {annotator.name} judged not a single pair.{why}")
        shares = np.asarray(judged.tally.preferences) - 1
        shares = np.where(np.isnan(shares), np.nanmean(shares), shares)
        cost = math.fsum(judged.tally.prices)
        return Guesses(annotator.name, annotator.fingerprint, _LEAST + _SPAN * shares, cost, judged.report)
