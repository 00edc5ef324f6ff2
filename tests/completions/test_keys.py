"""A reply may be used again exactly where the same question would be asked."""

from dataclasses import replace
from types import MappingProxyType

import pytest

from autoeval.completions.keys import request_key
from autoeval.types import Endpoint, Message, Request

REQUEST = Request(
    Endpoint("openai", "http://host/v1", "MY_KEY"),
    "gpt-4.1",
    (Message("system", "Judge."), Message("user", "a or b?")),
    parameters={"temperature": 0, "logit_bias": {"1": 2}},
)


@pytest.mark.parametrize(
    "other",
    [
        replace(REQUEST, model="gpt-4.1-mini"),
        replace(REQUEST, messages=(Message("system", "Judge."), Message("user", "a or b"))),
        replace(REQUEST, messages=(Message("user", "Judge."), Message("user", "a or b?"))),
        replace(REQUEST, messages=(Message("system", "Judge.a"), Message("user", " or b?"))),
        replace(REQUEST, messages=(Message("system", "Judge."), Message("user", "a or b?", "Ann"))),
        replace(REQUEST, messages=(), prompt="a or b?"),
        replace(REQUEST, prompt=""),
        replace(REQUEST, parameters={"temperature": 0.1, "logit_bias": {"1": 2}}),
        replace(REQUEST, parameters={"temperature": 0}),
        replace(REQUEST, sample=1),
        replace(REQUEST, endpoint=Endpoint("openai", "http://other/v1")),
        replace(REQUEST, endpoint=Endpoint("openai")),
        replace(REQUEST, endpoint=Endpoint("anthropic", "http://host/v1")),
        replace(REQUEST, endpoint=Endpoint("openai", weights="abc")),
    ],
)
def test_whatever_decides_the_reply_is_in_the_key(other: Request) -> None:
    assert request_key(other) != request_key(REQUEST)


@pytest.mark.parametrize(
    "same",
    [
        replace(REQUEST, parameters={"logit_bias": {"1": 2}, "temperature": 0}),
        replace(REQUEST, endpoint=Endpoint("openai", "http://host/v1", "ANOTHER_KEY")),
    ],
)
def test_what_does_not_decide_the_reply_is_not(same: Request) -> None:
    assert request_key(same) == request_key(REQUEST)


def test_a_named_server_may_move() -> None:
    here = replace(REQUEST, endpoint=Endpoint("openai", "http://127.0.0.1:1/v1", cache_as="ours"))
    there = replace(REQUEST, endpoint=Endpoint("openai", "http://127.0.0.1:2/v1", cache_as="ours"))
    assert request_key(here) == request_key(there)


def test_the_same_weights_are_the_same_model_wherever_they_lie() -> None:
    here, there = (
        Endpoint("transformers", f"/{place}", cache_as=place, weights="abc") for place in ("a", "b")
    )
    assert request_key(replace(REQUEST, endpoint=here)) == request_key(replace(REQUEST, endpoint=there))
    nested = replace(REQUEST, parameters={"x": MappingProxyType({"y": (1, 2)})})
    assert request_key(nested) == request_key(replace(REQUEST, parameters={"x": {"y": [1, 2]}}))


def test_a_parameter_that_cannot_be_sent_is_an_error() -> None:
    with pytest.raises(TypeError, match="cannot be sent"):
        request_key(replace(REQUEST, parameters={"x": object()}))
