"""Anthropic's messages protocol: what is sent, and what is read."""

import json
from typing import Any

import pytest

from autoeval.completions.providers import body, create
from autoeval.completions.providers.anthropic import read
from autoeval.errors import UsageError
from autoeval.types import Completion, Endpoint, Message, Request
from tests.completions.providers.asking import ask, endpoint_of, request_to
from tests.servers import JudgeServer, always

ENDPOINT = Endpoint("anthropic")
SCHEMA = {"type": "object", "properties": {"winner": {"enum": ["a", "b"]}}}


def test_the_body_is_what_body_says_and_carries_the_key() -> None:
    with JudgeServer(always("a")) as server:
        request = request_to(
            endpoint_of(server, "anthropic"), "claude-haiku-4-5", temperature=0, max_tokens=5
        )
        ask(request)
        (received,) = server.received
    assert received.path == "/v1/messages"
    assert "sk-test-0123456789" in (received.headers.get("X-Api-Key"), received.headers["Authorization"][7:])
    assert received.headers["anthropic-version"]
    assert received.body == body(request)
    assert received.body == {
        "model": "claude-haiku-4-5",
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "Which is better?"}],
        "temperature": 0,
        "max_tokens": 5,
    }


def test_tool_call() -> None:
    tool = {"type": "function", "function": {"name": "rank", "description": "Rank.", "parameters": SCHEMA}}
    with JudgeServer(always(tool_arguments={"winner": "ä"})) as server:
        choice = {"type": "function", "function": {"name": "rank"}}
        completion = ask(request_to(endpoint_of(server, "anthropic"), tools=[tool], tool_choice=choice))
        (sent,) = server.bodies
    assert sent["tools"] == [{"name": "rank", "description": "Rank.", "input_schema": SCHEMA}]
    assert sent["tool_choice"] == {"type": "tool", "name": "rank"}
    assert completion.finish_reason == "tool_calls"
    assert json.loads(completion.tool_arguments or "") == {"winner": "ä"}


@pytest.mark.parametrize(("given", "sent"), [("required", "any"), ("auto", "auto"), ("none", "none")])
def test_tool_choice_is_translated(given: str, sent: str) -> None:
    assert body(request_to(ENDPOINT, tool_choice=given))["tool_choice"] == {"type": sent}


def test_structured_replies_in_either_spelling() -> None:
    config = {"format": {"type": "json_schema", "schema": SCHEMA}}
    assert body(request_to(ENDPOINT, output_config=config))["output_config"] == config
    response_format = {
        "type": "json_schema",
        "json_schema": {"name": "verdict", "schema": SCHEMA, "strict": True},
    }
    sent = body(request_to(ENDPOINT, response_format=response_format))
    assert sent["output_config"] == config
    assert "response_format" not in sent
    with pytest.raises(UsageError, match="json_schema"):
        body(request_to(ENDPOINT, response_format={"type": "json_object"}))


def test_thinking_is_not_part_of_the_text() -> None:
    blocks: list[dict[str, Any]] = [
        {"type": "thinking", "thinking": "hm", "signature": "x"},
        {"type": "text", "text": "a"},
        {"type": "text", "text": "b"},
    ]
    completion = read({"content": blocks, "stop_reason": "end_turn"}, 0)
    assert isinstance(completion, Completion)
    assert (completion.text, completion.has_reasoning) == ("ab", True)


def test_cached_prompt_tokens_count() -> None:
    usage = {
        "input_tokens": 3,
        "cache_creation_input_tokens": 10,
        "cache_read_input_tokens": None,
        "output_tokens": 2,
    }
    completion = read({"content": [], "usage": usage}, 0)
    assert isinstance(completion, Completion)
    assert (completion.input_tokens, completion.output_tokens) == (13, 2)


def test_stop_and_several_system_messages() -> None:
    messages = (Message("system", "One."), Message("developer", "Two."), Message("user", "Hi"))
    request = Request(ENDPOINT, "claude-haiku-4-5", messages, parameters={"stop": "END", "seed": 3})
    assert body(request) == {
        "model": "claude-haiku-4-5",
        "system": "One.\n\nTwo.",
        "messages": [{"role": "user", "content": "Hi"}],
        "max_tokens": 4096,
        "stop_sequences": ["END"],
    }


def test_a_plain_prompt_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="messages"):
        body(Request(ENDPOINT, "claude-haiku-4-5", prompt="Hi"))


def test_no_key_is_a_usage_error_before_any_call() -> None:
    with pytest.raises(UsageError, match="ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN"):
        create(ENDPOINT, 10)


def test_the_sdks_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with JudgeServer(always("a")) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.address)
        monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "token-1")
        ask(request_to(ENDPOINT))
        assert server.received[0].headers["Authorization"] == "Bearer token-1"
