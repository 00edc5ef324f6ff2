"""Code in the manner of projects that call alpaca_eval, with nothing changed but its import, or its command."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import autoeval
import autoeval.alpaca_eval as alpaca_eval
from autoeval.alpaca_eval import constants, utils
from autoeval.alpaca_eval import evaluate as alpaca_farm_evaluate
from autoeval.alpaca_eval.annotators import PairwiseAnnotator
from autoeval.alpaca_eval.main import evaluate as evaluate_function
from autoeval.journeys.analyze_models import analyze_models
from autoeval.journeys.compare import compare
from autoeval.journeys.label import label
from autoeval.journeys.show import show
from autoeval.runs.finished import Run
from tests.processes import start_command
from tests.servers import JudgeServer, always

MODELS = {"short": 3, "middle": 20, "long": 60}


def outputs(model: str) -> list[dict[str, Any]]:
    return [
        {
            "instruction": f"Say {n}.",
            "output": f"{n} " * MODELS[model],
            "generator": model,
            "dataset": "helpful_base",
        }
        for n in range(12)
    ]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    for model in MODELS:
        (tmp_path / f"{model}.json").write_text(json.dumps(outputs(model)))
    return tmp_path


def test_open_instruct_takes_the_board_as_a_dictionary_of_metrics(folder: Path) -> None:
    df_leaderboard, annotations = evaluate_function(
        model_outputs=outputs("long"),
        reference_outputs=outputs("middle"),
        annotators_config="longest",
        output_path=str(folder / "eval"),
        is_return_instead_of_print=True,
        caching_path=str(folder / "eval" / "alpaca_eval_annotator_cache.json"),
        precomputed_leaderboard=None,
        is_cache_leaderboard=False,
        fn_metric="get_winrate",
        sort_by="win_rate",
    )
    metrics = df_leaderboard.to_dict()
    assert metrics["win_rate"] == {"long": 100.0}
    json.dumps(metrics)
    assert len(annotations) == 12
    assert (folder / "eval" / "longest" / "leaderboard.csv").is_file()


def test_evalchemy_takes_the_last_row_of_the_returned_board(folder: Path) -> None:
    leaderboard = alpaca_eval.evaluate(
        model_outputs=pd.DataFrame(outputs("short")),
        reference_outputs=pd.DataFrame(outputs("middle")),
        annotators_config="longest",
        is_return_instead_of_print=True,
        output_path=None,
        precomputed_leaderboard=None,
        fn_metric="get_winrate",
        sort_by="win_rate",
    )
    results = leaderboard[0].loc["short"].to_dict()
    assert {"win_rate", "standard_error", "n_total", "avg_length"} <= set(results)
    assert results["win_rate"] == 0


def test_oumi_names_the_model_and_limits_the_instances(folder: Path) -> None:
    df_leaderboard, _ = alpaca_eval.evaluate(
        model_outputs=pd.DataFrame(outputs("long")).drop(columns="generator"),
        reference_outputs=outputs("short"),
        annotators_config="longest",
        fn_metric="get_winrate",
        is_return_instead_of_print=True,
        is_overwrite_leaderboard=True,
        max_instances=5,
        sort_by="win_rate",
        name="my_run",
        output_path=None,
        precomputed_leaderboard=None,
    )
    metrics = df_leaderboard.loc["my_run"]
    assert metrics["n_total"] == 5
    assert float(metrics["win_rate"]) == 100


def test_tess2_controls_length_afterwards(folder: Path) -> None:
    _, annotations = alpaca_eval.evaluate(
        outputs("long"), outputs("middle"), "longest", is_return_instead_of_print=True, output_path=None,
        fn_metric="get_winrate", sort_by="win_rate", precomputed_leaderboard=None,
    )  # fmt: skip
    found = alpaca_eval.metrics.get_length_controlled_winrate(annotations, save_weights_dir=None)
    assert found["win_rate"] == 100
    assert {"length_controlled_winrate", "lc_standard_error"} <= set(found)


def test_alpaca_farm_annotates_heads_and_pairs_with_a_server(folder: Path) -> None:
    judge = folder / "judges" / "mine"
    judge.mkdir(parents=True)
    (judge / "configs.yaml").write_text(
        "mine: {prompt_template: 'Best of (a) {output_1} (b) {output_2} for {instruction}', "
        "fn_completions: openai_completions, completions_kwargs: {model_name: gpt-4, max_tokens: 9}, "
        "completion_parser_kwargs: {outputs_to_match: {1: '\\(a\\)', 2: '\\(b\\)'}}, "
        "is_randomize_output_order: false}"
    )
    with JudgeServer(always("(b)")) as server:
        annotator = PairwiseAnnotator(
            annotators_config=str(judge / "configs.yaml"), judge_base_url=server.base_url, seed=1,
            caching_path=str(folder / "auto_annotations_{seed}.sqlite"),
        )  # fmt: skip
        heads = annotator.annotate_head2head(outputs_1=outputs("short"), outputs_2=outputs("long"))
        again = annotator.annotate_pairs(to_annotate=heads)
        assert server.n_requests == 12
    assert [row["preference"] for row in heads] == [2.0] * 12
    assert [row["preference"] for row in again] == [2.0] * 12
    assert alpaca_eval.metrics.pairwise_to_winrate([row["preference"] for row in heads])["win_rate"] == 100
    assert (folder / "auto_annotations_1.sqlite").is_file()
    assert alpaca_farm_evaluate is alpaca_eval.evaluate


def command(*arguments: str, folder: Path) -> str:
    done = start_command(*arguments, folder=folder).finish()
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_sec_align_scrapes_the_win_rate_from_standard_output(folder: Path) -> None:
    printed = command(
        "--model_outputs", "long.json", "--reference_outputs", "short.json", "--annotators_config", "longest",
        "--precomputed_leaderboard", "None", folder=folder,
    )  # fmt: skip
    (folder / "summary.txt").write_text(printed)
    header, row = (line.split() for line in (folder / "summary.txt").read_text().splitlines())
    assert header[0] == "win_rate"
    assert row[:2] == ["long", "100.00"]


def test_a_loop_over_models_grows_one_board(folder: Path) -> None:
    board = folder / "boards" / "leaderboard.csv"
    for model in MODELS:
        alpaca_eval.evaluate(
            model_outputs=f"{model}.json", reference_outputs="middle.json", annotators_config="longest",
            precomputed_leaderboard=str(board), output_path=f"out/{model}", fn_metric="get_winrate",
            sort_by="win_rate", is_return_instead_of_print=True,
        )  # fmt: skip
    table = utils.load_or_convert_to_dataframe(board)
    assert list(table.index) == ["long", "middle", "short"]
    assert table["win_rate"].tolist() == [100, 50, 0]


@pytest.mark.slow
def test_a_shell_loop_over_models_grows_the_board_of_the_output_folder(folder: Path) -> None:
    for model in ("short", "long", "long"):
        printed = command(
            "evaluate", "--model_outputs", f"{model}.json", "--reference_outputs", "middle.json",
            "--annotators_config", "longest", "--output_path", "results",
            "--precomputed_leaderboard", "results/longest/leaderboard.csv", folder=folder,
        )  # fmt: skip
    assert [line.split()[0] for line in printed.splitlines()[1:]] == ["long", "short"]


def test_analyze_evaluators_keeps_two_config_files_apart(folder: Path) -> None:
    votes = [
        {
            "instruction": f"i{n}",
            "output_1": "a" * (40 * n + 1),
            "output_2": "b" * 200,
            "preference": 1 + (n + vote) % 2,
        }
        for n in range(12)
        for vote in range(3)
    ]
    for name, model in (("one", "longest"), ("two", "offline")):
        (folder / "judges" / name).mkdir(parents=True)
        (folder / "judges" / name / "configs.yaml").write_text(f"provider: builtin\nmodel: {model}\n")
    found = {}
    for name in ("one", "two"):
        board, annotations = alpaca_eval.analyze_evaluators(
            annotators_config=f"judges/{name}/configs.yaml", gold_crossannotations=votes,
            is_return_instead_of_print=True, is_save_leaderboard=True, is_single_annotator=True,
            precomputed_leaderboard="evaluators.csv",
        )  # fmt: skip
        found[name] = [row["preference"] for row in annotations[name].to_dict("records")]
    assert set(board.index) == {"one", "two"}
    assert found["one"] != found["two"]
    assert board.loc["one", "Proba. prefer longer"] == 1


def test_the_names_that_scripts_read_are_there() -> None:
    assert constants.DEFAULT_ANNOTATOR_CONFIG
    assert callable(constants.ALPACAEVAL_REFERENCE_OUTPUTS)


def test_every_command_takes_a_run_by_the_same_names(folder: Path) -> None:
    for run, model in (("runA", "short"), ("runB", "long")):
        autoeval.evaluate(f"{model}.json", "middle.json", annotators_config="longest", output_path=run)
    for inside in ("", "/longest", "/longest/annotations.json"):
        first, second = f"runA{inside}", f"runB{inside}"
        shown = show(first)
        assert isinstance(shown, Run)
        assert shown.model == "short"
        assert compare(first, second).a.model == "short"
        assert label(first, n=3, sheet=f"sheet{len(inside)}.csv")
        assert analyze_models([first, second], output_path=None, plots=False)
