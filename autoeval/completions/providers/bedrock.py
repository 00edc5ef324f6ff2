"""Amazon Bedrock, through the SDKs' own clients.

Credentials and region come from where AWS's tools look for them (AWS_BEARER_TOKEN_BEDROCK, AWS_ACCESS_KEY_ID,
AWS_PROFILE, AWS_REGION, …).
"""

import os
from typing import Any

import botocore.session
from botocore.exceptions import BotoCoreError

from autoeval.completions.providers.anthropic import AnthropicProtocol
from autoeval.completions.providers.clouds import CloudProvider, body
from autoeval.completions.providers.keys import check_address, find_key
from autoeval.completions.providers.openai import OpenAIProtocol
from autoeval.completions.providers.sdk import SdkProvider
from autoeval.errors import UsageError
from autoeval.types import Endpoint

__all__ = ["BedrockProvider", "body"]

_TOKEN = "AWS_BEARER_TOKEN_BEDROCK"


class BedrockProvider(CloudProvider):
    """Asks Claude and other models on Bedrock."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        """Find credentials and region.

        Raises:
            UsageError: there are none.
        """
        address = check_address(endpoint.base_url) if endpoint.base_url else None
        token = (
            find_key(endpoint, [], is_optional=False)
            if endpoint.api_key_env
            else os.environ.get(_TOKEN) or None
        )
        try:
            session = botocore.session.get_session()
            region = os.environ.get("AWS_REGION") or session.get_config_variable("region")
            has_credentials = token is not None or session.get_credentials() is not None
        except BotoCoreError as error:
            raise UsageError(f"AWS is not set up: {error}") from error
        if not has_credentials:
            raise UsageError(
                f"There are no AWS credentials: run `aws configure`, or set AWS_PROFILE or {_TOKEN}."
            )
        if not region:
            raise UsageError("There is no AWS region: set AWS_REGION, for example to us-east-1.")
        super().__init__(
            _Claude(token, region, address, timeout),
            _Others(token, region, address, timeout),
        )


class _Claude(AnthropicProtocol, SdkProvider):
    def __init__(self, token: str | None, region: str, address: str | None, timeout: float) -> None:
        import anthropic

        super().__init__(anthropic, token or "", timeout, (anthropic.AnthropicError, BotoCoreError))
        self._where = {"api_key": token, "aws_region": region, "base_url": address}

    def _connect(self, **options: Any) -> Any:
        return self._sdk.AsyncAnthropicBedrock(**self._where, **options)


class _Others(OpenAIProtocol, SdkProvider):
    def __init__(self, token: str | None, region: str, address: str | None, timeout: float) -> None:
        import openai

        super().__init__(openai, token or "", timeout, (openai.OpenAIError, BotoCoreError))
        # Without an address, the SDK would ask another of Bedrock's endpoints, Mantle.
        root = address or f"https://bedrock-runtime.{region}.amazonaws.com"
        self._where = {
            "api_key": token,
            "region": region,
            "base_url": f"{root}/openai/v1",
            "endpoint": "runtime",
        }

    def _connect(self, **options: Any) -> Any:
        from openai.providers.bedrock import bedrock

        where: Any = self._where
        return self._sdk.AsyncOpenAI(provider=bedrock(**where), **options)
