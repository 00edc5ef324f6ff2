"""Every model config of alpaca_eval 0.6.6 loads and asks what it asks there, or is named as broken."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from autoeval.completions import providers
from autoeval.errors import UsageError
from autoeval.generators.config import Generator
from autoeval.generators.loading import GeneratorOverrides, load_generator
from autoeval.types import Request
from tests.alpaca_eval.peer import ask_peer
from tests.processes.peer import peer_package

pytestmark = pytest.mark.peer

ROWS = tuple({"instruction": text} for text in ("Name three\ncolours.", "What is 2 + 2?"))

BROKEN = {
    "Infinity-Instruct-3M-0613-Llama3-70B": "takes no 'do_sample'",
    "Infinity-Instruct-3M-0613-Mistral-7B": "takes no 'do_sample'",
    "Infinity-Instruct-3M-0625-Llama3-70B": "takes no 'do_sample'",
    "Infinity-Instruct-3M-0625-Llama3-8B": "takes no 'do_sample'",
    "Infinity-Instruct-3M-0625-Mistral-7B": "takes no 'do_sample'",
    "Infinity-Instruct-3M-0625-Qwen2-7B": "takes no 'do_sample'",
    "Infinity-Instruct-3M-0625-Yi-1.5-9B": "takes no 'do_sample'",
    "Infinity-Instruct-7M-Gen-Llama3_1-70B": "takes no 'do_sample'",
    "Infinity-Instruct-7M-Gen-Llama3_1-8B": "takes no 'do_sample'",
    "Infinity-Instruct-7M-Gen-mistral-7B": "takes no 'do_sample'",
    "TOA": "'prompt_template' is empty",
    "aligner-2b_claude-3-opus-20240229": "the unknown field {question}",
    "aligner-2b_gpt-4-turbo-2024-04-09": "the unknown field {question}",
    "aligner-2b_qwen1.5-72b-chat": "the unknown field {question}",
    "llama-2-chat-7b-evol70k-neft": "Did you mean llama-2-chat-7b-evol70k-neft/prompt.txt?",
    "merlinite-7B-AOT": "the unknown field {sys_prompt}",
}


@cache
def config_files() -> tuple[Path, ...]:
    return tuple(sorted(peer_package().glob("models_configs/*/configs.yaml")))


@cache
def asked_there() -> dict[str, dict[str, Any]]:
    question = {"configs": [str(path) for path in config_files()], "rows": ROWS}
    with TemporaryDirectory() as folder:
        return dict(ask_peer("render_models", question, Path(folder)))


@cache
def models() -> dict[str, Generator]:
    return {
        path.parent.name: load_generator(path) for path in config_files() if path.parent.name not in BROKEN
    }


def test_all_load_or_are_named_as_broken() -> None:
    assert len(config_files()) == 234
    for path in config_files():
        if path.parent.name in BROKEN:
            with pytest.raises(UsageError) as error:
                load_generator(path)
            assert BROKEN[path.parent.name] in str(error.value)
            theirs = asked_there()[path.parent.name]
            assert "body" not in theirs, path
    assert len(models()) == 234 - len(BROKEN)


def test_prompts_and_requests_are_the_same() -> None:
    compared = 0
    for name, model in models().items():
        theirs = asked_there()[name]
        if not model.prompt.is_chat:
            assert [model.prompt.text([row]) for row in ROWS] == theirs["prompts"], name
        if "body" in theirs:
            request = Request(
                model.endpoint,
                model.model,
                model.prompt.messages(ROWS[:1]),
                model.prompt.text(ROWS[:1]),
                model.parameters,
            )
            ours, body = providers.body(request), theirs["body"]
            body = {**body, "prompt": body["prompt"][0]} if "prompt" in body else body
            assert ours == body, name
            compared += 1
    assert compared > 55


def test_a_model_without_a_decoder_says_so() -> None:
    without = [name for name, model in models().items() if model.endpoint.provider == "none"]
    assert len(without) == 23
    assert all("names no decoder" in models()[name].unmet for name in without)


def test_a_server_of_ones_own_takes_the_place_of_a_decoder() -> None:
    path = peer_package() / "models_configs" / "cohere" / "configs.yaml"
    model = load_generator(path, overrides=GeneratorOverrides(base_url="http://127.0.0.1:9/v1"))
    assert model.endpoint.base_url == "http://127.0.0.1:9/v1"
    assert model.endpoint.provider == "openai_compatible"
    assert not model.unmet


def test_how_a_local_model_is_loaded_is_not_sent_to_a_server() -> None:
    path = peer_package() / "models_configs" / "guanaco-33b" / "configs.yaml"
    model = load_generator(path, overrides=GeneratorOverrides(base_url="http://127.0.0.1:9/v1"))
    assert set(model.parameters) == {"max_tokens", "temperature", "top_p"}
