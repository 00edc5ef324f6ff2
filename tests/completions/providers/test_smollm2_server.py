"""A real model over a real OpenAI-compatible API."""

import math

import pytest

from autoeval.types import Completion, Endpoint, Failure, FailureKind
from tests.completions.providers.asking import ask_all, request_to
from tests.servers.smollm2 import smollm2_server

pytestmark = pytest.mark.model


def test_text_logprobs_and_errors_of_a_real_server() -> None:
    with smollm2_server() as base_url:
        endpoint = Endpoint("llama_cpp", base_url=base_url)
        replies = ask_all(
            [
                request_to(endpoint, "smollm2-135m", temperature=0, max_completion_tokens=6),
                request_to(
                    endpoint, "smollm2-135m", temperature=0, max_tokens=1, logprobs=True, top_logprobs=5
                ),
                request_to(endpoint, "smollm2-135m", max_tokens="many"),
            ],
            timeout=120,
        )
    said, weighed, wrong = (reply.outcome for reply in replies)
    assert isinstance(said, Completion)
    assert said.text
    assert said.output_tokens == 6
    assert said.finish_reason == "length"
    assert isinstance(weighed, Completion)
    (token,) = weighed.logprobs
    assert len(token.top) == 5
    assert 0 < sum(math.exp(logprob) for _, logprob in token.top) <= 1
    assert isinstance(wrong, Failure)
    assert wrong.kind is FailureKind.INVALID_REQUEST
