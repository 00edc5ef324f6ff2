"""Named servers of OpenAI's protocol: each reaches its address with its key and the parameters it takes."""

from typing import Any

import pytest

from autoeval.completions.providers import PROVIDERS, body, create
from autoeval.completions.providers.presets import PRESETS, address_of
from autoeval.errors import UsageError
from autoeval.types import Completion, Endpoint, FailureKind, Message, Request, TokenLogprobs
from tests.completions.providers.asking import ask, fail, request_to
from tests.servers import Answer, JudgeServer, always

WISHES: dict[str, Any] = {
    "temperature": 0.5,
    "max_completion_tokens": 7,
    "logprobs": True,
    "top_logprobs": 10,
    "seed": 3,
    "frequency_penalty": 0.1,
}
AS_WISHED = {name: value for name, value in WISHES.items() if name != "max_completion_tokens"} | {
    "max_tokens": 7
}

EXPECTED: dict[str, tuple[str, str | None, dict[str, Any]]] = {
    "azure": ("https://mine.openai.azure.com/openai/v1", "AZURE_OPENAI_API_KEY", WISHES),
    "deepseek": ("https://api.deepseek.com/v1", "DEEPSEEK_API_KEY", AS_WISHED),
    "fireworks": (
        "https://api.fireworks.ai/inference/v1",
        "FIREWORKS_API_KEY",
        AS_WISHED | {"top_logprobs": 5},
    ),
    "gemini": (
        "https://generativelanguage.googleapis.com/v1beta/openai",
        "GEMINI_API_KEY",
        {"temperature": 0.5, "max_tokens": 7},
    ),
    "groq": (
        "https://api.groq.com/openai/v1",
        "GROQ_API_KEY",
        {"temperature": 0.5, "max_tokens": 7, "seed": 3, "frequency_penalty": 0.1},
    ),
    "huggingface": ("https://router.huggingface.co/v1", "HF_TOKEN", AS_WISHED),
    "llama_cpp": ("http://127.0.0.1:8080/v1", None, AS_WISHED),
    "lm_studio": ("http://127.0.0.1:1234/v1", None, AS_WISHED),
    "mistral": (
        "https://api.mistral.ai/v1",
        "MISTRAL_API_KEY",
        {"temperature": 0.5, "max_tokens": 7, "random_seed": 3, "frequency_penalty": 0.1},
    ),
    "ollama": ("http://127.0.0.1:11434/v1", None, AS_WISHED),
    "openai": ("https://api.openai.com/v1", "OPENAI_API_KEY", WISHES),
    "openrouter": ("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", WISHES),
    "sglang": ("http://127.0.0.1:30000/v1", None, AS_WISHED),
    "together": (
        "https://api.together.xyz/v1",
        "TOGETHER_API_KEY",
        {"temperature": 0.5, "max_tokens": 7, "seed": 3, "frequency_penalty": 0.1, "logprobs": 10},
    ),
    "vllm_server": ("http://127.0.0.1:8000/v1", None, AS_WISHED),
}
MODEL = "some-model"


@pytest.fixture(autouse=True)
def _azure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://mine.openai.azure.com/")


def test_every_preset_is_expected_below_and_a_provider() -> None:
    assert set(PRESETS) == set(EXPECTED) | {"openai_compatible"}
    assert set(PRESETS) <= set(PROVIDERS)


@pytest.mark.parametrize("name", EXPECTED)
def test_address_key_and_parameters(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    address, variable, parameters = EXPECTED[name]
    assert address_of(Endpoint(name)) == address
    sent = body(Request(Endpoint(name), MODEL, (Message("user", "Hi"),), parameters=WISHES))
    assert sent == {"model": MODEL, "messages": [{"role": "user", "content": "Hi"}], **parameters}
    if variable is None:
        create(Endpoint(name), 10)
        return
    monkeypatch.delenv(variable, raising=False)
    with pytest.raises(UsageError, match=variable):
        create(Endpoint(name), 10)
    monkeypatch.setenv(variable, "sk-of-preset")
    with JudgeServer(key="sk-of-preset") as server:
        assert ask(request_to(Endpoint(name, base_url=server.base_url))).text == "yes"


@pytest.mark.parametrize("name", EXPECTED)
def test_errors_of_every_preset(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(EXPECTED[name][1] or "UNUSED", "sk-of-preset")
    with JudgeServer(always("No such model", status=404, code="model_not_found")) as server:
        assert fail(request_to(Endpoint(name, base_url=server.base_url))).kind is FailureKind.REFUSED


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_authors_and_developers_are_sent_only_where_they_are_known(name: str) -> None:
    messages = (Message("developer", "Be brief.", name="me"),)
    (sent,) = body(Request(Endpoint(name), MODEL, messages))["messages"]
    if PRESETS[name].openai_messages:
        assert sent == {"role": "developer", "content": "Be brief.", "name": "me"}
    else:
        assert sent == {"role": "system", "content": "Be brief."}


def test_azure_says_how_to_give_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_OPENAI_ENDPOINT")
    with pytest.raises(UsageError, match="AZURE_OPENAI_ENDPOINT"):
        create(Endpoint("azure"), 10)


def test_deepseeks_reasoner_gets_no_logprobs() -> None:
    request = Request(Endpoint("deepseek"), "deepseek-reasoner", (Message("user", "Hi"),), parameters=WISHES)
    assert {"logprobs", "temperature"}.isdisjoint(body(request))


def test_reasoning_models_are_known_behind_azure_and_openrouter() -> None:
    for name, model in (("azure", "gpt-5.5"), ("openrouter", "openai/gpt-5.5")):
        request = Request(Endpoint(name), model, (Message("user", "Hi"),), parameters=WISHES)
        assert "temperature" not in body(request)


def test_togethers_logprobs_are_read() -> None:
    logprobs = {"tokens": ["a"], "token_logprobs": [-0.1], "top_logprobs": [{"a": -0.1, "b": -3}]}
    choice = {"message": {"content": "a"}, "finish_reason": "length", "logprobs": logprobs}
    with JudgeServer(always(choice=choice)) as server:
        completion = ask(request_to(Endpoint("openai_compatible", base_url=server.base_url)))
    assert completion.logprobs == (TokenLogprobs("a", -0.1, (("a", -0.1), ("b", -3.0))),)


def test_geminis_error_list_is_read() -> None:
    with JudgeServer(lambda _: Answer("API key not valid.", status=400)) as server:
        found = fail(request_to(Endpoint("gemini", base_url=server.base_url, api_key_env="TEST_JUDGE_KEY")))
    assert found.kind is FailureKind.REFUSED


def test_completions_of_two_servers_do_not_mix(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {"MODEL_KEY": "sk-model", "REFERENCE_KEY": "sk-reference", "JUDGE_KEY": "sk-judge"}
    for variable, key in keys.items():
        monkeypatch.setenv(variable, key)
        with JudgeServer(always(variable), key=key) as server:
            endpoint = Endpoint("openai_compatible", base_url=server.base_url, api_key_env=variable)
            completion = ask(request_to(endpoint))
            assert isinstance(completion, Completion)
            assert completion.text == variable
