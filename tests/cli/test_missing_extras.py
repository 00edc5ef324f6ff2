"""A library that is not installed: exit 2, one line with the command that installs it, nobody asked."""

import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from autoeval.alpaca_eval.constants import get_alpaca_eval_data
from autoeval.completions.batch.choosing import batch_api
from autoeval.completions.cache import Cache
from autoeval.errors import MissingExtraError
from autoeval.types import Endpoint
from tests.cli.running import CommandLine, rows
from tests.servers import JudgeServer, always

PLAIN = {
    "provider": "openai",
    "model": "gpt-4.1",
    "messages": [{"role": "user", "content": "{{ instruction }} {{ first }} {{ second }}"}],
    "parser": {"kind": "ranking", "first": "a", "second": "b"},
    "price": {"input": 1, "output": 1},
}
CLAUDE = {**PLAIN, "provider": "anthropic", "model": "claude-haiku-5-5"}
EVALUATE = ("evaluate", "--reference_outputs", "reference.json", "--output_path", "results")
JUDGED = (*EVALUATE, "--model_outputs", "outputs.json", "--annotators_config", "judge.yaml")
OFFLINE = ("--annotators_config", "offline", "--model_outputs")
GENERATE = ("evaluate_from_model", "--evaluation_dataset", "reference.json", "--annotators_config", "offline")
NO_PARQUET = b"PAR1 and what follows is never looked at"


@dataclass(frozen=True)
class Case:
    """A command that needs the libraries of an extra, what is said of why, and the files that it reads."""

    extra: str
    missing: tuple[str, ...]
    told: str
    arguments: tuple[str, ...]
    files: Mapping[str, Any] = field(default_factory=dict)


def config(provider: str, model: str = "m") -> dict[str, str]:
    return {"judge.yaml": yaml.safe_dump({**PLAIN, "provider": provider, "model": model})}


CLAUDE_OF = "The provider 'anthropic'"
BY_CLAUDE = {"judge.yaml": yaml.safe_dump(CLAUDE)}
CASES = {
    "a judge": Case("anthropic", ("anthropic",), CLAUDE_OF, JUDGED, BY_CLAUDE),
    "a judge in batches": Case("anthropic", ("anthropic",), CLAUDE_OF, (*JUDGED, "--batch"), BY_CLAUDE),
    "one of a jury": Case(
        "anthropic",
        ("anthropic",),
        CLAUDE_OF,
        JUDGED,
        {"judge.yaml": yaml.safe_dump({"combine": "jury", "annotators": {"one": PLAIN, "other": CLAUDE}})},
    ),
    "the judge behind a cheap one": Case(
        "anthropic",
        ("anthropic",),
        CLAUDE_OF,
        (*JUDGED, "--n_paid", "50", "--predict_with", "cheap.yaml"),
        {
            **BY_CLAUDE,
            "cheap.yaml": yaml.safe_dump(PLAIN),
            "outputs.json": rows(80),
            "reference.json": rows(80, who="reference"),
        },
    ),
    "a model": Case("anthropic", ("anthropic",), CLAUDE_OF, (*GENERATE, "claude-haiku-5-5")),
    "Bedrock": Case("bedrock", ("botocore",), "The provider 'bedrock'", JUDGED, config("bedrock")),
    "Vertex": Case("vertex", ("google",), "The provider 'vertex'", JUDGED, config("vertex")),
    **{
        f"answers by {of}": Case(
            "regex",
            ("regex",),
            "the check 'regex'",
            ("check", "regex", "--model_outputs", "answers.json", "--output_path", "results", *flags),
            {"answers.json": [{"instruction": "1 + 1?", "output": "2", "target": "2"}]},
        )
        for of, flags in (("their patterns", ()), ("one pattern", ("--pattern", "[0-9]")))
    },
    "outputs": Case(
        "datasets",
        ("pyarrow",),
        "reading the Parquet file outputs.parquet",
        (*EVALUATE, *OFFLINE, "outputs.parquet"),
        {"outputs.parquet": NO_PARQUET},
    ),
    "outputs of a glob, packed": Case(
        "datasets",
        ("pyarrow",),
        "reading the Parquet file outputs.parquet.gz",
        (*EVALUATE, *OFFLINE, "*.parquet.gz"),
        {"outputs.parquet.gz": NO_PARQUET},
    ),
    "a reference behind what is generated": Case(
        "datasets",
        ("pyarrow",),
        "reading the Parquet file reference.parquet",
        (*GENERATE, "gpt-4.1", "--reference_outputs", "reference.parquet"),
        {"reference.parquet": NO_PARQUET},
    ),
    "a saved dataset": Case(
        "datasets",
        ("datasets",),
        "reading the saved dataset saved",
        (*EVALUATE, *OFFLINE, "saved"),
        {"saved/state.json": "{}"},
    ),
    "a dataset of the hub": Case(
        "datasets",
        ("datasets",),
        "--evaluation_dataset: loading somebody/questions:hard from the hub",
        ("evaluate_from_model", "gpt-4.1", "--evaluation_dataset", "somebody/questions:hard"),
    ),
    "an eval set of the hub": Case(
        "datasets",
        ("datasets",),
        "--evaluation_dataset: loading allenai/WildBench:v2:test from the hub",
        ("evaluate", "--eval_set", "wildbench", "--model_outputs", "outputs.json"),
    ),
    "a table of replies": Case(
        "datasets",
        ("pyarrow",),
        "writing the Parquet file replies.parquet",
        ("cache", "export", "cache.sqlite", "--into", "replies.parquet"),
    ),
    "llama.cpp": Case("local", ("xllamacpp",), "The model 'smollm2-135m'", (*GENERATE, "smollm2-135m")),
    "a GGUF file": Case(
        "gguf",
        ("xllamacpp",),
        "The provider 'gguf'",
        JUDGED,
        {**config("gguf", "model.gguf"), "model.gguf": b"GGUF"},
    ),
    "transformers": Case(
        "transformers",
        ("transformers", "torch"),
        "The provider 'transformers'",
        (*GENERATE, "transformers-smollm2-135m"),
    ),
    "vLLM": Case("vllm", ("vllm", "transformers"), "The provider 'vllm'", (*GENERATE, "vllm-qwen2.5-7b")),
    "vLLM, where transformers is": Case(
        "vllm", ("vllm",), "The provider 'vllm'", (*GENERATE, "vllm-qwen2.5-7b")
    ),
    "torch, where transformers is": Case(
        "transformers",
        ("torch",),
        "The provider 'transformers'",
        (*GENERATE, "transformers-smollm2-135m"),
    ),
    "a server of runs": Case("view", ("uvicorn",), "viewing runs", ("view", ".")),
    "a cluster": Case("ray", ("ray",), "--engine ray", (*JUDGED, "--engine", "ray"), BY_CLAUDE),
    **{
        tracker: Case(
            tracker,
            (tracker,),
            f"logging to {tracker}",
            (*EVALUATE, *OFFLINE, "outputs.json", "--log_to", tracker),
        )
        for tracker in ("mlflow", "trackio", "wandb")
    },
}
ELSEWHERE = {"alpaca_eval", "dev", "ifeval", "inspect", "postgres", "report"}
"""Extras that are for tests, or whose absence is told beside what they are for."""


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_extra_is_named_before_anybody_is_asked(command: CommandLine, case: Case) -> None:
    for (
        library
    ) in case.missing:  # importing it, or what another test has imported of it, fails as if it were not there
        for name in [library, *(name for name in sys.modules if name.startswith(f"{library}."))]:
            command.patch.setitem(sys.modules, name, None)
    command.patch.delitem(sys.modules, f"autoeval.completions.providers.{case.extra}", raising=False)
    with Cache(command.folder / "cache.sqlite") as cache:
        cache.put_many([])
    with JudgeServer(always("a > b")) as server:
        command.patch.setenv("OPENAI_BASE_URL", server.base_url)
        command.patch.setenv("ANTHROPIC_BASE_URL", server.address)
        for name, content in case.files.items():
            command.write(name, content)
        before = command.files()
        outcome = command(*case.arguments)
        assert server.n_requests == 0
    assert outcome.code == 2
    assert outcome.out == ""
    message = outcome.err.splitlines()[-1]
    assert message == (
        f"autoeval: {case.told} needs an optional dependency. "
        f"Install it with: pip install 'autoeval[{case.extra}]'"
    )
    assert command.files() == before


def test_jobs_that_are_collected_name_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "anthropic", None)
    with pytest.raises(MissingExtraError, match=r"autoeval\[anthropic\]"):
        batch_api(Endpoint("anthropic"), 10)


def test_a_script_that_wants_a_dataset_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtraError, match=r"autoeval\[datasets\]"):
        get_alpaca_eval_data()


def test_every_extra_is_told() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    assert set(project["project"]["optional-dependencies"]) - ELSEWHERE == {
        case.extra for case in CASES.values()
    }
