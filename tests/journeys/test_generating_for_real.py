"""A real language model on this machine generates, is judged, and judges."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

import autoeval
from autoeval.resources import shipped
from autoeval.runs.result import Evaluation
from tests.completions.providers.tiny_model import make_tiny_model
from tests.processes import start_command
from tests.servers.smollm2 import smollm2, smollm2_server

pytestmark = pytest.mark.model

REFERENCE = shipped("examples") / "reference_outputs.json"
SHORT = {"max_tokens": 24}


def _generate(folder: Path, **parameters: Any) -> Evaluation:
    smollm2()
    defaults: dict[str, Any] = {
        "model_configs": "smollm2-135m",
        "evaluation_dataset": REFERENCE,
        "annotators_config": "offline",
        "max_instances": 6,
        "generator_parameters": SHORT,
        "output_path": folder / "results",
        "caching_path": folder / "cache.sqlite",
    }
    result: Evaluation = autoeval.evaluate_from_model(**{**defaults, **parameters})
    return result


def test_smollm2_generates_and_is_placed_without_key_or_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    result = _generate(tmp_path)
    assert result.win_rate.n_total == 6
    (made,) = result.generations
    assert made.report.n_asked == 6
    assert made.tokens_per_second
    assert 0 < made.n_truncated <= 6, "few answers fit into 24 tokens"
    assert made.report.spent == 0
    assert made.report.is_price_known
    again = _generate(tmp_path)
    assert again.generations[0].report.n_requests == 0
    assert again.generations[0].rows == made.rows


def test_samples_of_one_instruction_differ(tmp_path: Path) -> None:
    parameters = {**SHORT, "temperature": 0.9, "seed": 5}
    run = _generate(tmp_path, generator_parameters=parameters, n_samples=3, max_instances=2)
    outputs = [row["output"] for row in run.generations[0].rows]
    assert len(set(outputs[:3])) > 1
    assert run.win_rate.n_total == 6


def test_smollm2_over_http_is_a_model_and_a_logprob_judge_in_both_orders(tmp_path: Path) -> None:
    with smollm2_server() as address:
        result = _generate(
            tmp_path,
            model_configs="openai_compatible",
            generator_base_url=address,
            generator_model="smollm2-135m",
            generator_parameters={**SHORT, "temperature": 0},
            annotators_config=str(_judge(tmp_path, address)),
            max_instances=2,
        )
    assert result.name == "smollm2-135m"
    assert result.win_rate.n_total == 2
    assert result.tally.flip_rate is not None
    rows = json.loads((tmp_path / "results" / "annotations.json").read_text())
    for row in rows:
        assert [judgment["is_switched_outputs"] for judgment in row["judgments"]] == [False, True]
        for judgment in row["judgments"]:
            (token,) = judgment["raw_completion"]["logprobs"]["content"]
            mass = sum(math.exp(top["logprob"]) for top in token["top_logprobs"])
            assert 0.2 < mass <= 1 + 1e-6
            assert 1 < judgment["preference"] < 2, "a probability, not a vote"
    flips = [
        (row["judgments"][0]["preference"] > 1.5) != (row["judgments"][1]["preference"] > 1.5) for row in rows
    ]
    assert result.tally.flip_rate == pytest.approx(100 * sum(flips) / 2)


def _judge(folder: Path, address: str) -> Path:
    """Copy the shipped judge, asked over HTTP."""
    source = shipped("annotator_configs") / "smollm2_logprob"
    copy = folder / "judge"
    copy.mkdir()
    config = (source / "config.yaml").read_text(encoding="utf-8")
    config = config.replace("provider: gguf", f"provider: openai_compatible\nbase_url: {address}")
    (copy / "config.yaml").write_text(config, encoding="utf-8")
    (copy / "prompt.jinja").write_bytes((source / "prompt.jinja").read_bytes())
    return copy


def test_smollm2_in_this_process_judges(tmp_path: Path) -> None:
    result = _generate(tmp_path, annotators_config="smollm2_logprob", max_instances=1)
    assert result.win_rate.n_total == 1
    assert result.ask.n_asked == 2
    assert _generate(tmp_path, annotators_config="smollm2_logprob", max_instances=1).ask.n_asked == 0


def test_serve_says_its_address_and_answers(tmp_path: Path) -> None:
    smollm2()
    command = start_command("serve", "--port", "0")
    try:
        line = command.stderr.readline()
        address = line.partition("--judge_base_url ")[2].partition(" ")[0]
        result = _generate(tmp_path, max_instances=1, annotators_config=str(_judge(tmp_path, address)))
    finally:
        command.kill()
        command.finish()
    assert result.win_rate.n_total == 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_transformers_model_runs_the_whole_journey_in_batches(tmp_path: Path) -> None:
    pytest.importorskip("transformers", reason="the extra `transformers` is not installed")
    pytest.importorskip("torch", reason="the extra `transformers` is not installed")
    model = make_tiny_model(tmp_path / "tiny")
    parameters = {"temperature": 0, "max_tokens": 8, "batch_size": 4}
    config = {"tiny": {"provider": "transformers", "model": model, "parameters": parameters}}
    result = _generate(tmp_path, model_configs=config, generator_parameters=None)
    assert result.win_rate.n_total == 6
    assert result.generations[0].report.n_asked == 6
    assert _generate(tmp_path, model_configs=config, generator_parameters=None).generations[0].n_kept == 6
