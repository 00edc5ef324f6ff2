"""OpenAI's chat and completion protocols: what is sent, and what is read."""

import json

import pytest

from autoeval.completions.providers import body, create
from autoeval.completions.providers.openai import read
from autoeval.errors import UsageError
from autoeval.types import Completion, Endpoint, Failure, FailureKind, Message, Request, TokenLogprobs
from tests.completions.providers.asking import KEY_VARIABLE, ask, endpoint_of, request_to
from tests.servers import JudgeServer, always

TOOL = {"type": "function", "function": {"name": "rank", "parameters": {"type": "object"}}}


def test_the_body_is_what_body_says_and_carries_the_key() -> None:
    with JudgeServer(always("a")) as server:
        request = request_to(endpoint_of(server), "gpt-4.1", temperature=0, max_completion_tokens=5, seed=1)
        ask(request)
        (received,) = server.received
    assert received.path == "/v1/chat/completions"
    assert received.headers["Authorization"] == "Bearer sk-test-0123456789"
    assert received.body == body(request)
    assert received.body == {
        "model": "gpt-4.1",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Which is better?"},
        ],
        "temperature": 0,
        "max_completion_tokens": 5,
        "seed": 1,
    }


def test_tool_call() -> None:
    with JudgeServer(always(tool_arguments={"winner": "a"})) as server:
        completion = ask(request_to(endpoint_of(server), tools=[TOOL]))
    assert completion.text == ""
    assert completion.finish_reason == "tool_calls"
    assert json.loads(completion.tool_arguments or "") == {"winner": "a"}


def test_all_tool_calls_are_kept() -> None:
    calls = [
        {"function": {"arguments": '{"winner": "a"}'}},
        {"function": {"arguments": {"winner": "b"}}},
        {},
        None,
    ]
    completion = read({"choices": [{"message": {"content": None, "tool_calls": calls}}]}, 0)
    assert isinstance(completion, Completion)
    assert completion.tool_arguments == '{"winner": "a"}\n{"winner": "b"}'


def test_old_function_call_is_a_tool_call() -> None:
    message = {"content": None, "function_call": {"name": "rank", "arguments": "{}"}}
    completion = read({"choices": [{"message": message, "finish_reason": "function_call"}]}, 0)
    assert isinstance(completion, Completion)
    assert completion.tool_arguments == "{}"


def test_refusal() -> None:
    with JudgeServer(always(refusal="I cannot judge this.")) as server:
        assert ask(request_to(endpoint_of(server))).refusal == "I cannot judge this."


def test_logprobs() -> None:
    top = [{"token": "m", "logprob": -0.1}, {"token": "M", "logprob": -2.5}]
    choice = {
        "message": {"role": "assistant", "content": "m"},
        "finish_reason": "length",
        "logprobs": {"content": [{"token": "m", "logprob": -0.1, "top_logprobs": top}]},
    }
    with JudgeServer(always(choice=choice)) as server:
        completion = ask(request_to(endpoint_of(server), logprobs=True, top_logprobs=2))
    assert completion.logprobs == (TokenLogprobs("m", -0.1, (("m", -0.1), ("M", -2.5))),)


def test_completion_model() -> None:
    logprobs = {
        "tokens": [" a", "."],
        "token_logprobs": [-0.2, -0.3],
        "top_logprobs": [{" a": -0.2, " b": -1.7}, None],
    }
    choice = {"text": " a.", "finish_reason": "stop", "logprobs": logprobs}
    with JudgeServer(always(choice=choice)) as server:
        parameters = {"max_completion_tokens": 3, "logprobs": True, "top_logprobs": 2}
        request = Request(
            endpoint_of(server), "gpt-3.5-turbo-instruct", prompt="Better:", parameters=parameters
        )
        completion = ask(request)
        (received,) = server.received
    assert received.path == "/v1/completions"
    assert received.body == {
        "model": "gpt-3.5-turbo-instruct",
        "prompt": "Better:",
        "max_tokens": 3,
        "logprobs": 2,
    }
    assert completion.text == " a."
    assert completion.logprobs == (
        TokenLogprobs(" a", -0.2, ((" a", -0.2), (" b", -1.7))),
        TokenLogprobs(".", -0.3),
    )


@pytest.mark.parametrize(
    "reply",
    [
        [],
        "text",
        7,
        None,
        {},
        {"choices": []},
        {"choices": None},
        {"choices": [{}]},
        {"choices": [{"message": None}]},
        {"choices": [{"message": {"content": 7}}]},
        {"choices": [{"message": {"content": [7]}}]},
    ],
)
def test_what_breaks_the_protocol_is_malformed(reply: object) -> None:
    with JudgeServer(always("a")) as server:
        provider = create(endpoint_of(server), 10)
        with pytest.raises((ValueError, TypeError, LookupError, AttributeError)):
            provider._read(reply, 0.0)  # type: ignore[union-attr]


def test_an_error_with_status_200_is_a_failure() -> None:
    found = read({"error": {"code": 429, "message": "upstream is busy"}}, 0)
    assert isinstance(found, Failure)
    assert found.kind is FailureKind.RATE_LIMITED
    found = read({"error": "overloaded"}, 0)
    assert isinstance(found, Failure)
    assert found.kind is FailureKind.SERVER_ERROR


def test_text_in_parts_leaves_reasoning_out() -> None:
    content = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
        {"type": "text", "text": "a"},
    ]
    completion = read({"choices": [{"message": {"content": content}}]}, 0)
    assert isinstance(completion, Completion)
    assert completion.text == "a"


def test_no_key_is_a_usage_error_before_any_call() -> None:
    with pytest.raises(UsageError, match="set the environment variable OPENAI_API_KEY"):
        create(Endpoint("openai"), 10)
    with pytest.raises(UsageError, match="MY_KEY"):
        create(Endpoint("openai", base_url="http://127.0.0.1:1/v1", api_key_env="MY_KEY"), 10)


def test_a_key_that_cannot_be_sent_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-…truncated")
    with pytest.raises(UsageError, match="OPENAI_API_KEY") as raised:
        create(Endpoint("openai"), 10)
    assert "truncated" not in str(raised.value)


def test_a_local_server_needs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-openai")
    with JudgeServer(always("a")) as server:
        ask(request_to(Endpoint("openai_compatible", base_url=server.base_url)))
        assert server.received[0].headers["Authorization"] == "Bearer none", (
            "OpenAI's key goes to OpenAI only"
        )


@pytest.mark.parametrize("variable", ["OPENAI_BASE_URL", "OPENAI_API_BASE"])
def test_the_sdks_environment_is_read(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    with JudgeServer(always("a")) as server:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-openai")
        monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
        monkeypatch.setenv(variable, server.base_url)
        ask(request_to(Endpoint("openai")))
        headers = server.received[0].headers
    assert headers["Authorization"] == "Bearer sk-of-openai"
    assert headers["OpenAI-Organization"] == "org-1"


@pytest.mark.parametrize(
    "address", ["127.0.0.1:8000", "localhost/v1", "ftp://x", "http://", "http://h:99999", "http://[::1"]
)
def test_a_malformed_address_is_a_usage_error(address: str) -> None:
    with pytest.raises(UsageError, match="no address of a server"):
        create(Endpoint("openai_compatible", base_url=address), 10)


def test_another_server_needs_its_address() -> None:
    with pytest.raises(UsageError, match="base_url"):
        create(Endpoint("openai_compatible"), 10)


def test_an_unknown_provider_gets_the_nearest() -> None:
    with pytest.raises(UsageError, match="Did you mean 'openai'"):
        create(Endpoint("opnai"), 10)


def test_names_of_authors_are_sent() -> None:
    messages = (Message("system", "hello", name="example_user"),)
    request = Request(Endpoint("openai", api_key_env=KEY_VARIABLE), "gpt-4.1", messages)
    assert body(request)["messages"] == [{"role": "system", "content": "hello", "name": "example_user"}]
