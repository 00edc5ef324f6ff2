"""Configs that come with the alpaca_eval package: known by name, and the error says how to get them."""

from pathlib import Path

import pytest

from autoeval.annotators.loading import load_annotator
from autoeval.errors import UsageError
from autoeval.generators.loading import load_generator
from autoeval.prompting import finding


@pytest.fixture(autouse=True)
def _without_their_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "installed", lambda _: None)


@pytest.mark.parametrize(
    "name",
    ["alpaca_eval_gpt4", "weighted_alpaca_eval_gpt4_turbo", "alpaca_eval_gpt4_0314", "chatgpt_fn"],
)
def test_a_judge_of_theirs(name: str) -> None:
    with pytest.raises(
        UsageError, match=r"pip install 'autoeval\[alpaca_eval\]'.*--annotators_config_dir"
    ) as error:
        load_annotator(name)
    assert "\n" not in str(error.value)
    assert "type autoeval" in str(error.value)


def test_a_model_of_theirs() -> None:
    with pytest.raises(UsageError, match=r"pip install 'autoeval\[alpaca_eval\]'.*--base_dir"):
        load_generator("falcon-7b-instruct")


def test_a_folder_of_results_hides_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("alpaca_eval_gpt4", "falcon-7b-instruct", "gpt4_ranking", "mine"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "annotations.json").write_text("[]")
    with pytest.raises(UsageError, match=r"pip install .*--annotators_config_dir"):
        load_annotator("alpaca_eval_gpt4")
    with pytest.raises(UsageError, match=r"pip install .*--base_dir"):
        load_generator("falcon-7b-instruct")
    assert load_annotator("gpt4_ranking").name == "gpt4_ranking"
    for path in ("mine", "./alpaca_eval_gpt4", "alpaca_eval_gpt4/", str(tmp_path / "alpaca_eval_gpt4")):
        with pytest.raises(UsageError, match=r"the folder .* has no config\.yaml"):
            load_annotator(path)


def test_a_misspelt_name_still_gets_the_nearest_one() -> None:
    with pytest.raises(UsageError, match="Did you mean 'gpt4_ranking'"):
        load_annotator("gpt4_rankin")


def test_a_prompt_below_the_folder_where_the_command_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "judge.txt").write_text("{instruction} {output_1} {output_2}")
    folder = tmp_path / "configs" / "mine"
    folder.mkdir(parents=True)
    (folder / "configs.yaml").write_text(
        "mine: {prompt_template: prompts/judge.txt, completions_kwargs: {model_name: gpt-4}, "
        "completion_parser_kwargs: {outputs_to_match: {1: 'a', 2: 'b'}}}"
    )
    assert load_annotator(folder).name == "mine"
