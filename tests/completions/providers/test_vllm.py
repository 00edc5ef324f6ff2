"""vLLM's offline engine needs a GPU; what it is asked does not. Its server's protocol is tested as `vllm_server`."""

import importlib.util

import pytest

from autoeval.completions.providers import body, create
from autoeval.completions.providers.vllm import sampling_of
from autoeval.errors import MissingExtraError, UsageError
from autoeval.types import Endpoint, Message, Request

ENDPOINT = Endpoint("vllm")
WISHES = {
    "max_completion_tokens": 5,
    "temperature": 0,
    "logprobs": True,
    "top_logprobs": 7,
    "tensor_parallel_size": 2,
}


def test_sampling_parameters() -> None:
    request = Request(ENDPOINT, "org/model", (Message("user", "Hi"),), parameters=WISHES)
    assert sampling_of(request) == {"max_tokens": 5, "temperature": 0, "logprobs": 7}
    assert body(request)["messages"] == [{"role": "user", "content": "Hi"}]


def test_an_unknown_parameter_gets_the_nearest() -> None:
    request = Request(ENDPOINT, "org/model", prompt="Hi", parameters={"tensor_parallel": 2})
    with pytest.raises(UsageError, match="tensor_parallel_size"):
        sampling_of(request)


@pytest.mark.skipif(importlib.util.find_spec("vllm") is not None, reason="vLLM is installed")
def test_without_vllm_the_extra_is_named() -> None:
    with pytest.raises(MissingExtraError, match=r"autoeval\[vllm\]"):
        create(ENDPOINT, 10)
