"""Google Vertex AI, through the SDKs' own clients.

Credentials are Google's application default ones, or an access token in the variable named by `api_key_env`.
Project and region come from GOOGLE_CLOUD_PROJECT and GOOGLE_CLOUD_LOCATION (or the anthropic SDK's
ANTHROPIC_VERTEX_PROJECT_ID and CLOUD_ML_REGION).
"""

import os
from typing import Any

import google.auth
from google.auth.exceptions import GoogleAuthError

from autoeval.completions.providers.anthropic import AnthropicProtocol
from autoeval.completions.providers.clouds import CloudProvider, body
from autoeval.completions.providers.keys import check_address, find_key
from autoeval.completions.providers.openai import OpenAIProtocol
from autoeval.completions.providers.sdk import SdkProvider
from autoeval.errors import UsageError
from autoeval.types import Endpoint

__all__ = ["VertexProvider", "body"]

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_PROJECT = ("GOOGLE_CLOUD_PROJECT", "ANTHROPIC_VERTEX_PROJECT_ID")
_REGION = ("GOOGLE_CLOUD_LOCATION", "CLOUD_ML_REGION")


class VertexProvider(CloudProvider):
    """Asks Claude and other models on Vertex AI."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        """Find credentials, project and region.

        Raises:
            UsageError: one of them is missing.
        """
        token, credentials = None, None
        project = _first_set(_PROJECT)
        if endpoint.api_key_env:
            token = find_key(endpoint, [], is_optional=False)
        else:
            try:
                credentials, own_project = google.auth.default(scopes=[_SCOPE])
            except GoogleAuthError as error:
                raise UsageError(
                    f"There are no Google credentials: run `gcloud auth application-default login`. ({error})"
                ) from error
            project = project or own_project
        region = _first_set(_REGION)
        if not project or not region:
            missing, names = ("region", _REGION) if project else ("project", _PROJECT)
            raise UsageError(f"There is no Google Cloud {missing}: set {names[0]}.")
        host = "aiplatform" if region == "global" else f"{region}-aiplatform"
        address = check_address(endpoint.base_url or f"https://{host}.googleapis.com/v1")
        super().__init__(
            _Claude(token, credentials, project, region, address, timeout),
            _Others(
                token,
                credentials,
                f"{address}/projects/{project}/locations/{region}/endpoints/openapi",
                timeout,
            ),
        )


class _Claude(AnthropicProtocol, SdkProvider):
    def __init__(
        self, token: str | None, credentials: Any, project: str, region: str, address: str, timeout: float
    ) -> None:
        import anthropic

        super().__init__(anthropic, token or "", timeout, (anthropic.AnthropicError, GoogleAuthError))
        self._where = {
            "access_token": token,
            "credentials": credentials,
            "project_id": project,
            "region": region,
            "base_url": address,
        }

    def _connect(self, **options: Any) -> Any:
        return self._sdk.AsyncAnthropicVertex(**self._where, **options)


class _Others(OpenAIProtocol, SdkProvider):
    def __init__(self, token: str | None, credentials: Any, address: str, timeout: float) -> None:
        import openai

        super().__init__(openai, token or "", timeout, (openai.OpenAIError,))
        self._credentials = credentials
        self._address = address

    def _connect(self, **options: Any) -> Any:
        from openai.providers.vertex import vertex

        who: Any = (
            {"credentials": self._credentials} if self._credentials else {"token_provider": lambda: self._key}
        )
        return self._sdk.AsyncOpenAI(provider=vertex(base_url=self._address, **who), **options)


def _first_set(variables: tuple[str, ...]) -> str | None:
    return next((value for name in variables if (value := os.environ.get(name))), None)
