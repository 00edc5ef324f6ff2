"""From what a config and the environment say about a server to the endpoint that requests carry."""

import os

from autoeval.completions.providers import LOCAL, PROVIDERS, known_providers, weights_of
from autoeval.completions.providers.keys import check_address
from autoeval.completions.providers.presets import PRESETS
from autoeval.errors import UsageError, nearest
from autoeval.prompting.clients import addresses_of, clients_in_environment, first_address, read_clients
from autoeval.prompting.config import ModelConfig
from autoeval.prompting.parameter_names import wrong_with
from autoeval.types import Endpoint


def endpoint_of(config: ModelConfig, where: str) -> Endpoint:
    """Return where a config's model is asked; a local model's weights are part of it.

    Args:
        config: what the file says.
        where: the config as errors name it.

    Raises:
        UsageError: there is no such provider, or no such local model, or the address, a parameter or the client
            config is wrong.
        MissingExtraError: a local model needs a package that is not installed.
    """
    if config.provider not in PROVIDERS and config.provider not in (known := known_providers()):
        raise UsageError(
            f"{where}: there is no provider {config.provider!r}. {nearest(config.provider, known)}"
        )
    if (wrong := wrong_with(config.parameters)) is not None:
        raise UsageError(f"{where}: {wrong}")
    weights = weights_of(config.provider, config.model)
    return make_endpoint(
        config.provider, config.model, config.base_url, config.api_key_env, config.cache_as, weights=weights
    )


def make_endpoint(
    provider: str,
    model: str,
    base_url: str | None = None,
    api_key_env: str | None = None,
    cache_as: str | None = None,
    clients: str | None = None,
    weights: str | None = None,
) -> Endpoint:
    """Return where a model is asked.

    Args:
        provider: the provider's name; one that is not known here is an error only when it is asked.
        model: the model's name.
        base_url: the server's address, where the config says it; with commas those of several that serve the model.
        api_key_env: the variable with the key, where the config says it.
        cache_as: the server's name in the cache, where the config says it.
        clients: a client config file; by default the one that the environment names, for OpenAI's models whose
            config says neither address nor key.
        weights: the hash of a local model's weights.

    Raises:
        UsageError: the client config is wrong, or an address is none.
    """
    if provider == "openai" and not base_url and not api_key_env:
        clients = clients or clients_in_environment()
    if clients:
        found = read_clients(clients, model)
        for one in addresses_of(found):
            check_address(one, f"the client config {clients}")
        address = first_address(found) or _address(provider, None)
        return Endpoint(provider, address, None, cache_as, clients=clients)
    address, more = _addresses(_address(provider, base_url))
    if provider in PROVIDERS and provider not in LOCAL and address is not None:
        for one in (address, *more):
            check_address(one)
    return Endpoint(provider, address, api_key_env, cache_as, weights, more_urls=more)


def _addresses(base_url: str | None) -> tuple[str | None, tuple[str, ...]]:
    """Return the first address of a model's servers, which commas part, and the others, each once."""
    if base_url is None or "," not in base_url:
        return base_url, ()
    found = list(dict.fromkeys(part for part in (part.strip() for part in base_url.split(",")) if part))
    return (found[0], tuple(found[1:])) if found else (base_url, ())


def _address(provider: str, base_url: str | None) -> str | None:
    """Return the address that requests really go to, None for the provider's own.

    It belongs to the cache key: a reply of another server is another reply.
    """
    if base_url is not None:
        return base_url
    preset = PRESETS.get(provider)
    variables = ("ANTHROPIC_BASE_URL",) if provider == "anthropic" else preset.url_variables if preset else ()
    for variable in variables:
        if value := os.environ.get(variable):
            address = check_address(value, variable)
            return address.rstrip("/") + preset.url_suffix if preset else address
    return None
