"""Rounds of evolving: plan, ask, read, eliminate. A round's prompts come from the cached replies of the one before."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from autoeval.annotators.judges import Annotator
from autoeval.annotators.plan import Plan
from autoeval.annotators.read import read as read_verdicts
from autoeval.completions.ask import AskOptions, AskReport, Display
from autoeval.completions.ask_report import added, left
from autoeval.completions.cache import Cache
from autoeval.completions.tokens import estimate_tokens
from autoeval.data.instructions import Instruction
from autoeval.evolving.elimination import unwrapped
from autoeval.evolving.operations import EXPECTED_GROWTH
from autoeval.evolving.pool import Pool
from autoeval.evolving.steps import Drop, Evolved, Lack, Reason, Reply, Step
from autoeval.generators.config import Generator
from autoeval.generators.plan import GenerationPlan
from autoeval.generators.read import REFUSAL, Missing, Output
from autoeval.generators.read import read as read_outputs
from autoeval.runs.estimate import DryRun, estimate, price_of, total
from autoeval.runs.generating import GenerationStoppedError, generate
from autoeval.runs.judging import ask_all
from autoeval.runs.side import Side
from autoeval.texts.thinking import without_thinking
from autoeval.types import Annotation, Case, Failure
from autoeval.types import Output as CaseOutput

_REFUSALS = frozenset({REFUSAL, "content_filter"})
_CUT_OFF = "length"
_COUNTED = 0.92
"""So much of an estimate of prompts like ours is what models count; see `estimate_tokens`."""


@dataclass(frozen=True)
class Evolution:
    """What is wanted: who writes, who eliminates (None: only what can be told without a judge), and how often."""

    writer: Generator
    eliminator: Annotator | None
    rounds: int
    reask_unparsed: bool = False

    def judging(self, candidates: Sequence[Evolved]) -> Plan:
        """Return the questions about candidates: each beside the instruction that it was made from."""
        assert self.eliminator is not None
        return Plan(self.eliminator, [_case(place, one) for place, one in enumerate(candidates)])


@dataclass
class Asked:
    """What asking came to so far, and how to go on with what is left of the budget."""

    cache: Cache
    options: AskOptions
    display: Display
    reports: list[AskReport] = field(default_factory=list)

    @property
    def left(self) -> AskOptions:
        """The options with what is left of the budget."""
        return left(self.options, self.reports)

    @property
    def report(self) -> AskReport:
        """All of it together."""
        return added(self.reports) if self.reports else AskReport.all_cached(0)

    def verdicts(self, plan: Plan, reask_unparsed: bool, doing: str) -> list[Annotation]:
        """Ask what a plan needs, and return what was said.

        Raises:
            GenerationStoppedError: asking ended early.
        """
        report = ask_all([plan], self.cache, self.left, self.display, reask_unparsed)
        self.reports.append(report)
        if report.stop is not None:
            raise GenerationStoppedError(
                f"{doing} stopped: {report.stop.message.rstrip('.')}. All replies are in the cache; run the same "
                "command again for the rest.",
                report.stop.reason,
            )
        return list(read_verdicts(plan, plan.annotator.name, self.cache, report.failures, price_of))


def evolve_pool(wanted: Evolution, pool: Pool, asked: Asked) -> Pool:
    """Take every instruction of a pool through all rounds.

    Args:
        wanted: who writes, who eliminates, and how many rounds.
        pool: the instructions to begin with.
        asked: how to ask; gets what asking came to.

    Raises:
        GenerationStoppedError: asking ended early. All replies so far are in the cache, so that the same run goes on
            where it was.
    """
    for number in range(1, wanted.rounds + 1):
        steps = pool.steps(number)
        if not steps:
            break
        asked.display.announce(f"round {number} of {wanted.rounds}: {len(steps)} instructions to evolve")
        replies, lacking = _written(wanted.writer, steps, asked)
        pool, candidates = pool.screened(replies, lacking)
        pool = _eliminated(wanted, pool, candidates, asked)
    return pool


def _written(writer: Generator, steps: Sequence[Step], asked: Asked) -> tuple[dict[Step, Reply], list[Lack]]:
    """Have the writer's reply to every step of a round."""
    side = Side.open(_plan(writer, steps), None, strip=True, load=False)
    made = generate(side, asked.cache, asked.left, asked.display, None)
    asked.reports.append(made.report)
    return _read(side.plan, steps, asked.cache, made.report.failures)


def is_writer_asked(wanted: Evolution, pool: Pool, cache: Cache) -> bool:
    """Whether the cache lacks a reply of the first round; where it has all, only `estimates` tells what is asked."""
    plan = _plan(wanted.writer, pool.steps(1))
    return any(isinstance(output, Missing) for output in read_outputs(plan, plan, cache, {}))


def _plan(writer: Generator, steps: Sequence[Step]) -> GenerationPlan:
    return GenerationPlan(writer, [Instruction(step.prompt) for step in steps])


def _read(
    plan: GenerationPlan, steps: Sequence[Step], cache: Cache, failures: Mapping[bytes, Failure]
) -> tuple[dict[Step, Reply], list[Lack]]:
    replies, lacking = {}, []
    for step, output in zip(steps, read_outputs(plan, plan, cache, failures), strict=True):
        if isinstance(output, Missing):
            lacking.append(Lack(step, output.reason))
        else:
            replies[step] = _reply(output)
    return replies, lacking


def _reply(output: Output) -> Reply:
    text = unwrapped(without_thinking(output.text))
    return Reply(text, output.finish_reason in _REFUSALS, output.finish_reason == _CUT_OFF)


def _eliminated(wanted: Evolution, pool: Pool, candidates: Sequence[Evolved], asked: Asked) -> Pool:
    """Let the eliminator look at what is left of a round."""
    if wanted.eliminator is None or not candidates:
        return pool.settled(candidates, (), ())
    plan = wanted.judging(candidates)
    verdicts = asked.verdicts(plan, wanted.reask_unparsed, f"eliminating with {wanted.eliminator.name}")
    return _judged(wanted.eliminator, pool, candidates, verdicts, keeps_unknown=False)


def _judged(
    eliminator: Annotator,
    pool: Pool,
    candidates: Sequence[Evolved],
    verdicts: Iterable[Annotation],
    keeps_unknown: bool,
) -> Pool:
    """Sort candidates by what the eliminator says: the upper half of its scale keeps."""
    low, high = eliminator.scale.ends or (0.0, 1.0)
    kept, dropped, lacking = [], [], []
    for one, verdict in zip(candidates, verdicts, strict=True):
        step = step_of(one)
        if verdict.value is None and not keeps_unknown:
            lacking.append(Lack(step, f"eliminator: {verdict.failure}"))
        elif verdict.value is None or verdict.value > (low + high) / 2:
            kept.append(one)
        else:
            dropped.append(Drop(step, one.text, Reason.JUDGED, f"{eliminator.name} says {_said(verdict)}"))
    return pool.settled(kept, dropped, lacking)


def step_of(one: Evolved) -> Step:
    """Return the step that made an instruction."""
    assert one.parent is not None
    assert one.operation is not None
    return Step(one.parent, one.operation, one.round)


def _said(verdict: Annotation) -> str:
    """Name the class that a verdict is, else give its number."""
    classes = [name for name, share in verdict.parts.items() if share >= max(verdict.parts.values())]
    return repr(classes[0]) if len(classes) == 1 and len(verdict.parts) > 1 else f"{verdict.value:g}"


def _case(place: int, one: Evolved) -> Case:
    assert one.parent is not None
    fields = {"operation": str(one.operation), "round": str(one.round)}
    return Case(place, (one.parent.text,), (CaseOutput((one.text,)),), one.dataset, fields=fields)


def estimates(wanted: Evolution, pool: Pool, cache: Cache, is_batch: bool) -> tuple[dict[str, DryRun], Pool]:
    """Say what every round would ask, with stand-ins of the expected length for replies that are still to come.

    Returns:
        What each step would ask, and the pool as it would be if everything that is still to come were of use.
    """
    plans: dict[str, DryRun] = {}
    for number in range(1, wanted.rounds + 1):
        steps = pool.steps(number)
        if not steps:
            break
        plans[f"write round {number} with {wanted.writer.name}"] = _estimate(wanted, steps, cache, is_batch)
        plan = _plan(wanted.writer, steps)
        replies, lacking = _read(plan, steps, cache, {})
        pool, candidates = pool.screened(replies)
        candidates += [lack.step.to(stand_in(lack.step)) for lack in lacking]
        if wanted.eliminator is None or not candidates:
            pool = pool.settled(candidates, (), ())
            continue
        judging = wanted.judging(candidates)
        plans[f"eliminate round {number} with {wanted.eliminator.name}"] = estimate(judging, cache, is_batch)
        known = read_verdicts(judging, wanted.eliminator.name, cache, {}, price_of)
        pool = _judged(wanted.eliminator, pool, candidates, known, keeps_unknown=True)
    return {name: _calibrated(plan) for name, plan in plans.items()}, pool


def _calibrated(plan: DryRun) -> DryRun:
    return replace(
        plan,
        input_tokens=round(_COUNTED * plan.input_tokens),
        output_tokens=round(_COUNTED * (plan.output_tokens - plan.reasoning_tokens)) + plan.reasoning_tokens,
        cost=None if plan.cost is None else _COUNTED * plan.cost,
    )


def _estimate(wanted: Evolution, steps: Sequence[Step], cache: Cache, is_batch: bool) -> DryRun:
    """Count what a round asks of the writer, whose replies are about as long as what they are made from."""
    parts = []
    for operation in dict.fromkeys(step.operation for step in steps):
        of_one = [step for step in steps if step.operation is operation]
        expected = round(sum(estimate_tokens(stand_in(step)) for step in of_one) / len(of_one))
        writer = replace(wanted.writer, reply_tokens=max(1, expected))
        parts.append(Side.open(_plan(writer, of_one), None, strip=True, load=False).estimate(cache, is_batch))
    return total(parts)


def stand_in(step: Step) -> str:
    """Return a text as long as what a step probably comes to."""
    return step.parent.text + " word" * EXPECTED_GROWTH[step.operation]
