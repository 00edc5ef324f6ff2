"""What a run would ask and cost, without asking."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from html import escape

from autoeval.annotators.judges import Annotator, Judge
from autoeval.annotators.plan import Plan
from autoeval.completions.budget import PriceOf
from autoeval.completions.cache import Cache
from autoeval.completions.key_set import KeySet
from autoeval.completions.pricing import cost, list_price
from autoeval.completions.providers.reasoning import expected_tokens
from autoeval.completions.replies import new_by_key
from autoeval.completions.tokens import estimate_input_tokens
from autoeval.prompting.asker import Asker
from autoeval.prompting.config import Price
from autoeval.runs.finishing import all_requests
from autoeval.runs.retirement import lifetime_notes
from autoeval.types import Request


@dataclass(frozen=True, repr=False)
class DryRun:
    """The plan of a run in numbers. Tokens are estimates; `cost` is in US dollars, None where a price is unknown.

    `n_pairs` counts what would be judged or made, `counted` says what that is. `reasoning_tokens` are those of the
    output tokens that are expected to be reasoning. `notes` are what a user must know of the models before asking.
    """

    n_pairs: int
    n_requests: int
    n_cached: int
    n_new: int
    input_tokens: int
    output_tokens: int
    cost: float | None
    reasoning_tokens: int = 0
    notes: tuple[str, ...] = ()
    counted: str = "pairs"

    def __repr__(self) -> str:
        """Say the plan in a line."""
        return f"<DryRun of {self.line}>"

    def _repr_html_(self) -> str:
        """Show the plan as a table in a notebook."""
        return html_table(self.rows()) + "".join(f"<p>{escape(note)}</p>" for note in self.notes)

    @property
    def line(self) -> str:
        """The plan in a line."""
        return (
            f"{self.n_pairs} {self.counted}: {self.n_requests} requests, {self.n_new} of them new; "
            f"about {self.input_tokens} tokens in, {self.output_tokens} out; cost {price_said(self.cost)}"
        )

    def rows(self) -> list[tuple[str, str]]:
        """Return its numbers, each with its name."""
        thought = self.reasoning_tokens
        reasoning = f", of which {thought} assumed for reasoning" if thought else ""
        return [
            (self.counted, str(self.n_pairs)),
            ("requests", f"{self.n_requests}, of which {self.n_cached} cached and {self.n_new} new"),
            ("tokens", f"about {self.input_tokens} in, {self.output_tokens} out{reasoning}"),
            ("cost", price_said(self.cost, "--judge_price")),
        ]


@dataclass(frozen=True, repr=False)
class DryRuns:
    """The plans of a run's steps, by what the step does."""

    steps: Mapping[str, DryRun]

    def __repr__(self) -> str:
        """Say the plans in a line."""
        return f"<DryRuns of {', '.join(self.steps)}: cost in all {price_said(self.cost)}>"

    def _repr_html_(self) -> str:
        """Show the plans as a table in a notebook."""
        return html_table(self.rows()) + "".join(f"<p>{escape(note)}</p>" for note in self.notes)

    def rows(self) -> list[tuple[str, str]]:
        """Return what each step comes to, and what they cost in all."""
        steps = [(name, step.line.partition(": ")[2]) for name, step in self.steps.items()]
        return [*steps, ("cost in all", price_said(self.cost, "--generator_price or --judge_price"))]

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user must know before asking."""
        return tuple(dict.fromkeys(note for step in self.steps.values() for note in step.notes))

    @property
    def n_new(self) -> int:
        """How many requests of all of them are new."""
        return sum(step.n_new for step in self.steps.values())

    @property
    def cost(self) -> float | None:
        """What all of them cost in US dollars, None where a price is unknown."""
        costs = [step.cost for step in self.steps.values()]
        return None if None in costs else sum(cost for cost in costs if cost is not None)


def price_said(cost: float | None, flag: str = "") -> str:
    """Say an estimated cost; `flag` is what gives a price that is unknown."""
    if cost is not None:
        return f"about ${cost:.4f}"
    return f"unknown (give {flag})" if flag else "unknown"


def html_table(rows: Iterable[tuple[str, str]]) -> str:
    """Make names and what they are a table of a page."""
    lines = (f'<tr><th scope="row">{escape(name)}</th><td>{escape(text)}</td></tr>' for name, text in rows)
    return f"<table><tbody>{''.join(lines)}</tbody></table>"


def price_of(asked: Asker) -> Price | None:
    """Return what a model costs: as its config says, else by the price list."""
    return asked.price or list_price(asked.endpoint.provider, asked.model)


def prices(annotator: Annotator) -> dict[tuple[str, str], Price | None]:
    """Return the price of every model that an annotator asks, by provider and model."""
    return {(judge.endpoint.provider, judge.model): price_of(judge) for judge in annotator.judges}


def estimate(plan: Plan, cache: Cache, is_batch: bool = False, seen: KeySet | None = None) -> DryRun:
    """Count what a plan would ask that the cache does not have, and estimate its tokens and cost.

    Args:
        plan: what would be asked.
        cache: has the replies there are; what waits in a batch job counts as new.
        is_batch: it would be asked in batches, at their price.
        seen: requests that count elsewhere; gets those of this plan.
    """
    reply_tokens = {judge.model: judge.reply_tokens for judge in plan.annotator.judges}
    price = prices(plan.annotator)
    counted = count(
        all_requests(plan, cache),
        len(plan.cases),
        cache,
        lambda request: price[request.endpoint.provider, request.model],
        lambda request: reply_tokens[request.model],
        is_batch,
        seen,
    )
    is_of_pairs = plan.annotator.kind.n_outputs == 2
    noted = with_notes(replace(counted, counted="pairs" if is_of_pairs else "outputs"), plan.annotator.judges)
    return replace(noted, notes=(*noted.notes, *_follow_up_notes(noted, plan.annotator.judges, is_batch)))


def estimate_all(plans: Iterable[Plan], cache: Cache, is_batch: bool) -> DryRun:
    """Estimate what several plans would ask together: what two of them need is asked once, and counts once."""
    seen = KeySet()
    return total(estimate(plan, cache, is_batch, seen) for plan in plans)


def with_notes(plan: DryRun, all_asked: Iterable[Asker]) -> DryRun:
    """Return a plan with what must be known of the ends of the models that it would ask."""
    return replace(plan, notes=lifetime_notes(all_asked)) if plan.n_new else plan


def _follow_up_notes(plan: DryRun, judges: Iterable[Judge], is_batch: bool) -> tuple[str, ...]:
    """Say what judges come to at most that are told to finish where they have not come to a verdict."""
    told = [judge for judge in judges if judge.follow_up]
    if not told or not plan.n_new:
        return ()
    times = max(judge.follow_up.times for judge in told if judge.follow_up)
    longer = plan.input_tokens + plan.output_tokens
    prices_of_all = {price_of(judge) for judge in told}
    most = (
        cost(prices_of_all.pop(), longer, plan.output_tokens, is_batch) if len(prices_of_all) == 1 else None
    )
    dollars = f", about ${times * most:.4f}" if most is not None else ""
    return (
        f"a judge whose reply holds no verdict is told to finish: at most {times * plan.n_new} further requests"
        f"{dollars}, in the numbers only where that reply is cached",
    )


def count(
    requests: Iterable[Request],
    n_rows: int,
    cache: Cache,
    price: PriceOf,
    reply_tokens: Callable[[Request], int],
    is_batch: bool,
    seen: KeySet | None = None,
) -> DryRun:
    """Count requests that the cache does not have, and estimate their tokens and cost.

    Args:
        requests: in any number and order, equal ones count once.
        n_rows: how many pairs or outputs they are for.
        cache: has the replies there are.
        price: the price of a request's model.
        reply_tokens: how long a usual reply to a request is; what the model reasons first is added.
        is_batch: they would be asked in batches, at their price.
        seen: requests that count elsewhere; gets these.
    """
    n_requests = n_cached = input_tokens = output_tokens = reasoning_tokens = 0
    dollars: float | None = 0.0
    for stretch in new_by_key(requests, KeySet() if seen is None else seen):
        known = cache.known(list(stretch))
        n_requests += len(stretch)
        n_cached += len(known)
        for request in (request for key, request in stretch.items() if key not in known):
            thought = expected_tokens(request.model, request.parameters)
            tokens_in, tokens_out = estimate_input_tokens(request), reply_tokens(request) + thought
            input_tokens += tokens_in
            reasoning_tokens += thought
            output_tokens += tokens_out
            paid = cost(price(request), tokens_in, tokens_out, is_batch)
            dollars = None if dollars is None or paid is None else dollars + paid
    return DryRun(
        n_pairs=n_rows,
        n_requests=n_requests,
        n_cached=n_cached,
        n_new=n_requests - n_cached,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cost=dollars,
        reasoning_tokens=reasoning_tokens,
    )


def total(plans: Iterable[DryRun]) -> DryRun:
    """Add up several plans that ask nothing in common; see `estimate_all`."""
    parts = list(plans)
    costs = [part.cost for part in parts]
    return DryRun(
        n_pairs=sum(part.n_pairs for part in parts),
        n_requests=sum(part.n_requests for part in parts),
        n_cached=sum(part.n_cached for part in parts),
        n_new=sum(part.n_new for part in parts),
        input_tokens=sum(part.input_tokens for part in parts),
        output_tokens=sum(part.output_tokens for part in parts),
        cost=None if None in costs else sum(cost for cost in costs if cost is not None),
        reasoning_tokens=sum(part.reasoning_tokens for part in parts),
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
        counted=parts[0].counted if parts else "pairs",
    )
