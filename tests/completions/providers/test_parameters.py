"""The table of parameter rules, for the models that the price list knows today."""

import pytest

from autoeval.completions.providers.parameters import adapt

WISHES = {
    "temperature": 0,
    "top_p": 0.9,
    "max_tokens": 5,
    "logprobs": True,
    "top_logprobs": 5,
    "seed": 1,
    "stop": ["."],
}


@pytest.mark.parametrize(
    "model",
    [
        "o1",
        "o1-mini",
        "o3",
        "o3-pro",
        "o4-mini",
        "gpt-5",
        "gpt-5-mini",
        "gpt-5.5",
        "gpt-5.6-sol",
        "gpt-5.2-pro",
        "gpt-5.3-codex",
        "gpt-6-luna",
        "gpt-6.1-sol",
        "openai/gpt-6.1-terra",
    ],
)
def test_reasoning_models_get_no_sampling_parameters(model: str) -> None:
    assert adapt("openai", model, WISHES) == {"max_completion_tokens": 5, "seed": 1}


@pytest.mark.parametrize("model", ["gpt-5.1", "gpt-5.2", "gpt-5.4-mini", "gpt-5.4-2026-03-05"])
def test_models_that_reason_on_demand_sample_until_then(model: str) -> None:
    renamed = {
        "max_completion_tokens" if name == "max_tokens" else name: value for name, value in WISHES.items()
    }
    assert adapt("openai", model, WISHES) == renamed
    assert adapt("openai", model, {**WISHES, "reasoning_effort": "none"}) == {
        **renamed,
        "reasoning_effort": "none",
    }
    assert "temperature" not in adapt("openai", model, {**WISHES, "reasoning_effort": "high"})


@pytest.mark.parametrize(
    "model", ["gpt-4.1", "gpt-4o-mini", "gpt-4", "gpt-3.5-turbo", "ft:gpt-4o:mine", "gpt-4.5-preview"]
)
def test_other_models_get_what_the_config_says(model: str) -> None:
    assert adapt("openai", model, WISHES) == WISHES


@pytest.mark.parametrize("model", ["gpt-5-chat-latest", "gpt-chat-latest", "gpt-5.3-chat-latest"])
def test_chat_variants_sample(model: str) -> None:
    assert adapt("openai", model, WISHES)["temperature"] == 0


def test_other_servers_get_the_old_name_of_the_limit() -> None:
    assert adapt("openai_compatible", "smollm2-135m", {"max_completion_tokens": 5, "min_p": 0.1}) == {
        "max_tokens": 5,
        "min_p": 0.1,
    }


@pytest.mark.parametrize(
    "model",
    [
        "claude-opus-4-7",
        "claude-opus-4-8",
        "claude-opus-5",
        "claude-sonnet-5-5",
        "claude-haiku-5-5",
        "claude-fable-5-2",
        "claude-opus-5-20260801",
        "claude-nova-10-1",
    ],
)
def test_newer_claude_models_get_no_sampling_parameters(model: str) -> None:
    assert adapt("anthropic", model, WISHES) == {"max_tokens": 5, "stop_sequences": ["."]}


@pytest.mark.parametrize(
    "model",
    [
        "claude-opus-4-6",
        "claude-sonnet-4-6",
        "claude-haiku-4-5-20251001",
        "claude-3-haiku",
        "claude-opus-4-20250514",
        "claude-2",
        "anthropic.claude-v1",
    ],
)
def test_older_claude_models_sample(model: str) -> None:
    assert adapt("anthropic", model, {"temperature": 0}) == {"temperature": 0, "max_tokens": 4096}


def test_null_means_not_set() -> None:
    assert adapt("openai", "gpt-4.1", {"temperature": None}) == {}
