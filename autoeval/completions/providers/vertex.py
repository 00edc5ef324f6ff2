"""Google Vertex AI, through the SDKs' own clients.

Credentials are Google's application default ones, or an access token in the variable named by `api_key_env`.
Project and region come from GOOGLE_CLOUD_PROJECT and GOOGLE_CLOUD_LOCATION (or the anthropic SDK's
ANTHROPIC_VERTEX_PROJECT_ID and CLOUD_ML_REGION).
"""

import os
from functools import partial
from typing import Any

import google.auth
from google.auth.exceptions import GoogleAuthError

from autoeval.completions.providers.anthropic import AnthropicProtocol
from autoeval.completions.providers.clouds import CloudProvider, body
from autoeval.completions.providers.keys import check_address, find_key
from autoeval.completions.providers.openai import OpenAIProtocol
from autoeval.completions.providers.sdk_transport import SdkTransport
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


class _Claude(AnthropicProtocol):
    def __init__(
        self, token: str | None, credentials: Any, project: str, region: str, address: str, timeout: float
    ) -> None:
        import anthropic

        connect = partial(
            anthropic.AsyncAnthropicVertex,
            access_token=token,
            credentials=credentials,
            project_id=project,
            region=region,
            base_url=address,
        )
        refusals = (anthropic.AnthropicError, GoogleAuthError)
        super().__init__(SdkTransport(anthropic, connect, refusals), token or "", timeout)


class _Others(OpenAIProtocol):
    def __init__(self, token: str | None, credentials: Any, address: str, timeout: float) -> None:
        import openai
        from openai.providers.vertex import vertex

        who: Any = {"credentials": credentials} if credentials else {"token_provider": lambda: token}
        connect = partial(openai.AsyncOpenAI, provider=vertex(base_url=address, **who))
        super().__init__(SdkTransport(openai, connect, (openai.OpenAIError,)), token or "", timeout)


def _first_set(variables: tuple[str, ...]) -> str | None:
    return next((value for name in variables if (value := os.environ.get(name))), None)
