"""Every evaluator config of alpaca_eval 0.6.6 loads, and asks what it asks there."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from autoeval.annotators.alpaca_eval import FIELDS
from autoeval.annotators.judges import Annotator, Judge
from autoeval.annotators.loading import load_annotator
from autoeval.completions import providers
from autoeval.prompting.alpaca_eval.templates import read_template
from autoeval.prompting.alpaca_eval.token_bias import tokenizer
from autoeval.prompting.templates import BraceTemplate
from autoeval.prompting.yaml_files import read_yaml
from autoeval.types import Request
from tests.alpaca_eval.peer import ask_peer
from tests.processes.peer import peer_package
from tests.recorded import load_recorded, recorded_data

pytestmark = pytest.mark.peer

N_ROWS = 50

FAILS_THERE = {
    "bedrock_claude": "is not installed",
    "bedrock_claude_2": "is not installed",
    "claude": "TypeError",  # its SDK's text completions are gone
    "claude_2": "TypeError",
    "claude_ranking": "AssertionError",  # no ChatML marks
    "cohere": "is not installed",
    "davinci003_1": "KeyError",  # its tokenizer is not to be had offline
    "guanaco_33b": "",
    "oasst_pythia_12b": "is not installed",
    "Self-taught-llama3.1-70B-dpo": "is not installed",
    "alpaca_eval_vllm_llama3_70b_fn": "is not installed",
}
"""Annotators for which 0.6.6 itself makes no request here, and a part of why."""


def config_files() -> list[Path]:
    return sorted(peer_package().glob("evaluators_configs/*/config*.yaml"))


@cache
def annotators() -> dict[Path, Annotator]:
    return {path: load_annotator(path) for path in config_files()}


def judges() -> Iterator[tuple[Path, Judge]]:
    for path, annotator in annotators().items():
        for judge in annotator.judges:
            yield path, judge


@cache
def rows() -> tuple[dict[str, str], ...]:
    recorded = load_recorded(recorded_data() / "alpaca_eval_2" / "Qwen-14B-Chat" / "annotations.json.gz")
    return tuple(
        {name: row[name] for name in ("instruction", "output_1", "output_2")} for row in recorded[:N_ROWS]
    )


@cache
def rendered() -> dict[tuple[str, str], dict[str, Any]]:
    question = {
        "configs": [str(path) for path in config_files()],
        "rows": rows(),
        "tokens": token_numbers(),
    }
    with TemporaryDirectory() as folder:
        answers = ask_peer("render", question, Path(folder))
    return {(answer["config"], answer["annotator"]): answer for answer in answers}


def token_numbers() -> dict[str, dict[str, list[int]]]:
    """Return token numbers by model and text, which the peer would have to download."""
    encode = tokenizer("cl100k_base").encode
    numbers: dict[str, dict[str, list[int]]] = {}
    for path in config_files():
        for entry in read_yaml(path).values():
            kwargs = entry.get("completions_kwargs", {})
            texts = [*kwargs.get("tokens_to_avoid", ()), *kwargs.get("tokens_to_favor", ())]
            if texts and "davinci" not in kwargs["model_name"]:
                numbers.setdefault(kwargs["model_name"], {}).update({text: encode(text) for text in texts})
    return numbers


def request_of(judge: Judge, batch: tuple[dict[str, str], ...]) -> Request:
    assert judge.prompt is not None
    return Request(
        judge.endpoint, judge.model, judge.prompt.messages(batch), judge.prompt.text(batch), judge.parameters
    )


def test_all_configs_load() -> None:
    names = [judge.name for _, judge in judges()]
    assert len(config_files()) == 44  # one of them is called config.yaml, which 0.6.6 does not find by name
    assert len(names) == 56


def test_prompts_are_the_same_letter_for_letter_before_chatml_is_split() -> None:
    for path, judge in judges():
        entry = read_yaml(path)[judge.name]
        text = read_template(entry["prompt_template"], path.parents[1], "")
        template = BraceTemplate(text, FIELDS)
        theirs = rendered()[str(path), judge.name]["prompts"]
        assert len(theirs) == N_ROWS // judge.batch_size
        for number, prompt in enumerate(theirs):
            start = number * judge.batch_size
            assert template.render(rows()[start : start + judge.batch_size]) == prompt, judge.name


def test_requests_are_the_same() -> None:
    compared = 0
    for path, judge in judges():
        theirs = rendered()[str(path), judge.name]
        if judge.name in FAILS_THERE:
            assert FAILS_THERE[judge.name] in theirs["error"], (judge.name, theirs["error"])
            continue
        assert "body" in theirs, (judge.name, theirs)
        ours = providers.body(request_of(judge, rows()[: judge.batch_size]))
        assert with_text_keys(ours) == with_text_keys(single(theirs["body"])), judge.name
        assert judge.endpoint.base_url == theirs["address"]
        compared += 1
    assert compared == 56 - len(FAILS_THERE)


def single(body: dict[str, Any]) -> dict[str, Any]:
    """0.6.6 sends ten plain prompts in a list; we send each on its own."""
    return {**body, "prompt": body["prompt"][0]} if "prompt" in body else body


def with_text_keys(body: dict[str, Any]) -> dict[str, Any]:
    bias = {str(token): value for token, value in body.get("logit_bias", {}).items()}
    return {**body, "logit_bias": bias}


def test_what_cannot_be_asked_any_more_says_so() -> None:
    unmet = {judge.name for _, judge in judges() if judge.unmet}
    gone = {"bedrock_claude", "bedrock_claude_2", "claude", "claude_2", "cohere", "guanaco_33b"}
    assert unmet - {"davinci003_1"} == gone
