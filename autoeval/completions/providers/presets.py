"""Where servers of OpenAI's protocol are reached, with which key; a preset's name is a provider's name.

What their models take beyond that is in `parameters.RULES` under the same name.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from autoeval.completions.providers.keys import check_address
from autoeval.errors import UsageError
from autoeval.types import Endpoint


@dataclass(frozen=True, slots=True)
class Preset:
    """How to reach one maker's servers.

    `url` is None where only the user knows it; `url_variables` are looked at before it. `key` is the variable
    that holds the key, None where no key of the user's may be sent unless the config names it. Servers whose
    `key_is_optional` work without. Those with `openai_messages` know authors' names and the role `developer`.
    """

    url: str | None
    key: str | None
    key_is_optional: bool = False
    openai_messages: bool = False
    url_variables: tuple[str, ...] = ()
    url_suffix: str = ""


def _server_of_mine(port: int, key: str | None = None) -> Preset:
    return Preset(f"http://127.0.0.1:{port}/v1", key, key_is_optional=True)


PRESETS: Mapping[str, Preset] = {
    "openai": Preset(
        "https://api.openai.com/v1",
        "OPENAI_API_KEY",
        openai_messages=True,
        url_variables=("OPENAI_BASE_URL", "OPENAI_API_BASE"),  # the latter is the SDK's old name for it
    ),
    "openai_compatible": Preset(None, None, key_is_optional=True, openai_messages=True),
    "azure": Preset(
        None,
        "AZURE_OPENAI_API_KEY",
        openai_messages=True,
        url_variables=("AZURE_OPENAI_ENDPOINT",),
        url_suffix="/openai/v1",
    ),
    "deepseek": Preset("https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
    "fireworks": Preset("https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY"),
    "gemini": Preset("https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_API_KEY"),
    "groq": Preset("https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    "huggingface": Preset("https://router.huggingface.co/v1", "HF_TOKEN"),
    "llama_cpp": _server_of_mine(8080, "LLAMA_API_KEY"),
    "lm_studio": _server_of_mine(1234),
    "mistral": Preset("https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    "ollama": _server_of_mine(11434),
    "openrouter": Preset("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", openai_messages=True),
    "sglang": _server_of_mine(30000),
    "together": Preset("https://api.together.xyz/v1", "TOGETHER_API_KEY"),
    "vllm_server": _server_of_mine(8000, "VLLM_API_KEY"),
}


_WITH_SDK = frozenset({"openai", "azure"})
_MAKERS = (".openai.com", ".azure.com")


def is_plain(endpoint: Endpoint) -> bool:
    """Whether a bearer key is all that a server wants: it is neither OpenAI's own nor Azure's."""
    if endpoint.provider not in _WITH_SDK:
        return True
    host = urlsplit(endpoint.base_url or "").hostname
    return endpoint.provider == "openai" and bool(host) and not f".{host}".endswith(_MAKERS)


def address_of(endpoint: Endpoint) -> str:
    """Return the address that requests to an endpoint go to.

    Raises:
        UsageError: it is malformed, or only the user knows it and has not said it.
    """
    preset = PRESETS[endpoint.provider]
    if endpoint.base_url:
        return check_address(endpoint.base_url)
    for variable in preset.url_variables:
        if value := os.environ.get(variable):
            return check_address(value).rstrip("/") + preset.url_suffix
    if preset.url is None:
        or_set = f", or set {preset.url_variables[0]}" if preset.url_variables else ""
        raise UsageError(
            f"The provider {endpoint.provider!r} needs the server's address: give base_url{or_set}."
        )
    return preset.url
