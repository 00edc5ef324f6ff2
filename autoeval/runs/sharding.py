"""One part of a run's requests, asked into a cache of its own: all that a shard does."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from autoeval.annotators.judges import Annotator
from autoeval.annotators.plan import Plan
from autoeval.completions.ask import AskOptions, AskReport, Display, added
from autoeval.completions.cache import Cache
from autoeval.completions.storage.places import Shard
from autoeval.data.instructions import Instruction
from autoeval.errors import UsageError
from autoeval.runs.exits import exit_code_after, is_enough
from autoeval.runs.judging import ask_all


@dataclass(frozen=True)
class ShardReport:
    """What asking a part came to; `cache` is where its replies are."""

    shard: Shard
    cache: str
    ask: AskReport
    min_coverage: float

    @property
    def n_answered(self) -> int:
        """How many of the part's requests have a reply."""
        return self.ask.n_cached + self.ask.n_asked

    @property
    def exit_code(self) -> int:
        """What the command line exits with."""
        n_requests = self.ask.n_requests
        share = self.n_answered / n_requests if n_requests else 1.0
        return exit_code_after(self.ask, is_enough(share, self.min_coverage))

    def after(self, earlier: Sequence[AskReport]) -> "ShardReport":
        """Return what the part came to together with what was asked before."""
        return replace(self, ask=added([*earlier, self.ask]))

    def __str__(self) -> str:
        """Say it in a few lines."""
        ask = self.ask
        lines = [
            f"Shard {self.shard}: {self.n_answered:,} of {ask.n_requests:,} requests are answered, "
            f"{ask.n_asked:,} of them now. Cache: {self.cache}"
        ]
        if ask.stop:
            lines.append(f"Stopped: {ask.stop.message}")
        elif ask.failures:
            failure = next(iter(ask.failures.values()))
            lines.append(
                f"{len(ask.failures):,} have no reply, for example: {failure.kind}: {failure.message}"
            )
        return "\n".join(lines)


def cut(instructions: Sequence[Instruction], shard: Shard, annotator: Annotator) -> list[Instruction]:
    """Return the instructions of a part, whose outputs are still to be generated.

    Raises:
        UsageError: a judge is asked about several pairs at once, which are not all in one part.
    """
    if any(judge.batch_size > 1 for judge in annotator.judges):
        raise UsageError(
            f"--shard: {annotator.name} is asked about several pairs at once, and its prompts depend on all outputs. "
            "Generate them first, and judge them with: alpaca_eval evaluate --shard."
        )
    return [instruction for instruction in instructions if shard.has_text(instruction.text)]


def ask_shard(
    plans: Sequence[Plan],
    cache: Cache,
    options: AskOptions,
    display: Display,
    reask_unparsed: bool,
    shard: Shard,
    min_coverage: float,
) -> ShardReport:
    """Ask a part of what several plans of one annotator need, and read nothing.

    Raises:
        UsageError: it is to go into batch jobs, which are not cut.
    """
    if options.is_batch or options.batch_files is not None:
        raise UsageError("--shard asks at once: leave --batch and --batch_files out, which are cut already.")
    report = AskReport.all_cached(0)
    if plans:
        report = ask_all(plans, cache, options, display, reask_unparsed, shard)
    return ShardReport(shard, cache.name, report, min_coverage)
