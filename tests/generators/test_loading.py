"""A model's config is found, checked before anything is asked, and says everything that decides the outputs."""

from pathlib import Path

import pytest

from autoeval.errors import UsageError
from autoeval.generators.config import PROMPT_VARIABLES, GeneratorConfig
from autoeval.generators.loading import GeneratorOverrides, load_generator
from autoeval.prompting.finding import find_config, shipped_configs
from autoeval.prompting.prompt import compile_prompt
from autoeval.prompting.yaml_files import parse, read_yaml


@pytest.fixture(autouse=True)
def _no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


def _write(folder: Path, text: str, name: str = "mine") -> Path:
    path = folder / name / "config.yaml"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    return path.parent


@pytest.mark.parametrize("name", shipped_configs("model_configs"))
def test_shipped_configs_are_valid_and_show_the_instruction(name: str) -> None:
    path = find_config(name, "model_configs", "--model_configs")
    config = parse(GeneratorConfig, read_yaml(path), str(path))
    prompt = compile_prompt(config, path.parent, PROMPT_VARIABLES, str(path))
    assert prompt is not None
    rows = [{"instruction": "Sing."}]
    asked = prompt.text(rows) or prompt.messages(rows)[-1].content
    assert "Sing." in asked
    assert config.description


def test_shipped_configs_show_every_kind_of_provider() -> None:
    providers = {
        read_yaml(find_config(name, "model_configs", ""))["provider"]
        for name in shipped_configs("model_configs")
    }
    assert {"openai", "anthropic", "openai_compatible", "ollama", "bedrock", "vertex"} <= providers
    assert {"transformers", "vllm", "gguf"} <= providers


def test_without_a_prompt_the_instruction_is_the_only_message(tmp_path: Path) -> None:
    generator = load_generator(_write(tmp_path, "{provider: openai, model: gpt-4.1}"))
    (message,) = generator.prompt.messages([{"instruction": "Say {{ hi }}."}])
    assert (message.role, message.content) == ("user", "Say {{ hi }}.")
    assert generator.name == "mine"


def test_a_system_prompt_and_a_completion_prompt_are_asked_as_written(tmp_path: Path) -> None:
    chat = _write(
        tmp_path,
        "provider: openai\nmodel: m\nmessages:\n- {role: system, content: Be brief.}\n"
        '- {role: user, content: "{{ instruction }}"}\n',
        "chat",
    )
    plain = _write(tmp_path, "provider: openai\nmodel: m\nprompt: {role: user, template: p.jinja}\n", "plain")
    (plain / "p.jinja").write_text("Q: {{ instruction }}\nA:", encoding="utf-8")
    rows = [{"instruction": "Why?"}]
    assert [message.content for message in load_generator(chat).prompt.messages(rows)] == [
        "Be brief.",
        "Why?",
    ]
    assert load_generator(plain).prompt.text(rows) == "Q: Why?\nA:"


def test_overrides_are_merged_into_parameters_and_null_removes_one(tmp_path: Path) -> None:
    folder = _write(tmp_path, "{provider: openai, model: m, parameters: {temperature: 1, seed: 3}}")
    overrides = GeneratorOverrides(model="other", parameters={"seed": None, "stop": ["END"]}, price=(1, 2))
    generator = load_generator(folder, overrides=overrides)
    assert generator.parameters == {"temperature": 1, "stop": ["END"]}
    assert generator.model == "other"
    assert generator.price is not None
    assert generator.price.output == 2


def test_a_config_may_be_given_in_python() -> None:
    generator = load_generator({"my-model": {"provider": "openai", "model": "gpt-4.1"}})
    assert generator.name == "my-model"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{provider: opnai, model: m}", "Did you mean 'openai'"),
        ("{provider: openai, model: ''}", "--generator_model"),
        ("{provider: openai, model: m, parser: {kind: ranking}}", "unknown field 'parser'"),
        ("{provider: openai, model: m, paramters: {}}", "Did you mean 'parameters'"),
        ("{provider: builtin, model: offline}", "only judges"),
        ("{provider: openai, model: m, messages: [{role: user, content: Hello}]}", "never shows"),
        ("{provider: openai, model: m, messages: [{role: user, content: '{{ first }}'}]}", "'first'"),
        ("{provider: gguf, model: nowhere.gguf}", "nowhere.gguf"),
    ],
)
def test_a_wrong_config_is_refused_with_what_to_do(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=said):
        load_generator(_write(tmp_path, text))


def test_a_misspelt_name_gets_the_nearest_one() -> None:
    with pytest.raises(UsageError, match="smollm2-135m"):
        load_generator("smolm2-135m")


def test_the_identity_holds_what_decides_the_outputs_and_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "sk-secret")
    folder = _write(tmp_path, "{provider: openai, model: m, api_key_env: MY_KEY, base_url: 'http://h/v1'}")
    identity = load_generator(folder).identity
    assert identity["server"] == "http://h/v1"
    assert identity["messages"] == [{"role": "user", "content": "{{ instruction }}"}]
    assert "secret" not in str(identity)
