"""Which batch API an endpoint has."""

from autoeval.completions.batch.anthropic import AnthropicBatches
from autoeval.completions.batch.apis import BatchApi
from autoeval.completions.batch.openai import OpenAIBatches
from autoeval.completions.providers import LOCAL, naming_the_extra
from autoeval.errors import UsageError
from autoeval.types import Endpoint

_OPENAI = frozenset({"openai", "openai_compatible", "azure"})


def batch_api(endpoint: Endpoint, timeout: float) -> BatchApi:
    """Return the batch API of an endpoint.

    Raises:
        UsageError: there is none, or the key is missing.
        MissingExtraError: the provider's package is not installed.
    """
    require_batch_api(endpoint)
    with naming_the_extra(endpoint.provider):
        return (AnthropicBatches if endpoint.provider == "anthropic" else OpenAIBatches)(endpoint, timeout)


def require_batch_api(endpoint: Endpoint) -> None:
    """Refuse an endpoint that cannot be asked in batches; nothing needs to be installed or reached for that.

    Raises:
        UsageError: naming those that can.
    """
    is_known = endpoint.provider == "anthropic" or (endpoint.provider in _OPENAI and not endpoint.clients)
    if is_known:
        return
    why = "runs on this machine" if endpoint.provider in LOCAL else "has no batch API that autoeval knows"
    if endpoint.clients:
        why = "is asked through several clients, and a batch job belongs to one"
    raise UsageError(
        f"--batch: {endpoint.provider!r} {why}; OpenAI, servers of its protocol and Anthropic can be asked in batches. "
        "Leave out --batch."
    )
