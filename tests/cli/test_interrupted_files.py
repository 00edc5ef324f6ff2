"""Ctrl-C while a command writes other files than a run has: one line, exit code 130, nothing half written."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.interrupted import INTERRUPTED, SAID
from tests.cli.malformed import annotation
from tests.cli.running import CommandLine, rows
from tests.processes import start_python

RUNS = Path(__file__).parents[1] / "other_harnesses"
MODELS = "abcde"
PAIRS = ("--model_outputs=outputs.json", "--reference_outputs=reference.json")
COMMANDS = {
    "requests in files": (
        "evaluate",
        *PAIRS,
        "--annotators_config=gpt4_ranking",
        "--batch_files=FOLDER/files",
    ),
    "anchors": ("anchor", *PAIRS, "--annotators_config=longest", "--anchors_path=FOLDER/anchors"),
    "imported judgments": ("import_annotations", "runs/a", "--annotators_config=gpt4_ranking"),
    "imported results": ("import_results", "results.json", "--leaderboard_path=FOLDER/board.csv"),
    "what is learned": ("learn", "runs/*", "--annotators_config=gpt4_ranking"),
    "plots": ("analyze_models", "runs/*", "--output_path=FOLDER/models"),
}
WRITE_A_CACHE = ("requests in files", "anchors", "imported judgments")


@pytest.fixture
def command(command: CommandLine) -> CommandLine:
    command.write("outputs.json", rows(8))
    command.write("reference.json", rows(8, who="reference"))
    command.write("results.json", (RUNS / "lm_eval_0.4.13_results.json").read_bytes())
    for strength, model in enumerate(MODELS, 2):
        judged = [
            annotation(
                number,
                generator_2=model,
                output_2=f"{model} {number}",
                annotator="gpt4_ranking",
                preference=1.0 + (number % strength == 0),
            )
            for number in range(60)
        ]
        command.write(f"runs/{model}/annotations.json", judged)
    return command


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_half_written_is_left_and_it_goes_on(command: CommandLine, name: str) -> None:
    def run(moment: int, again: float, folder: str) -> Any:
        command.write(f"{folder}/board.csv", ",win_rate,n_total\nsmollm2-135m,50.0,10\n")
        words = [word.replace("FOLDER", folder) for word in COMMANDS[name]]
        if name in WRITE_A_CACHE:
            words.append(f"--caching_path={folder}/cache.sqlite")
        return start_python(
            *("-c", INTERRUPTED, moment, again, command.folder / "n", *words),
            folder=command.folder,
            variables={"OPENAI_API_KEY": "sk-test", "XDG_DATA_HOME": str(command.folder / folder / "data")},
        ).finish()

    run(0, 0, "first")  # which compiles, and keeps fonts, so that it takes more steps than those after it
    whole = run(0, 0, "whole")
    assert whole.returncode in (0, 6), whole.stderr
    n = int((command.folder / "n").read_text())
    for part, (moment, again) in enumerate([(n // 2, 1e-4), (n * 19 // 20, 0)]):
        folder = f"part{part}"
        done = run(moment, again, folder)
        assert done.returncode == 130, (part, done.stderr)
        assert done.stderr.strip().splitlines()[-1] == SAID, (part, done.stderr)
        assert "Traceback" not in done.stderr
        for path in (command.folder / folder).rglob("*.json"):
            assert json.loads(path.read_text())
        assert run(0, 0, folder).returncode == whole.returncode, part
        half = [path for path in (command.folder / folder).rglob(".*") if path.suffix != ".lock"]
        assert not half, part
