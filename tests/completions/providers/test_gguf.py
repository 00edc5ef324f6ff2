"""llama.cpp in this process, with the real weights of SmolLM2-135M."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autoeval.completions.providers import LocalProvider, create, weights_of
from autoeval.errors import UsageError
from autoeval.types import Completion, Endpoint, Failure, FailureKind, Message, Request
from tests.servers.smollm2 import smollm2

ENDPOINT = Endpoint("gguf")
MODEL = "smollm2-135m"


@pytest.fixture(scope="module")
def provider() -> Iterator[LocalProvider]:
    smollm2()
    provider = create(ENDPOINT, 10)
    assert isinstance(provider, LocalProvider)
    yield provider
    provider.close()


def chat(text: str, **parameters: Any) -> Request:
    return Request(ENDPOINT, MODEL, (Message("user", text),), parameters={"temperature": 0, **parameters})


def answered(outcome: Completion | Failure) -> Completion:
    assert isinstance(outcome, Completion), outcome
    return outcome


@pytest.mark.model
def test_replies_come_in_the_order_of_the_requests(provider: LocalProvider) -> None:
    words = ["Paris", "Rome", "Vienna"]
    requests = [chat(f"Repeat this word: {word}", max_completion_tokens=12) for word in words]
    replies = [answered(outcome) for outcome in provider.complete_many(requests)]
    alone = [answered(provider.complete_many([request])[0]) for request in requests]
    assert [reply.text for reply in replies] == [reply.text for reply in alone]
    assert len({reply.text for reply in replies}) == 3
    assert all(reply.input_tokens and reply.output_tokens and reply.seconds > 0 for reply in replies)
    assert {reply.model for reply in replies} == {"SmolLM2-135M-Instruct.Q4_1"}


@pytest.mark.model
def test_greedy_replies_repeat_and_logprobs_are_real(provider: LocalProvider) -> None:
    request = chat("Answer with one letter, a or b.", max_tokens=1, logprobs=True, top_logprobs=5)
    first, second = (answered(provider.complete_many([request])[0]) for _ in range(2))
    assert first.text == second.text
    assert first.finish_reason == "length"
    (token,) = first.logprobs
    assert len(token.top) == 5
    assert token.logprob == max(logprob for _, logprob in token.top) <= 0


@pytest.mark.model
def test_plain_prompts_and_stops(provider: LocalProvider) -> None:
    request = Request(
        ENDPOINT, MODEL, prompt="One, two, three,", parameters={"temperature": 0, "stop": [" five"]}
    )
    reply = answered(provider.complete_many([request])[0])
    assert "four" in reply.text
    assert "five" not in reply.text
    assert reply.finish_reason == "stop"


@pytest.mark.model
def test_a_prompt_that_is_too_long_fails_alone(provider: LocalProvider) -> None:
    outcomes = provider.complete_many([chat("word " * 5_000, max_tokens=1), chat("Hi", max_tokens=1)])
    assert isinstance(outcomes[0], Failure)
    assert outcomes[0].kind is FailureKind.INVALID_REQUEST
    assert "context" in outcomes[0].message
    assert isinstance(outcomes[1], Completion)


@pytest.mark.model
def test_a_file_that_is_no_model_is_refused(provider: LocalProvider, tmp_path: Path) -> None:
    file = tmp_path / "broken.gguf"
    file.write_bytes(b"GGUF" + b"\0" * 100)
    (outcome,) = provider.complete_many([Request(ENDPOINT, str(file), (Message("user", "Hi"),))])
    assert isinstance(outcome, Failure)
    assert outcome.kind is FailureKind.REFUSED
    assert "broken.gguf" in outcome.message


@pytest.mark.parametrize(("model", "message"), [("gone.gguf", "no file"), ("smollm2-135", "Did you mean")])
def test_a_model_that_is_not_there(model: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        weights_of("gguf", model)


def test_weights_tell_files_apart_whatever_they_are_called(tmp_path: Path) -> None:
    data = bytes(range(256)) * 200_000
    copies = {name: tmp_path / f"{name}.gguf" for name in ("one", "copy", "longer", "changed")}
    copies["one"].write_bytes(data)
    copies["copy"].write_bytes(data)
    copies["longer"].write_bytes(data + b"\0")
    copies["changed"].write_bytes(data[:40_000] + b"\0" * 1_000_000 + data[1_040_000:])
    hashes = {name: weights_of("gguf", str(path)) for name, path in copies.items()}
    assert hashes["one"] == hashes["copy"]
    assert len(set(hashes.values())) == 3


def test_a_served_model_has_no_weights() -> None:
    assert weights_of("openai", "gpt-4.1") is None
