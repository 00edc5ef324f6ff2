"""From what a config says about a server to the endpoint that requests carry."""

from autoeval.completions.providers import PROVIDERS
from autoeval.errors import UsageError, nearest
from autoeval.prompting.config import ModelConfig, effective_base_url
from autoeval.types import Endpoint


def endpoint_of(config: ModelConfig, where: str) -> Endpoint:
    """Return where a config's model is asked.

    Args:
        config: what the file says.
        where: the config as errors name it.

    Raises:
        UsageError: there is no such provider, or no such local model.
    """
    if config.provider not in PROVIDERS:
        raise UsageError(
            f"{where}: there is no provider {config.provider!r}. {nearest(config.provider, PROVIDERS)}"
        )
    return Endpoint(
        provider=config.provider,
        base_url=effective_base_url(config.provider, config.base_url),
        api_key_env=config.api_key_env,
        cache_as=config.cache_as,
    )
