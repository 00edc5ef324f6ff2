"""What a reply costs: tokens times list price. An unknown price is None, never a guess."""

from functools import cache

from autoeval.completions.kept_prices import kept_price
from autoeval.completions.providers import LOCAL
from autoeval.prompting.config import Price

BATCH = "batch"
"""What `Completion.processing` says of a reply from a batch job."""
FLEX = "flex"
"""What it says of a reply by OpenAI's flex processing, whose price is that of a batch job."""
AT_BATCH_PRICE = frozenset({BATCH, FLEX})

_FREE = Price(input=0, output=0)
_FREE_PROVIDERS = LOCAL | {"builtin"}
_LISTED_AS = {"bedrock": "aws", "vertex": "google", "gemini": "google"}
_LISTED = frozenset(
    {"anthropic", "azure", "deepseek", "fireworks", "groq", "mistral", "openai", "openrouter", "together"}
)
_TOKENS_PER_LOOKUP = 1_000  # below every tier border of the price list


@cache
def list_price(provider: str, model: str) -> Price | None:
    """Return the list price of a model from genai-prices, None where it is unknown.

    Args:
        provider: our provider name.
        model: the model's name as requested.
    """
    if provider in _FREE_PROVIDERS:
        return _FREE
    return kept_price(provider, model, lambda: _look_up(provider, model))


def _look_up(provider: str, model: str) -> Price | None:
    from genai_prices import Usage, calc_price

    def dollars(usage: Usage, **context: str) -> float:
        known = _LISTED_AS.get(provider, provider if provider in _LISTED else None)
        found = calc_price(usage, model, provider_id=known, price_context=context or None)
        return float(found.total_price) * 1_000_000 / _TOKENS_PER_LOOKUP

    given, made = Usage(input_tokens=_TOKENS_PER_LOOKUP), Usage(output_tokens=_TOKENS_PER_LOOKUP)
    try:
        return Price(
            input=dollars(given),
            output=dollars(made),
            batch_input=dollars(given, processing=BATCH),
            batch_output=dollars(made, processing=BATCH),
        )
    except LookupError:
        return None


def cost(
    price: Price | None, input_tokens: int | None, output_tokens: int | None, is_batch: bool = False
) -> float | None:
    """Return US dollars for so many tokens, None where price or count is unknown."""
    if price is None or input_tokens is None or output_tokens is None:
        return None
    given, made = price.input, price.output
    if is_batch:
        given = given if price.batch_input is None else price.batch_input
        made = made if price.batch_output is None else price.batch_output
    return (given * input_tokens + made * output_tokens) / 1_000_000
