"""What is refused before anything is asked: judges that cannot be, not in this way, or not within a budget."""

from collections.abc import Iterable

from autoeval.annotators.judges import Annotator
from autoeval.annotators.plan import Plan
from autoeval.completions.cache import Cache
from autoeval.errors import UsageError
from autoeval.prompting.asker import Asker
from autoeval.runs.estimate import prices


def refuse_unmet(plan: Plan, cache: Cache) -> None:
    """Refuse to ask a judge that cannot be asked; one whose replies are all cached is none of these.

    Raises:
        UsageError: saying why, and what can be done.
    """
    if not any(judge.unmet for judge in plan.annotator.judges):
        return
    for planned in plan:
        for question in planned.questions:
            if question.judge.unmet and question.key and not cache.known([question.key]):
                raise UsageError(
                    f"{question.judge.name} cannot be asked: {question.judge.unmet}. Judgments that it has given can "
                    "be imported with: alpaca_eval import_annotations."
                )


def refuse_unbatchable(asked: Iterable[Asker]) -> None:
    """Refuse a model without a batch API before anything is submitted.

    Raises:
        UsageError: naming its provider and those that have one.
    """
    from autoeval.completions.batch.choosing import require_batch_api

    for one in asked:
        if one.endpoint.provider != "builtin":
            require_batch_api(one.endpoint)


def refuse_without_flex(asked: Iterable[Asker]) -> None:
    """Refuse a model that OpenAI does not serve itself before it is asked for flex processing.

    Raises:
        UsageError: naming who would be asked.
    """
    from autoeval.completions.providers.flex import require_flex

    for one in asked:
        if one.endpoint.provider != "builtin":
            require_flex(one.endpoint)


def refuse_unknown_prices(annotator: Annotator, max_cost: float | None) -> None:
    """Refuse a budget for a model whose price is unknown.

    Raises:
        UsageError: naming the model and the ways to give its price.
    """
    if max_cost is None:
        return
    for (provider, model), price in prices(annotator).items():
        if price is None:
            raise UsageError(
                f"--max_cost: the price of {provider}'s model {model!r} is unknown. Give it with "
                "--judge_price '[INPUT, OUTPUT]' (US dollars per million tokens) or as 'price' in the config."
            )
