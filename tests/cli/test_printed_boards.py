"""What a program reads from standard output: AlpacaEval's own table and nothing else, or the format asked for."""

import csv
import io
import json
from importlib import import_module

import pandas as pd
import pytest
from rich.console import Console

import autoeval
from autoeval.cli.show import MODULES, show_on
from tests.cli.running import CommandLine, Outcome, rows

LONG = "my-organisation/a-very-long-name-of-a-model-instruct-v2-checkpoint-100000"
JUDGED = ("outputs.json", "reference.json", "longest")


def table(text: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text), sep=r"\s{1,}", engine="python")


def test_evaluate_prints_the_columns_of_alpaca_eval_and_whole_names(command: CommandLine) -> None:
    outcome = command(*JUDGED, "--name", LONG)
    header, row = outcome.out.splitlines()
    assert header.split() == ["win_rate", "standard_error", "n_total", "avg_length"]
    assert row.split()[0] == LONG
    assert float(row.split()[1]) == 0.0  # what a scraper takes for the win rate is one
    assert "pairs judged" in outcome.err


def test_the_column_that_sorts_comes_first_and_once(command: CommandLine) -> None:
    second = command(*JUDGED, "--preset", "alpaca_eval_2").out.splitlines()[0]
    assert second.split()[:2] == ["length_controlled_winrate", "win_rate"]
    assert command(*JUDGED, "--sort_by", "n_total").out.split()[:3] == [
        "n_total",
        "win_rate",
        "standard_error",
    ]


def test_all_modes_come_with_their_mode(command: CommandLine) -> None:
    assert command(*JUDGED, "--leaderboard_mode_to_print", "None").out.splitlines()[0].endswith("mode")


def test_a_board_alone(command: CommandLine) -> None:
    for preset in ("alpaca_eval_1", "alpaca_eval_2"):
        board = table(command("--preset", preset).out)
        assert len(board) > 5
        assert {"win_rate", "n_total"} <= set(board.columns)


def test_the_board_of_alpaca_eval_2_is_shown_in_its_own_order(command: CommandLine) -> None:
    printed = table(command("--preset", "alpaca_eval_2").out)
    assert list(printed.columns[:2]) == ["length_controlled_winrate", "win_rate"]
    assert list(printed["length_controlled_winrate"]) == sorted(
        printed["length_controlled_winrate"], reverse=True
    )
    for_people = command("--preset", "alpaca_eval_2", "--output_format", "table").out.splitlines()
    assert for_people[1].split()[:5] == ["model", "LC", "rate", "win", "rate"]
    assert [line.split()[1] for line in for_people[3 : 3 + len(printed)]] == [
        f"{rate:.2f}" for rate in printed["length_controlled_winrate"]
    ]


def test_models_that_were_made_to_fool_the_judge_are_marked(command: CommandLine) -> None:
    shown = ("--preset", "alpaca_eval_2", "--leaderboard_mode_to_print", "community")
    for_people = command(*shown, "--output_format", "table").out
    assert "NullModel †" in for_people
    assert "† NullModel was made to fool the judge" in for_people
    assert for_people.count("†") == 2
    program = command(*shown)
    assert "NullModel" in table(program.out).index
    assert "†" not in program.out
    assert "† NullModel was made to fool the judge" in program.err
    assert "fool" not in command("--preset", "alpaca_eval_2").err


def test_a_run_of_such_a_model_says_so_on_the_terminal_in_its_files_and_in_its_report(
    command: CommandLine,
) -> None:
    told = command(*JUDGED, "--name", "NullModel").err
    assert "NullModel was made to fool the judge" in told
    folder = command.folder / "longest"
    assert "made to fool the judge" in json.loads((folder / "run.json").read_text())["cautions"][0]
    assert "NullModel was made to fool the judge" in (folder / "report.html").read_text()
    command(*JUDGED, "--name", "other")
    assert "made to fool" not in (folder / "report.html").read_text()


def test_make_leaderboard(command: CommandLine) -> None:
    command.write("other.json", rows(who="other"))
    arguments = (
        "make_leaderboard",
        "--annotators_config",
        "longest",
        "--reference_outputs",
        "reference.json",
    )
    outcome = command(*arguments, "--all_model_outputs", "outputs.json", "other.json")
    board = table(outcome.out)
    assert list(board.columns) == ["win_rate", "standard_error", "n_total", "mode"]
    assert sorted(board.index) == ["model", "other"]
    assert "2 models written to" in outcome.err


def test_analyze_evaluators(command: CommandLine) -> None:
    votes = [
        {"instruction": str(i), "output_1": "a" * i, "output_2": "bbb", "preference": 1 + i % 2}
        for i in range(6)
    ]
    command.write("votes.json", votes)
    outcome = command("analyze_evaluators", "longest", "--gold_crossannotations", "votes.json")
    header, row = outcome.out.splitlines()
    assert header.split()[:2] == ["Human", "agreement"]
    assert "95%" not in header
    assert row.startswith("longest")
    assert "agreement with people" in outcome.err


def test_what_was_asked_for_stays_on_standard_output(command: CommandLine) -> None:
    command(*JUDGED)
    for arguments, told in (
        ((*JUDGED, "--dry_run"), "pairs: 4"),
        (("show", "longest"), "win rate 0.00%"),
        (("compare", "longest", "longest"), "A − B"),
        (("make_leaderboard", "--check"), "regenerated"),
    ):
        assert told in command(*arguments).out


def test_formats(command: CommandLine) -> None:
    def board(form: str) -> Outcome:
        return command(*JUDGED, "--output_format", form)

    assert next(csv.DictReader(io.StringIO(board("csv").out)))["n_total"] == "4"
    (found,) = json.loads(board("json").out)
    assert (found["name"], found["n_total"]) == ("model", 4)
    assert board("markdown").out.splitlines()[0] == "|  | win_rate | standard_error | n_total | avg_length |"
    people = board("table")
    assert "sampling only" in people.out
    assert "pairs judged" in people.out
    assert command(*JUDGED, "--output_format", "xml").code == 2


def test_nothing_judged_prints_no_table(command: CommandLine) -> None:
    outcome = command(
        *("outputs.json", "reference.json", "gpt4_ranking", "--judge_base_url", "http://127.0.0.1:9/v1"),
        *("--max_attempts", "1", "--retry_delay", "0"),
    )
    assert outcome.code == 3
    assert outcome.out == ""


@pytest.mark.parametrize("plea", [("evaluate", "--", "--help"), ("--model_outputs", "x", "--", "--help")])
def test_help_behind_two_hyphens(command: CommandLine, plea: tuple[str, ...]) -> None:
    assert "--model_outputs" in command(*plea).out


def test_help_of_the_group_behind_two_hyphens(command: CommandLine) -> None:
    assert "analyze_evaluators" in command("--", "--help").out


def test_runs_are_named_alike(command: CommandLine) -> None:
    command(*JUDGED, "--output_path", "run", "--name", "one")
    command(*JUDGED, "--output_path", "again", "--name", "two")
    for run in ("run", "run/longest", "run/longest/annotations.json"):
        assert "one against reference" in command("show", run).out
        assert "A: one" in command("compare", run, "again").out
        assert command("label", run, "--n", "2", "--sheet", f"{run.replace('/', '_')}.csv").code == 0
        analysed = command("analyze_models", run, "again", "--output_path", "None")
        assert "one" in analysed.out
        assert "two" in analysed.out


def test_globs_that_the_shell_has_expanded(command: CommandLine) -> None:
    for name in ("one", "two"):
        command(*JUDGED, "--output_path", name, "--name", name)
    files = sorted(map(str, command.folder.glob("*/longest/annotations.json")))
    for arguments in (files, ["--annotations", *files]):
        assert "two" in command("analyze_models", *arguments, "--output_path", "None").out


def test_each_kind_of_result_is_shown_by_the_module_that_is_named_for_it() -> None:
    for name, classes in MODULES.items():
        module = import_module(f"autoeval.cli.{name}")
        assert sorted(kind.__name__ for kind in module.SHOWN) == sorted(classes)
        assert set(getattr(module, "BOARDS", {})) <= set(module.SHOWN)


def test_show_takes_a_board_of_any_kind(command: CommandLine) -> None:
    for number in range(3):
        outputs = [
            {**row, "output": "x" * ((number + row_number) % 4)} for row_number, row in enumerate(rows())
        ]
        command.write(f"m{number}.json", outputs)
        command(
            *(f"m{number}.json", "reference.json", "longest", "--name", f"m{number}"),
            *("--precomputed_leaderboard", "pairs.csv", "--output_path", f"m{number}"),
        )
    battles = ["model_a,model_b,winner", *["m0,reference,model_a", "m0,reference,model_b"] * 9]
    command.folder.joinpath("battles.csv").write_text("\n".join(battles))
    command("rank", "battles.csv", "--leaderboard_path", "ratings.csv")
    command.folder.joinpath("scores.csv").write_text(",score,low,high,n_total\nmine,7.5,7.0,8.0,80\n")
    command.folder.joinpath("annotations.csv").write_text(
        "instruction,output_1,output_2,generator_2,preference,score\nWhat?,a,b,mine,2,1\n"
    )
    for board, names, people in (
        ("pairs.csv", {"m0", "m1", "m2"}, "sampling only"),
        ("ratings.csv", {"m0", "reference"}, "between"),
        ("scores.csv", {"mine"}, "7.00 – 8.00"),
    ):
        assert {line.split()[0] for line in command("show", board).out.splitlines()[1:]} == names
        console = Console(file=io.StringIO(), width=80)
        show_on(console, autoeval.show(board))
        assert people in console.file.getvalue()  # type: ignore[attr-defined]
    assert "1 of 1" in command("show", "annotations.csv").out, "of one pair, whatever columns it has besides"
