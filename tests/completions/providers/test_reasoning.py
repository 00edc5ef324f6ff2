"""A prompt of ours, asked of a model that reasons first: the reply has room, or the model is told not to reason."""

from typing import Any

import pytest

from autoeval.completions.providers import anthropic, body
from autoeval.completions.providers.reasoning import ENOUGH, ROOM, expected_tokens, fitted
from autoeval.types import Endpoint, Message, Request

SHORT: dict[str, Any] = {"temperature": 0, "max_completion_tokens": 20}


@pytest.mark.parametrize(
    "model",
    ["gpt-6-luna", "gpt-6-sol", "openai/gpt-6-luna", "claude-haiku-5-5", "claude-opus-5", "gemini-2.5-flash"],
)
def test_a_short_reply_is_asked_for_without_reasoning_where_that_can_be(model: str) -> None:
    assert fitted(model, SHORT) == {**SHORT, "reasoning_effort": "none"}


@pytest.mark.parametrize(
    ("model", "room"),
    [
        ("gpt-6-astra", ROOM["medium"]),
        ("gpt-6.1-sol", ROOM["medium"]),
        ("gpt-6.1-terra", ROOM["medium"]),
        ("gpt-5.6-sol", ROOM["medium"]),  # sources disagree on whether it can be told not to
        ("o3", ROOM["medium"]),
        ("claude-opus-5-5", ROOM["medium"]),
        ("claude-sonnet-5-5", ROOM["high"]),
        ("us.anthropic.claude-fable-5-2", ROOM["high"]),
        ("gemini-3.8-flash", ROOM["medium"]),
        ("Qwen/Qwen3-32B", ROOM["medium"]),
        ("deepseek-ai/DeepSeek-R1", ROOM["medium"]),
        ("gpt-oss-120b", ROOM["medium"]),
    ],
)
def test_others_get_the_room_for_it(model: str, room: int) -> None:
    assert fitted(model, SHORT) == {**SHORT, "max_completion_tokens": 20 + room}
    assert fitted(model, {**SHORT, "max_completion_tokens": ENOUGH})["max_completion_tokens"] == ENOUGH


@pytest.mark.parametrize(
    "model",
    [
        *("gpt-4.1", "gpt-4o-mini", "gpt-5.1", "gpt-5.4-mini", "gpt-5.3-chat-latest", "claude-sonnet-4-6"),
        *(
            "claude-opus-4-8",
            "gemini-2.0-flash",
            "llama3.2",
            "Qwen/Qwen3-30B-A3B-Instruct-2507",
            "smollm2-135m",
        ),
    ],
)
def test_models_that_do_not_reason_by_themselves_get_what_the_config_says(model: str) -> None:
    assert fitted(model, SHORT) == SHORT
    assert expected_tokens(model, SHORT) == 0


def test_log_probabilities_are_had_without_reasoning() -> None:
    wish = {"logprobs": True, "top_logprobs": 10}
    assert fitted("gpt-6-luna", wish)["reasoning_effort"] == "none"
    sent = body(_request("openai", "gpt-6-luna", fitted("gpt-6-luna", {**wish, **SHORT})))
    assert sent["logprobs"] is True
    assert sent["temperature"] == 0


def test_an_effort_that_the_config_names_is_kept_and_gets_its_room() -> None:
    assert fitted("gpt-6-luna", {**SHORT, "reasoning_effort": "low"}) == {
        **SHORT,
        "reasoning_effort": "low",
        "max_completion_tokens": 20 + ROOM["low"],
    }
    assert (
        fitted("gpt-5.1", {**SHORT, "reasoning_effort": "high"})["max_completion_tokens"] == 20 + ROOM["high"]
    )
    assert fitted("gpt-5.5", {**SHORT, "reasoning_effort": "none"})["reasoning_effort"] == "none"


def test_none_becomes_the_least_effort_where_a_model_cannot_do_without() -> None:
    sent = fitted("gpt-6.1-sol", {**SHORT, "reasoning_effort": "none"})
    assert sent["reasoning_effort"] == "low"
    assert sent["max_completion_tokens"] == 20 + ROOM["low"]
    assert "reasoning_effort" not in fitted("qwq-32b", {**SHORT, "reasoning_effort": "none"})


@pytest.mark.parametrize(
    "told", [{"chat_template_kwargs": {"enable_thinking": False}}, {"thinking": {"type": "disabled"}}]
)
def test_a_request_that_says_it_in_its_servers_words_is_left_alone(told: dict[str, Any]) -> None:
    assert fitted("Qwen/Qwen3-32B", {**SHORT, **told}) == {**SHORT, **told}


def test_the_effort_of_a_model_to_evaluate_is_its_own() -> None:
    assert fitted("gpt-6-luna", SHORT, is_evaluated=True) == {
        **SHORT,
        "max_completion_tokens": 20 + ROOM["medium"],
    }


def test_claude_is_told_in_its_own_words() -> None:
    def sent(model: str, parameters: dict[str, Any]) -> dict[str, Any]:
        return anthropic.body(_request("anthropic", model, fitted(model, parameters)))

    short = sent("claude-haiku-5-5", SHORT)
    assert short["thinking"] == {"type": "disabled"}
    assert (short["max_tokens"], "temperature" in short) == (20, False)
    form = {"format": {"type": "json_schema", "schema": {}}}
    both = sent("claude-haiku-5-5", {**SHORT, "reasoning_effort": "low", "output_config": form})
    assert both["output_config"] == {**form, "effort": "low"}
    assert "reasoning_effort" not in sent("claude-sonnet-4-6", {**SHORT, "reasoning_effort": "low"})


def test_a_plan_expects_reasoning_where_there_is_some() -> None:
    assert expected_tokens("gpt-6-luna", fitted("gpt-6-luna", SHORT)) == 0
    assert (
        expected_tokens("gpt-6-astra", SHORT)
        > expected_tokens("gpt-6-astra", {"reasoning_effort": "low"})
        > 0
    )


def _request(provider: str, model: str, parameters: dict[str, Any]) -> Request:
    return Request(Endpoint(provider), model, (Message("user", "Which?"),), parameters=parameters)
