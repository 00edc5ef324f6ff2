"""What a run would ask and cost, without asking."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from autoeval.annotators.config import Annotator, Judge
from autoeval.annotators.plan import Plan
from autoeval.completions.cache import Cache
from autoeval.completions.keys import request_key
from autoeval.completions.pricing import cost, list_price
from autoeval.completions.tokens import estimate_input_tokens
from autoeval.prompting.config import Price
from autoeval.types import Request

_LOOKED_UP_AT_ONCE = 200


@dataclass(frozen=True)
class DryRun:
    """The plan of a run in numbers. Tokens are estimates; `cost` is in US dollars, None where a price is unknown."""

    n_pairs: int
    n_requests: int
    n_cached: int
    n_new: int
    input_tokens: int
    output_tokens: int
    cost: float | None


def price_of(judge: Judge) -> Price | None:
    """Return what a judge's model costs: as its config says, else by the price list."""
    return judge.price or list_price(judge.endpoint.provider, judge.model)


def prices(annotator: Annotator) -> dict[tuple[str, str], Price | None]:
    """Return the price of every model that an annotator asks, by provider and model."""
    return {(judge.endpoint.provider, judge.model): price_of(judge) for judge in annotator.judges}


def estimate(plan: Plan, cache: Cache) -> DryRun:
    """Count what a plan would ask that the cache does not have, and estimate its tokens and cost."""
    reply_tokens = {judge.model: judge.reply_tokens for judge in plan.annotator.judges}
    price = prices(plan.annotator)
    seen: set[bytes] = set()
    n_cached = input_tokens = output_tokens = 0
    dollars: float | None = 0.0
    for chunk in _chunks(plan.requests()):
        by_key = {key: request for request in chunk if (key := request_key(request)) not in seen}
        seen |= by_key.keys()
        known = cache.known(list(by_key))
        n_cached += len(known)
        for request in (request for key, request in by_key.items() if key not in known):
            tokens_in, tokens_out = estimate_input_tokens(request), reply_tokens[request.model]
            input_tokens += tokens_in
            output_tokens += tokens_out
            paid = cost(price[request.endpoint.provider, request.model], tokens_in, tokens_out)
            dollars = None if dollars is None or paid is None else dollars + paid
    n_requests = len(seen)
    return DryRun(
        len(plan.pairs), n_requests, n_cached, n_requests - n_cached, input_tokens, output_tokens, dollars
    )


def total(plans: Iterable[DryRun]) -> DryRun:
    """Add up several plans; what two of them would both ask is counted twice."""
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
    )


def _chunks(requests: Iterable[Request]) -> Iterable[list[Request]]:
    source = iter(requests)
    while chunk := list(islice(source, _LOOKED_UP_AT_ONCE)):
        yield chunk
