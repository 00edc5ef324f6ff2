"""From what a config says about a server to the endpoint that requests carry."""

from autoeval.completions.providers import PROVIDERS
from autoeval.errors import UsageError, nearest
from autoeval.prompting.clients import clients_in_environment, first_address, read_clients
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
    return make_endpoint(config.provider, config.model, config.base_url, config.api_key_env, config.cache_as)


def make_endpoint(
    provider: str,
    model: str,
    base_url: str | None = None,
    api_key_env: str | None = None,
    cache_as: str | None = None,
    clients: str | None = None,
) -> Endpoint:
    """Return where a model is asked, from its config's words and the environment.

    Args:
        provider: the provider's name.
        model: the model's name.
        base_url: the server's address, where it is not the provider's own.
        api_key_env: the variable with the key, where it is not the provider's own.
        cache_as: the server's name in the cache, where it has one.
        clients: a client config file. By default the one that the environment names, for models of OpenAI whose
            config says neither address nor key.

    Raises:
        UsageError: the client config is wrong.
    """
    if provider == "openai" and not base_url and not api_key_env:
        clients = clients or clients_in_environment()
    if clients:
        address = first_address(read_clients(clients, model)) or effective_base_url(provider, None)
        return Endpoint(provider, address, None, cache_as, clients=clients)
    return Endpoint(provider, effective_base_url(provider, base_url), api_key_env, cache_as)
