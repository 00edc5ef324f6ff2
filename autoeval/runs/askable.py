"""What keeps models from being asked, found before anything is paid for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from autoeval.annotators.judges import Annotator, Judge
from autoeval.annotators.plan import Plan
from autoeval.completions import providers
from autoeval.completions.ask import AskOptions
from autoeval.completions.cache import Cache
from autoeval.completions.providers import LOCAL
from autoeval.completions.replies import by_key
from autoeval.errors import UsageError
from autoeval.prompting.asker import Asker
from autoeval.runs.estimate import price_of
from autoeval.runs.refusals import refuse_unbatchable, refuse_without_flex
from autoeval.runs.retirement import refuse_gone

if TYPE_CHECKING:
    from autoeval.generators.config import Generator


def askers(generators: Iterable[Generator], annotators: Iterable[Annotator]) -> list[Generator | Judge]:
    """Return everybody who is asked: models, and judges that are not built in."""
    judges = [judge for annotator in annotators for judge in annotator.judges if not judge.is_builtin]
    return [*generators, *judges]


def refuse_unaskable(asked: Iterable[Asker], timeout: float, is_batch: bool, is_flex: bool) -> None:
    """Find a missing key, package, batch API or flex processing, and models that are gone.

    Raises:
        UsageError: one of them cannot be asked.
    """
    everybody = list(asked)
    remote = [one for one in everybody if isinstance(one, Judge) or one.endpoint.provider not in LOCAL]
    if is_batch:
        refuse_unbatchable(remote)
    if is_flex:
        refuse_without_flex(remote)
    for one in everybody:
        if one.unmet:
            raise UsageError(f"{one.name} cannot be asked: {one.unmet}.")
        refuse_gone(one, one.name)
        providers.create(one.endpoint, timeout)


def refuse_unaskable_plans(plans: Iterable[Plan], cache: Cache, options: AskOptions) -> None:
    """Refuse plans whose judges cannot be asked for what the cache lacks, before a file of theirs is begun.

    Raises:
        UsageError: one of them cannot be asked.
    """
    if options.batch_files is not None:  # somebody else asks
        return
    lacking = [plan.annotator for plan in plans if is_asked(plan, cache)]
    refuse_unaskable(askers([], lacking), options.timeout, options.is_batch, options.flex)


def is_asked(plan: Plan, cache: Cache) -> bool:
    """Whether the cache lacks a reply that a plan needs."""
    return any(len(cache.known(list(stretch))) < len(stretch) for stretch in by_key(plan.requests()))


def refuse_unpriced(generators: Iterable[Generator], max_cost: float | None) -> None:
    """Refuse a budget for a model whose price is unknown.

    Raises:
        UsageError: naming the model and the ways to give its price.
    """
    for generator in generators:
        if max_cost is not None and price_of(generator) is None:
            raise UsageError(
                f"--max_cost: the price of {generator.endpoint.provider}'s model {generator.model!r} is unknown. "
                "Give it as 'price' in its config, or with --generator_price '[INPUT, OUTPUT]' (US dollars per "
                "million tokens)."
            )
