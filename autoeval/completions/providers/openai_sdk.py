"""OpenAI itself and Azure, asked through the `openai` SDK."""

from typing import Any

from autoeval.completions.providers.keys import find_key
from autoeval.completions.providers.openai import OpenAIProtocol
from autoeval.completions.providers.presets import PRESETS, address_of
from autoeval.completions.providers.sdk import SdkProvider
from autoeval.types import Endpoint


class OpenAIProvider(OpenAIProtocol, SdkProvider):
    """Asks OpenAI through the SDK."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        """Find address and key."""
        preset = PRESETS[endpoint.provider]
        self._address = address_of(endpoint)
        is_optional = preset.key_is_optional or bool(endpoint.base_url)
        key = find_key(endpoint, [preset.key] if preset.key else [], is_optional=is_optional)
        import openai  # which takes a second or more, and nobody waits for it who has no key

        super().__init__(openai, key, timeout)

    def _connect(self, **options: Any) -> Any:
        return self._sdk.AsyncOpenAI(api_key=self._key, base_url=self._address, **options)
