"""The test judge itself: it must give every recorded preference back."""

import json
import math
from typing import Any

import pytest

from tests.recorded import load_recorded, recorded_data, recorded_models
from tests.servers.answers import Answer
from tests.servers.recorded_judge import RecordedJudge, RecordedModel

INLINE = '{{"instruction": "{instruction}"}}\n<a>{first}</a>\n<b>{second}</b>\nWhich is better, a or b?'
LINES = (
    "- instruction -\n{instruction}\n- answer a -\n{first}\n- answer b -\n{second}\n- end -\n"
    "Reply `a > b` or `b > a`."
)
MODELS = (
    "## Prompt\n{instruction}\n\n## model_1\n\n{first}\n\n## model_2\n\n{second}\n\nRank model_1 and model_2."
)
TOKEN = "{instruction}\n\n`m`:\n{first}\n\n`M`:\n{second}\n\nSay m or M, one letter."


def body_of(template: str, row: dict[str, Any], is_switched: bool, **fields: Any) -> dict[str, Any]:
    first, second = (row["output_2"], row["output_1"]) if is_switched else (row["output_1"], row["output_2"])
    text = template.format(instruction=row["instruction"], first=first, second=second)
    return {"model": "m", "messages": [{"role": "user", "content": text}], **fields}


def preference_in(text: str, is_switched: bool) -> float | None:
    first = {"a > b": 1.0, "b > a": 2.0, "a": 1.0, "b": 2.0, "model_1": 1.0, "model_2": 2.0}
    if text.startswith("["):
        text = json.loads(text)[0]["model"]
    if text not in first:
        return None
    return 3 - first[text] if is_switched else first[text]


EVERY = pytest.mark.parametrize("every", [8, pytest.param(1, marks=pytest.mark.slow)])
"""All rows with the slow tests; of those whose turn comes each time, one in eight."""


@EVERY
@pytest.mark.parametrize("template", [LINES, MODELS, INLINE])
@pytest.mark.parametrize("model", ["text_davinci_001", "gpt4"])
def test_recorded_preferences_in_both_orders(model: str, template: str, every: int) -> None:
    check(model, template, every)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(21))
def test_recorded_preferences_of_every_model(number: int) -> None:
    check(recorded_models()[number], LINES, every=20)


def check(model: str, template: str, every: int) -> None:
    folder = recorded_data() / "alpaca_eval_1"
    judge = RecordedJudge(folder, model)
    for row in load_recorded(folder / model / "annotations.json.gz")[::every]:
        if row["output_1"] == row["output_2"] or not row["output_2"]:
            continue
        for is_switched in (False, True):
            answer = judge(body_of(template, row, is_switched))
            assert answer.status == 200, row
            assert preference_in(answer.text, is_switched) == row["preference"], row


@EVERY
@pytest.mark.parametrize("model", ["NullModel", "phi-2-sft"])
def test_recorded_log_probabilities_in_both_orders(model: str, every: int) -> None:
    folder = recorded_data() / "alpaca_eval_2"
    judge = RecordedJudge(folder, model)
    for row in load_recorded(folder / model / "annotations.json.gz")[::every]:
        for template, labels in ((TOKEN, ("m", "M")), (LINES, ("a", "b"))):
            for is_switched in (False, True):
                answer = judge(body_of(template, row, is_switched, logprobs=True, top_logprobs=5))
                found = weigh(answer, labels)
                assert (3 - found if is_switched else found) == pytest.approx(row["preference"], abs=1e-6)


def weigh(answer: Answer, labels: tuple[str, str]) -> float:
    assert answer.choice is not None
    tops = answer.choice["logprobs"]["content"][0]["top_logprobs"]
    first, second = (
        sum(math.exp(top["logprob"]) for top in tops if top["token"] == label) for label in labels
    )
    return 1 + second / (first + second)


SCHEMA = {
    "type": "object",
    "properties": {"explanation": {"type": "string"}, "better": {"type": "string", "enum": ["a", "b"]}},
}
RANKING = {
    "type": "object",
    "properties": {
        "ordered_models": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"model": {"type": "string"}, "rank": {"type": "number"}},
            },
        }
    },
}


def test_structured_forms() -> None:
    folder = recorded_data() / "alpaca_eval_1"
    judge = RecordedJudge(folder, "gpt4")
    row = next(
        row for row in load_recorded(folder / "gpt4" / "annotations.json.gz") if row["preference"] == 2
    )
    response_format = {"type": "json_schema", "json_schema": {"schema": SCHEMA}}
    assert (
        json.loads(judge(body_of(LINES, row, False, response_format=response_format)).text)["better"] == "b"
    )
    output_config = {"format": {"type": "json_schema", "schema": SCHEMA}}
    assert json.loads(judge(body_of(LINES, row, True, output_config=output_config)).text)["better"] == "a"
    openai_tool = {"function": {"name": "rank", "parameters": RANKING}}
    anthropic_tool = {"name": "rank", "input_schema": RANKING}
    for tool in (openai_tool, anthropic_tool):
        arguments = judge(body_of(MODELS, row, False, tools=[tool])).tool_arguments
        assert arguments == {
            "ordered_models": [{"model": "model_2", "rank": 1}, {"model": "model_1", "rank": 2}]
        }


def test_an_unknown_prompt_is_an_error() -> None:
    judge = RecordedJudge(recorded_data() / "alpaca_eval_1", "gpt4")
    assert judge({"messages": [{"role": "user", "content": "Hello"}]}).status == 400


def test_recorded_model() -> None:
    folder = recorded_data() / "alpaca_eval_1"
    model = RecordedModel(folder, "gpt4")
    row = load_recorded(folder / "gpt4" / "model_outputs.json.gz")[5]
    assert model({"messages": [{"role": "user", "content": row["instruction"]}]}).text == row["output"]
