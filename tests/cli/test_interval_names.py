"""The interval by an embedded judge is of the sampling only, and is called so wherever it shows."""

import json

import pytest

from tests.cli.running import CommandLine, rows

BUILTIN = "provider: builtin\nmodel: longest\n"
JUDGES = ["longest", "offline", "mine/configs.yaml"]


@pytest.mark.parametrize("judge", JUDGES)
def test_by_an_embedded_judge_whatever_its_name(command: CommandLine, judge: str) -> None:
    command.write("mine/configs.yaml", BUILTIN)
    arguments = ("outputs.json", "reference.json", judge, "--output_path", "out", "--output_format", "table")
    shown = command(*arguments)
    assert shown.code == 0, shown.err
    (page,) = (command.folder / "out").rglob("report.html")
    report = page.read_text()
    again = command("show", "out").out
    for text in (shown.out, report, again):
        assert "sampling only" in text
        assert "95% interval" not in text
        assert "95% CI" not in text
    assert shown.out.count("sampling only:") == 2  # both lines to cite


@pytest.mark.parametrize("judge", JUDGES)
def test_on_a_board(command: CommandLine, judge: str) -> None:
    command.write("mine/configs.yaml", BUILTIN)
    command.write("outputs.json", [*rows(), *rows(who="second")])
    made = command(
        *("make_leaderboard", "--annotators_config", judge, "--leaderboard_path", "boards/eval/board.csv"),
        *("--all_model_outputs", "outputs.json", "--reference_outputs", "reference.json"),
        *("--output_format", "table"),
    )
    assert "sampling only" in made.out
    assert "95%" not in made.out


@pytest.mark.parametrize("judge", JUDGES)
def test_on_the_site_and_a_board_that_is_read_back(command: CommandLine, judge: str) -> None:
    command.write("mine/configs.yaml", BUILTIN)
    command(
        *("make_leaderboard", "--annotators_config", judge, "--leaderboard_path", "boards/eval/board.csv"),
        *("--all_model_outputs", "outputs.json", "--reference_outputs", "reference.json"),
    )
    command("site", "--leaderboards", "boards")
    pages = list((command.folder / "site" / "eval-board").glob("*.html"))
    assert len(pages) == 2
    for page in pages:
        text = page.read_text()
        assert "sampling only" in text
        assert "95% interval" not in text
    again = command("--precomputed_leaderboard", "boards/eval/board.csv", "--output_format", "table").out
    assert "sampling only" in again
    assert "95%" not in again


@pytest.mark.parametrize("judge", JUDGES)
def test_of_a_difference(command: CommandLine, judge: str) -> None:
    command.write("mine/configs.yaml", BUILTIN)
    for name in ("one", "two"):
        command.write("outputs.json", rows(who=name))
        command("outputs.json", "reference.json", judge, "--output_path", name)
    compared = command("compare", "one", "two").out
    assert "95%" not in compared


def test_a_judge_that_is_asked_has_a_95_percent_interval_whatever_its_name(command: CommandLine) -> None:
    for provider, name in (("openai", "longest"), ("builtin", "gpt4_ranking")):
        judge = {"name": name, "judges": [{"provider": provider}]}
        command.write("run/run.json", json.dumps({"annotator": judge}))
        pair = {"instruction": "i", "output_1": "a", "output_2": "b", "preference": 2}
        command.write("run/annotations.json", [{**pair, "instruction": str(i)} for i in range(5)])
        told = command("show", "run").out
        assert ("95% interval" in told) == (provider == "openai")
        assert ("sampling only" in told) == (provider == "builtin")


def test_nothing_judged_and_one_shared_instruction_have_no_interval(command: CommandLine) -> None:
    pair = {"output_1": "a", "output_2": "b", "generator_1": "r", "annotator": "j"}
    runs: dict[str, list[int | None]] = {"none": [None, None], "one": [2, None], "both": [2, 1]}
    for name, preferences in runs.items():
        made = [
            {**pair, "instruction": f"i{i}", "preference": preference, "generator_2": name}
            for i, preference in enumerate(preferences)
        ]
        command.write(f"{name}/annotations.json", made)
    none = command("show", "none")
    assert "nothing was judged, so there is no win rate" in none.out
    assert "0 of 2 pairs judged (0.0%)" in none.out
    one = command("compare", "one", "both")
    assert "on 1 shared instruction" in one.out
    assert "there is no interval and no test" in one.out
    alike = command("compare", "both", "both")
    assert "The difference is the same on every instruction, so it has no interval." in alike.out
    for told in (none, one, alike):
        assert told.code == 0
        assert "nan" not in told.out.lower()
        assert " to +0.00" not in told.out
    refused = command("compare", "none", "both")
    assert refused.code == 2
    assert "share no judged instruction" in refused.err


@pytest.mark.parametrize("paying", [("--n_paid", 50), ("--until_decided", "reference")])
def test_where_some_pairs_are_paid_for(command: CommandLine, paying: tuple[str, object]) -> None:
    command.write("outputs.json", rows(60))
    command.write("reference.json", rows(60, who="reference"))
    shown = command("outputs.json", "reference.json", "longest", "--output_path", "out", *paying)
    assert shown.code == 0, shown.err
    for text in (shown.out + shown.err, command("show", "out/longest").out):
        assert "sampling only" in text
        assert "95% interval" not in text
