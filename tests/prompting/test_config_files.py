"""Config files: what is wrong with one is told before anything is asked, with the place and the nearest name."""

import os
from pathlib import Path
from typing import Any

import pytest

from autoeval.annotators.config import GroupConfig, JudgeConfig
from autoeval.errors import UsageError
from autoeval.prompting.config import ModelConfig
from autoeval.prompting.prompt import compile_prompt
from autoeval.prompting.yaml_files import parse, read_yaml

LAUGHS = "a0: &a0 [x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)
MERGES = "a0: &a0 {x: 1}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "it holds nothing"),
        ("# only a remark\n", "it holds nothing"),
        ("provider", "it holds a str"),
        ("- provider: openai", "it holds a list"),
        ("a: 1\nb: 2\na: 3", "line 3, column 1: the key 'a' is given twice"),
        ("a: {b: 1, b: 2}", "the key 'b' is given twice"),
        ("a: [1", "not valid YAML: line 1"),
        ("\ta: 1", "not valid YAML: line 1, column 1"),
        ("a: *base", "undefined alias 'base'"),
        ("a: 1\n---\nb: 2", "line 2, column 1: expected a single document"),
        ("a: !!python/object/apply:os.system [ls]", "could not determine a constructor"),
        ("a: !!python/object/new:os.system [ls]", "could not determine a constructor"),
        ("a: !!python/object:os.environ {}", "could not determine a constructor"),
        ("a: !!python/name:os.system", "could not determine a constructor"),
        ("a: !!python/module:os", "could not determine a constructor"),
        ("? [1]\n: 2", "unhashable key"),
        ("a: 2024-13-45", "month must be in 1..12"),
        ("a: \0", "not valid YAML"),
        (LAUGHS, "more than 100000 values"),
        (MERGES, "more than 100000 values"),
        ("a: &a [*a]", "contains itself"),
        ("[" * 3000, "nested too deeply"),
        (b"name: caf\xe9", "is not UTF-8. Save it as UTF-8."),
        ("a: 1".encode("utf-16"), "is not UTF-8"),
    ],
)
def test_a_file_that_is_no_config(tmp_path: Path, content: str | bytes, told: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UsageError) as error:
        read_yaml(path)
    message = str(error.value)
    assert message.startswith(f"the config {path} ")
    assert told in message
    assert "\n" not in message


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_yaml(tmp_path / "config.yaml")
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        read_yaml(tmp_path)


def test_what_yaml_offers_to_authors(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(
        "\ufeffbase: &base {a: 1, b: 2}\none: {<<: *base, b: 3}\ntwo: *base\n1: x\n'1': y\n", "utf-8"
    )
    base = {"a": 1, "b": 2}
    assert read_yaml(path) == {"base": base, "one": {"a": 1, "b": 3}, "two": base, 1: "x", "1": "y"}


JUDGE: dict[str, Any] = {
    "provider": "openai",
    "model": "gpt-4.1",
    "messages": [{"role": "user", "content": "{{ first }} {{ second }}"}],
    "parser": {"kind": "ranking", "first": "a", "second": "b"},
}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"modle": "x"}, "unknown field 'modle'. Did you mean 'model'?"),
        ({"model": None}, "model: should be text, not None"),
        ({"model": 4}, "model: should be text, not 4 (put it in quotes)"),
        ({"provider": ["openai"]}, "provider: should be text"),
        ({"parameters": [1]}, "parameters: should hold fields, not [1]"),
        ({"messages": []}, "'messages' is missing"),
        ({"messages": "Which is better?"}, "messages: "),
        (
            {"messages": [{"role": "user"}]},
            "messages.0: give either 'content' (the text) or 'template' (a file)",
        ),
        ({"messages": [{"role": "user", "content": "x", "template": "y"}]}, "messages.0: give either"),
        ({"messages": [{"role": "usr", "content": "x"}]}, "messages.0.role: Input should be 'system'"),
        ({"messages": [{"role": "user", "contents": "x"}]}, "'messages.0.contents'. Did you mean 'content'?"),
        ({"prompt": {"role": "user", "content": "x"}}, "give either 'messages' (chat) or 'prompt'"),
        ({"parser": None}, "'parser' is missing"),
        ({"parser": "ranking"}, "parser: should hold fields, not 'ranking'"),
        ({"parser": {"first": "a", "second": "b"}}, "the field 'parser.kind' is missing"),
        ({"parser": {**JUDGE["parser"], "kind": "rankng"}}, "no parser 'rankng'. Did you mean 'ranking'?"),
        ({"parser": {**JUDGE["parser"], "frist": "a"}}, "'parser.ranking.frist'. Did you mean 'first'?"),
        ({"parser": {"kind": "ranking", "first": "a"}}, "the field 'parser.ranking.second' is missing"),
        ({"parser": {"kind": "ranking", "first": "a", "second": "A"}}, "must be different words"),
        (
            {"parser": {"kind": "choice", "first": True, "second": False}},
            "should be text, not True (put it in",
        ),
        ({"order": "bth"}, "order: Input should be 'random', 'both' or 'fixed'"),
        ({"samples": 0}, "samples: Input should be greater than or equal to 1"),
        ({"price": {"input": -1, "output": 2}}, "price.input: Input should be greater than or equal to 0"),
        ({"price": {"inptu": 1, "output": 2}}, "unknown field 'price.inptu'. Did you mean 'input'?"),
    ],
)
def test_a_judge_that_makes_no_sense(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError) as error:
        parse(JudgeConfig, {**JUDGE, **changes}, "config.yaml")
    message = str(error.value)
    assert message.startswith("config.yaml: ")
    assert told in message
    assert "?." not in message
    assert ".." not in message


def test_every_mistake_is_told_at_once() -> None:
    with pytest.raises(UsageError) as error:
        parse(JudgeConfig, {**JUDGE, "modle": "x", "order": "bth", "samples": 0}, "config.yaml")
    assert all(field in str(error.value) for field in ("'modle'", "order: ", "samples: "))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"combine": "jury", "annotators": {}}, "'annotators' is empty"),
        ({"combine": "juries", "annotators": {"a": JUDGE}}, "combine: Input should be 'pool' or 'jury'"),
        ({"annotators": {"a": JUDGE}}, "the field 'combine' is missing"),
        (
            {"combine": "jury", "annotators": {"a": {**JUDGE, "modle": 1}}},
            "'annotators.a.modle'. Did you mean 'model'?",
        ),
        ({"combine": "jury", "annotators": [JUDGE]}, "annotators: should hold fields"),
        ({"combine": "pool", "annotators": {"a": JUDGE}, "p_label_flip": 0.6}, "less than or equal to 0.5"),
    ],
)
def test_a_group_that_makes_no_sense(data: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError) as error:
        parse(GroupConfig, data, "config.yaml")
    assert told in str(error.value)


def compiled(folder: Path, template: str) -> Any:
    message = {"role": "user", "template": template}
    config = parse(ModelConfig, {"provider": "openai", "model": "m", "messages": [message]}, "config.yaml")
    return compile_prompt(config, folder, frozenset({"instruction"}), "config.yaml")


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("../secret.jinja", "lies outside the config's folder"),
        ("/etc/passwd", "lies outside the config's folder"),
        ("../" * 20 + "etc/passwd", "lies outside the config's folder"),
        ("linked/../../secret.jinja", "lies outside the config's folder"),
        ("linked/secret.jinja", "lies outside the config's folder"),
        ("link.jinja", "lies outside the config's folder"),
        ("promt.jinja", "'promt.jinja' cannot be read: No such file"),
        ("", "cannot be read: Is a directory"),
        ("\0", "it holds a null character"),
        ("x" * 5000, "cannot be read: File name too long"),
        ("latin.jinja", "'latin.jinja' cannot be read: it is not UTF-8"),
        ("wrong.jinja", "wrong.jinja, line 2: "),
    ],
)
def test_a_template_that_cannot_be_had(tmp_path: Path, template: str, told: str) -> None:
    folder = tmp_path / "judge"
    folder.mkdir()
    (tmp_path / "secret.jinja").write_text("{{ instruction }}")
    (folder / "link.jinja").symlink_to(tmp_path / "secret.jinja")
    (folder / "linked").symlink_to(tmp_path, target_is_directory=True)
    (folder / "latin.jinja").write_bytes(b"caf\xe9")
    (folder / "wrong.jinja").write_text("\n{% if %}")
    with pytest.raises(UsageError) as error:
        compiled(folder, template)
    assert told in str(error.value)


def test_a_folder_behind_a_link_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "real" / "parts").mkdir(parents=True)
    (tmp_path / "real" / "parts" / "prompt.jinja").write_text("Do this: {{ instruction }}\n")
    (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
    prompt = compiled(tmp_path / "link", os.path.join("parts", "..", "parts", "prompt.jinja"))  # noqa: PTH118
    assert prompt.messages([{"instruction": "x"}])[0].content == "Do this: x"
