"""Errors in which servers refuse a parameter, in their own words: which one, and what they would take."""

from typing import Any

import pytest

from autoeval.completions.providers.refusals import changed, remedy
from autoeval.types import Change

BODY: dict[str, Any] = {
    "model": "m",
    "messages": [{"role": "user", "content": "Which temperature do you like?"}],
    "temperature": 0,
    "top_p": 1.0,
    "max_tokens": 20,
    "logprobs": True,
    "top_logprobs": 5,
    "reasoning_effort": "none",
    "seed": 1,
    "stop": ["."],
    "presence_penalty": 0.1,
    "response_format": {"type": "json_object"},
    "tool_choice": "required",
}


def error(message: str, **fields: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", **fields}}


def loc(*path: str, message: str = "Extra inputs are not permitted") -> dict[str, Any]:
    return {"detail": [{"type": "extra_forbidden", "loc": list(path), "msg": message, "input": 1}]}


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (error("Unsupported parameter: 'top_p' is not supported with this model.", param="top_p"), "top_p"),
        (
            error(
                "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is "
                "supported.",
                param="temperature",
                code="unsupported_value",
            ),
            "temperature",
        ),
        (error("Unrecognized request argument supplied: reasoning_effort"), "reasoning_effort"),
        (error("`temperature` is deprecated for this model."), "temperature"),
        (error("temperature: Extra inputs are not permitted"), "temperature"),
        (error("seed: Extra inputs are not permitted"), "seed"),
        (error('Invalid JSON payload received. Unknown name "seed": Cannot find field.'), "seed"),
        (error("property 'logprobs' is unsupported"), "logprobs"),
        (error("property 'top_logprobs' is unsupported"), "top_logprobs"),
        (error("deepseek-reasoner does not support the parameter `logprobs`."), "logprobs"),
        (error("Model grok-9 does not support parameter stop."), "stop"),
        (
            {"code": "400", "error": "Argument not supported on this model: presencePenalty"},
            "presence_penalty",
        ),
        (error("`temperature` and `top_p` cannot both be specified for this model."), "top_p"),
        (error("json mode is not supported", param="response_format"), "response_format"),
        (error("tool_choice is only supported when thinking is off"), "tool_choice"),
        (loc("body", "seed"), "seed"),
        ({"detail": "extraneous key [stop] is not permitted"}, "stop"),
        (
            {"object": "error", "message": "[{'loc': ('body', 'seed'), 'msg': 'Extra inputs'}]", "code": 400},
            "seed",
        ),
        ("temperature may only be set to 1 when thinking is enabled", "temperature"),
    ],
)
def test_the_parameter_that_is_refused_is_found(said: Any, name: str) -> None:
    assert remedy(said, BODY) == Change(name)


@pytest.mark.parametrize(
    ("said", "before", "after"),
    [
        (
            error(
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' "
                "instead.",
                param="max_tokens",
                code="unsupported_parameter",
            ),
            "max_tokens",
            "max_completion_tokens",
        ),
        (error("Unknown name 'max_completion_tokens'"), "max_completion_tokens", "max_tokens"),
        (error("max_tokens is deprecated, use max_output_tokens"), "max_tokens", "max_output_tokens"),
        (loc("body", "stop", message="unknown field, try stop_sequences"), "stop", "stop_sequences"),
        (error("seed is not a valid parameter: random_seed is"), "seed", "random_seed"),
    ],
)
def test_a_parameter_with_another_name_is_sent_under_that(said: Any, before: str, after: str) -> None:
    body = {"model": "m", "messages": [], before: 20}
    change = remedy(said, body)
    assert change == Change(before, after)
    assert changed(body, [change]) == {"model": "m", "messages": [], after: 20}


@pytest.mark.parametrize(
    "said",
    [
        error("max_tokens is too large: 5000. This model supports at most 4096 completion tokens."),
        error(
            "Invalid 'temperature': decimal above maximum value. Expected a value <= 2.", param="temperature"
        ),
        error("`top_p` must be > 0.0 and < 1.0"),
        error("This model's maximum context length is 4096 tokens; reduce max_tokens, it is not supported."),
        error("The model does not support images."),
        error("messages: role 'system' is not supported", param="messages[0].role"),
        error("Unknown model: m", param="model"),
        error("Please stop. This is not supported."),
        error("n is not supported"),
        error("bad request"),
        "",
        None,
        [],
        {"error": {"message": None, "param": 7}},
    ],
)
def test_what_refuses_no_parameter_changes_nothing(said: Any) -> None:
    assert remedy(said, BODY) is None


def test_log_probabilities_go_together_and_parts_of_a_parameter_alone() -> None:
    assert not {"logprobs", "top_logprobs"} & changed(BODY, [Change("top_logprobs")]).keys()
    body = {"output_config": {"effort": "low", "format": {"type": "json_schema"}}}
    change = remedy(error("output_config.effort: Extra inputs are not permitted"), body)
    assert change == Change("output_config.effort")
    assert changed(body, [change]) == {"output_config": {"format": {"type": "json_schema"}}}
    assert remedy(
        error("thinking.type: 'disabled' is not supported"), {"thinking": {"type": "disabled"}}
    ) == Change("thinking")
