"""Annotators by name or path: shipped ones work, flags replace fields, fingerprints tell judges apart."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from autoeval.annotators.judges import Annotator
from autoeval.annotators.loading import load_annotator, names
from autoeval.annotators.overrides import JudgeOverrides
from autoeval.annotators.plan import Plan
from autoeval.completions import providers
from autoeval.completions.pricing import list_price
from autoeval.errors import UsageError
from autoeval.resources import shipped
from tests.annotators.planning import REMOTE, pairs

JUDGE: dict[str, Any] = {
    "description": "A judge for tests.",
    "provider": "openai",
    "model": "gpt-4.1",
    "parameters": {"temperature": 0},
    "messages": [{"role": "user", "content": "{{ instruction }} {{ first }} {{ second }}"}],
    "parser": {"kind": "ranking", "first": "a", "second": "b"},
}
OF_AN_OUTPUT_ALONE = {"instruction_difficulty"}
"""Its prompt shows no instruction: what it grades is one."""
SERVER = JudgeOverrides(model="my-model", base_url="http://127.0.0.1:9/v1")


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("OPENAI_BASE_URL", "OPENAI_API_BASE", "ANTHROPIC_BASE_URL", "OPENAI_CLIENT_CONFIG_PATH"):
        monkeypatch.delenv(variable, raising=False)


def load(folder: Path, config: Mapping[str, Any], overrides: JudgeOverrides | None = None) -> Annotator:
    path = folder / "judge.yaml"
    path.write_text(yaml.safe_dump(dict(config)))
    return load_annotator(path, overrides)


def test_what_is_shipped() -> None:
    assert {"gpt4_ranking", "gpt4_logprob", "gpt4_cot", "claude", "claude_cot"} < set(REMOTE) < set(names())
    assert {"openai_compatible", "longest", "offline"} < set(names())


@pytest.mark.parametrize("name", [*REMOTE, "longest", "offline"])
def test_every_shipped_annotator_can_be_asked(name: str) -> None:
    """Its prompt shows instruction and outputs, and its provider makes a body of it, for both orders."""
    annotator = load_annotator(name, SERVER if name == "openai_compatible" else None)
    assert annotator.name == name
    assert annotator.description
    n = annotator.kind.n_outputs
    fields = {column: f"the {column}" for column in annotator.judges[0].columns}
    plan = Plan(annotator, [replace(pair, outputs=pair.outputs[-n:], fields=fields) for pair in pairs(4)])
    requests = plan.requests()
    for planned in plan:
        assert planned.questions
        for question in planned.questions:
            if question.key is None:
                assert question.judge.is_builtin
                continue
            request = next(requests)
            asked = "".join(message.content for message in request.messages)
            shown = [output.text for output in planned.case.outputs]
            ahead = () if name in OF_AN_OUTPUT_ALONE else (planned.case.instruction,)
            places = [asked.index(text) for text in (*ahead, *shown[:: -1 if question.is_switched else 1])]
            assert places == sorted(places)
            body = providers.body(request)
            assert body["model"] == question.judge.model
            assert planned.case.output in str(body["messages"])


@pytest.mark.parametrize("name", sorted(set(REMOTE) - {"openai_compatible"}))
def test_the_price_of_every_shipped_judge_is_known(name: str) -> None:
    for judge in load_annotator(name).judges:
        price = judge.price or list_price(judge.endpoint.provider, judge.model)
        assert price is not None
        assert price.output >= price.input
        assert (price.input > 0) == (judge.endpoint.provider != "vllm_server"), (
            "a server of one's own costs nothing"
        )


def test_a_shipped_annotator_can_be_copied_and_given_as_folder_or_file(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(shipped("annotator_configs") / "gpt4_ranking", folder)
    original = load_annotator("gpt4_ranking")
    for source in (folder, str(folder), folder / "config.yaml"):
        annotator = load_annotator(source)
        assert annotator.name == "mine"
        assert annotator.fingerprint == original.fingerprint
    (folder / "config.yaml").rename(folder / "other.yaml")
    assert load_annotator(folder / "other.yaml").name == "other"


def test_a_folder_here_comes_before_a_shipped_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("gpt4_ranking").mkdir()
    Path("gpt4_ranking", "config.yaml").write_text(yaml.safe_dump({**JUDGE, "model": "mine"}))
    assert load_annotator("gpt4_ranking").models == ["mine"]


DECIDES: dict[str, dict[str, Any]] = {
    "model": {"model": "gpt-4.1-mini"},
    "provider": {"provider": "openrouter"},
    "server": {"base_url": "http://127.0.0.1:9/v1"},
    "name of the server": {"cache_as": "mine"},
    "parameter": {"parameters": {"temperature": 1}},
    "prompt": {"messages": [{"role": "user", "content": "{{ instruction }}: {{ first }} {{ second }}"}]},
    "role": {"messages": [{**JUDGE["messages"][0], "role": "system"}]},
    "parser": {"parser": {**JUDGE["parser"], "tie": "tie"}},
    "order": {"order": "both"},
    "samples": {"samples": 2},
}
DOES_NOT_DECIDE: dict[str, dict[str, Any]] = {
    "description": {"description": "Another text."},
    "link": {"link": "https://example.org"},
    "key": {"api_key_env": "MY_KEY"},
    "price": {"price": {"input": 1, "output": 2}},
    "usual length": {"reply_tokens": 7},
}


@pytest.mark.parametrize("what", DECIDES)
def test_what_decides_a_verdict_changes_the_fingerprint(tmp_path: Path, what: str) -> None:
    assert load(tmp_path, {**JUDGE, **DECIDES[what]}).fingerprint != load(tmp_path, JUDGE).fingerprint


@pytest.mark.parametrize("what", DOES_NOT_DECIDE)
def test_what_decides_nothing_leaves_the_fingerprint(tmp_path: Path, what: str) -> None:
    assert load(tmp_path, {**JUDGE, **DOES_NOT_DECIDE[what]}).fingerprint == load(tmp_path, JUDGE).fingerprint


def test_only_the_prompt_changes_the_prompt_hash(tmp_path: Path) -> None:
    original = load(tmp_path, JUDGE).prompt_hash
    assert load(tmp_path, {**JUDGE, **DECIDES["model"]}).prompt_hash == original
    assert load(tmp_path, {**JUDGE, **DECIDES["prompt"]}).prompt_hash != original


def test_pools_and_juries_differ(tmp_path: Path) -> None:
    judges = {"one": JUDGE, "two": {**JUDGE, "model": "gpt-4.1-mini"}}
    pool, jury = (load(tmp_path, {"combine": kind, "annotators": judges}) for kind in ("pool", "jury"))
    assert pool.models == jury.models == ["gpt-4.1", "gpt-4.1-mini"]
    assert (pool.combine, jury.combine) == ("pool", "jury")
    noisy = load(tmp_path, {"combine": "pool", "annotators": judges, "p_label_flip": 0.1})
    assert len({pool.fingerprint, jury.fingerprint, noisy.fingerprint}) == 3


OVERRIDES = JudgeOverrides(
    base_url="http://127.0.0.1:9/v1", model="other", api_key_env="MY_KEY", order="both", price=(2, 8)
)


def test_flags_take_the_place_of_fields(tmp_path: Path) -> None:
    judges = {"one": JUDGE, "two": {**JUDGE, "order": "fixed", "price": {"input": 1, "output": 1}}}
    for config in (JUDGE, {"combine": "jury", "annotators": judges}):
        for judge in load(tmp_path, config, OVERRIDES).judges:
            assert (judge.model, judge.order) == ("other", "both")
            assert judge.endpoint.base_url == "http://127.0.0.1:9/v1"
            assert judge.endpoint.api_key_env == "MY_KEY"
            assert judge.price is not None
            assert (judge.price.input, judge.price.output) == (2, 8)


def test_the_environment_names_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = load(tmp_path, JUDGE)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    named = load(tmp_path, JUDGE)
    assert named.judges[0].endpoint.base_url == "http://127.0.0.1:9/v1"
    assert named.fingerprint != plain.fingerprint  # another server is another judge
    monkeypatch.setenv("OPENAI_BASE_URL", "")
    assert load(tmp_path, JUDGE).fingerprint == plain.fingerprint


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"provider": "opnai"}, "no provider 'opnai'. Did you mean 'openai'?"),
        ({"provider": "builtin", "model": "longst"}, "no built-in judge 'longst'. Did you mean 'longest'?"),
        ({"model": ""}, "model is not set. Give --judge_model"),
        ({"messages": [{"role": "user", "content": "{{ first }}"}]}, "never shows the output 'second'"),
        (
            {"messages": [{"role": "user", "content": "{{ first|length }} {{ second }}"}]},
            "never shows the output 'first'",
        ),
        ({"messages": [{"role": "user", "content": "{{ output_1 }}"}]}, "unknown variable 'output_1'"),
        (
            {"messages": [{"role": "user", "content": "{first} {second} {first}", "syntax": "braces"}]},
            "has {first} 2 times",
        ),
        (
            {"messages": [{"role": "user", "content": "{{ first }}", "syntax": "braces"}]},
            "never shows the output",
        ),
        ({"messages": [{"role": "user", "template": "none.jinja"}]}, "'none.jinja' cannot be read"),
    ],
)
def test_a_judge_that_cannot_work(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError) as error:
        load(tmp_path, {**JUDGE, **changes})
    assert str(error.value).startswith(str(tmp_path))
    assert told in str(error.value)


def test_a_prompt_of_a_completion_model(tmp_path: Path) -> None:
    config = {key: value for key, value in JUDGE.items() if key != "messages"}
    config["prompt"] = {"role": "user", "content": "{instruction}|{first}|{second}", "syntax": "braces"}
    (request, *_) = Plan(load(tmp_path, {**config, "order": "fixed"}), pairs(1)).requests()
    assert request.messages == ()
    assert request.prompt == "question 0|reference 0|model 0"
    assert providers.body(request)["prompt"] == request.prompt


@pytest.mark.parametrize("price", [(2,), (1, 2, 3), (1, -2), ("1", "2"), (1, float("nan")), 5, "cheap", {}])
def test_a_price_that_is_none(price: Any) -> None:
    with pytest.raises(UsageError, match=r"--judge_price must be two numbers.*such as \[2, 8\]"):
        JudgeOverrides(price=price)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("gpt4_rankin", "Did you mean 'gpt4_ranking'?"),
        ("nothing/like/it", "Known: arena_hard"),
        ("x" * 5000, "there is no config"),
        ("\0", "there is no config"),
        (["gpt4_ranking"], "neither a name nor a path"),
        (4, "neither a name nor a path"),
        (Path(__file__).parent, "has no config.yaml"),
        (Path(__file__), "not valid YAML"),
    ],
)
def test_an_annotator_that_is_not_there(source: Any, told: str) -> None:
    with pytest.raises(UsageError) as error:
        load_annotator(source)
    assert told in str(error.value)
