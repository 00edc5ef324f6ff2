"""What a reply costs: tokens times list price. An unknown price is None, never a guess."""

from functools import cache

from autoeval.completions.providers import LOCAL
from autoeval.prompting.config import Price

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
    from genai_prices import Usage, calc_price

    def dollars(usage: Usage) -> float:
        known = _LISTED_AS.get(provider, provider if provider in _LISTED else None)
        return float(calc_price(usage, model, provider_id=known).total_price)

    try:
        per_lookup = [
            dollars(Usage(input_tokens=_TOKENS_PER_LOOKUP)),
            dollars(Usage(output_tokens=_TOKENS_PER_LOOKUP)),
        ]
    except LookupError:
        return None
    scale = 1_000_000 / _TOKENS_PER_LOOKUP
    return Price(input=per_lookup[0] * scale, output=per_lookup[1] * scale)


def cost(price: Price | None, input_tokens: int | None, output_tokens: int | None) -> float | None:
    """Return US dollars for so many tokens, None where price or count is unknown."""
    if price is None or input_tokens is None or output_tokens is None:
        return None
    return (price.input * input_tokens + price.output * output_tokens) / 1_000_000
