"""Several clients for one model: a file of keys, organizations and addresses among which requests rotate.

The format is AlpacaEval's `client_configs`: a mapping of model names (and `default`) to lists of clients; the word
`default` in a list stands for the default clients. Keys stay in the file: what travels is its path.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from autoeval.errors import UsageError, nearest
from autoeval.prompting.yaml_files import read_yaml

CLIENTS_VARIABLE = "OPENAI_CLIENT_CONFIG_PATH"
KEYS_VARIABLE = "OPENAI_API_KEYS"
_ORGANIZATIONS_VARIABLE = "OPENAI_ORGANIZATION_IDS"

CLIENT_CLASSES = {
    "openai.OpenAI": "AsyncOpenAI",
    "openai.AsyncOpenAI": "AsyncOpenAI",
    "openai.AzureOpenAI": "AsyncAzureOpenAI",
    "openai.AsyncAzureOpenAI": "AsyncAzureOpenAI",
}
"""What a `client_class` is here, where all clients are asynchronous."""

Client = Mapping[str, Any]
"""What an OpenAI client is made with, and `client_class`."""


def clients_in_environment() -> str | None:
    """Return the client config file that the environment names, or the variable that lists several keys."""
    path = os.environ.get(CLIENTS_VARIABLE)
    if path:
        return path
    return KEYS_VARIABLE if os.environ.get(KEYS_VARIABLE) else None


def read_clients(source: str, model: str) -> list[Client]:
    """Return the clients of a model.

    Args:
        source: a client config file, or the name of the variable that lists keys.
        model: as the request names it.

    Raises:
        UsageError: the file cannot be read, or has no client for the model.
    """
    if source == KEYS_VARIABLE:
        return _from_variables()
    data = read_yaml(Path(source).expanduser())
    entries = data.get(model, ["default"])
    clients: list[Client] = []
    for entry in entries if isinstance(entries, list) else [entries]:
        found = data.get("default") if entry == "default" else [entry]
        if not isinstance(found, list) or not all(isinstance(client, dict) for client in found):
            raise UsageError(
                f"the client config {source} has no list of clients under 'default' or {model!r}. "
                "Write one, each with its 'api_key'."
            )
        clients += found
    for client in clients:
        if client.get("client_class", "openai.OpenAI") not in CLIENT_CLASSES:
            raise UsageError(
                f"the client config {source} names the client_class {client['client_class']!r}. "
                f"{nearest(str(client['client_class']), CLIENT_CLASSES)}"
            )
    if not clients:
        raise UsageError(f"the client config {source} has no client for {model!r}. Add one under 'default'.")
    return clients


def _from_variables() -> list[Client]:
    keys = os.environ[KEYS_VARIABLE].split(",")
    organizations = os.environ.get(_ORGANIZATIONS_VARIABLE, "").split(",")
    return [
        {"api_key": key.strip(), **({"organization": organization.strip()} if organization else {})}
        for key in keys
        for organization in organizations
    ]


def first_address(clients: list[Client]) -> str | None:
    """Return the address of the first client, which names the server in the cache; None for OpenAI's own."""
    return next(addresses_of(clients[:1]), None)


def addresses_of(clients: list[Client]) -> Iterator[str]:
    """Return the address of each client that has one."""
    for client in clients:
        if address := client.get("base_url") or client.get("azure_endpoint"):
            yield str(address)
