"""A parameter that a server would leave out without a word, because it is misspelt, is refused before it is asked."""

from typing import Any

import pytest

from autoeval.annotators.config import JudgeConfig
from autoeval.completions.endpoints import endpoint_of
from autoeval.errors import UsageError
from autoeval.prompting.config import ModelConfig
from autoeval.prompting.parameter_names import meant_by
from autoeval.prompting.yaml_files import parse

OF_SOME_SERVER = (
    "temperature min_tokens prompt_logprobs repeat_penalty guided_json num_ctx top_a top_n_sigma typical_p "
    "max_output_tokens max_new_tokens stop_sequences enable_thinking reasoning_format logits_all"
)


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"temprature": 0}, "no parameter 'temprature'. Did you mean 'temperature'"),
        ({"max_token": 9}, "Did you mean 'max_tokens'"),
        ({"maxTokens": 9}, "Did you mean 'max_tokens'"),
        ({"top-p": 1}, "Did you mean 'top_p'"),
        ({"reasoning_efort": "none"}, "Did you mean 'reasoning_effort'"),
        ({"temperature": "zero"}, "parameters.temperature: should be a number, not 'zero'"),
        ({"max_tokens": [9]}, "parameters.max_tokens: should be a number"),
        ({"seed": True}, "parameters.seed: should be a number"),
    ],
)
def test_misspelt_parameters_and_wrong_values_are_refused(parameters: dict[str, Any], told: str) -> None:
    config = ModelConfig(provider="openai_compatible", model="m", parameters=parameters)
    with pytest.raises(UsageError, match=f"j.yaml: .*{told}"):
        endpoint_of(config, "j.yaml")


def test_parameters_of_servers_that_nobody_here_knows_are_passed_on() -> None:
    for name in OF_SOME_SERVER.split():
        assert meant_by(name) is None, name
    config = ModelConfig(provider="openai_compatible", model="m", parameters={"num_ctx": 4, "seed": None})
    assert endpoint_of(config, "j.yaml").provider == "openai_compatible"


@pytest.mark.parametrize("field", ["temperature", "temprature", "max_tokens", "seed"])
def test_a_parameter_outside_the_parameters_is_told_its_place(field: str) -> None:
    with pytest.raises(UsageError, match=f"unknown field '{field}'. Put it among the 'parameters'"):
        parse(JudgeConfig, {"provider": "openai", "model": "m", field: 0}, "j.yaml")


def test_what_should_be_a_list_is_said_in_words_of_yaml() -> None:
    with pytest.raises(UsageError, match="messages: should be a list, not 'hello'"):
        parse(JudgeConfig, {"provider": "openai", "model": "m", "messages": "hello"}, "j.yaml")
