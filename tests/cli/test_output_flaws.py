"""Outputs that hold reasoning, or are empty, are named before they are judged; the first can be left out."""

import json
from pathlib import Path
from typing import Any

import autoeval
from autoeval.completions.ask import Silent
from tests.cli.running import CommandLine, rows
from tests.journeys.evaluate_from_model.small_model import config_of, rows_of
from tests.journeys.small import write_outputs
from tests.servers import JudgeServer, always


def _thinking(n: int, of: int = 10, who: str = "model") -> list[dict[str, Any]]:
    made = rows(of, who)
    return [
        {**row, "output": f"<think>hm</think>{row['output']}"} if i < n else row for i, row in enumerate(made)
    ]


def _empty(n: int, of: int = 10) -> list[dict[str, Any]]:
    return [{**row, "output": " \n"} if i < n else row for i, row in enumerate(rows(of))]


def _warnings(outputs: Any, reference: Any, **more: Any) -> tuple[str, ...]:
    quietly: dict[str, Any] = {"output_path": None, "caching_path": None}
    result: autoeval.Evaluation = autoeval.evaluate(outputs, reference, "longest", **quietly, **more)
    assert set(result.warnings) <= set(result.cautions)
    return result.warnings


def test_each_side_is_counted() -> None:
    model, reference = _warnings(_thinking(3), _thinking(7, who="other"))
    assert model.startswith("3 of 10 outputs of model hold reasoning (<think> or another mark)")
    assert reference.startswith("7 of 10 outputs of other hold reasoning")
    assert "--is_strip_thinking" in model
    assert _warnings(rows(10), rows(10, "other")) == ()


def test_many_empty_ones_are_counted_and_one_in_a_hundred_is_not() -> None:
    (told,) = _warnings(_empty(6), rows(10, "other"))
    assert told.startswith("6 of 10 outputs of model are empty")
    assert _warnings(_empty(1, of=100), rows(100, "other")) == ()


def test_left_out_it_is_not_judged() -> None:
    quietly: dict[str, Any] = {"output_path": None, "caching_path": None}
    thoughts = "because " * 50
    outputs = [{**row, "output": f"<think>{thoughts}</think>\n\n{row['output']}"} for row in rows(10)]
    outputs[0]["output"] = f"<think>{thoughts}"
    result = autoeval.evaluate(outputs, rows(10, "other"), "longest", is_strip_thinking=True, **quietly)
    judged = [row["output_2"] for row in result.records()]
    assert judged == ["", *(row["output"] for row in rows(10)[1:])]
    assert result.warnings[0] == "reasoning was left out of 10 outputs of model (--is_strip_thinking)"
    assert result.warnings[1:] == ("1 of 10 outputs of model are empty, and are judged as they are",)


def test_the_reference_is_treated_alike() -> None:
    (told,) = _warnings(rows(10), _thinking(4, who="other"), is_strip_thinking=True)
    assert told == "reasoning was left out of 4 outputs of other (--is_strip_thinking)"


def test_it_is_said_before_the_first_request(tmp_path: Path) -> None:
    said: dict[str, int] = {}

    class Display(Silent):
        def announce(self, line: str) -> None:
            said[line] = len(server.bodies)

    outputs, reference = write_outputs(tmp_path)
    outputs.write_text(json.dumps(_thinking(20, of=20)))
    with JudgeServer(always("a > b")) as server:
        autoeval.evaluate(
            outputs,
            reference,
            "gpt4_ranking",
            judge_base_url=server.base_url,
            caching_path=None,
            output_path=None,
            display=Display(),
        )
        assert server.bodies
    assert [n for line, n in said.items() if "hold reasoning" in line] == [0]


def test_what_a_model_generates_is_kept_whole_and_judged_without(tmp_path: Path) -> None:
    _, reference = write_outputs(tmp_path)
    with JudgeServer(always("<think>hm</think>An answer.")) as server:
        result = autoeval.evaluate_from_model(
            config_of(server),
            evaluation_dataset=reference,
            annotators_config="longest",
            output_path=tmp_path / "results",
            caching_path=None,
            is_strip_thinking=True,
        )
    assert {row["output"] for row in rows_of(tmp_path)} == {"<think>hm</think>An answer."}
    assert {row["output_2"] for row in result.records()} == {"An answer."}
    assert result.warnings == ("reasoning was left out of 20 outputs of mine (--is_strip_thinking)",)


def test_on_the_command_line(command: CommandLine) -> None:
    command.write("outputs.json", _thinking(2))
    command.write("reference.json", rows(10, "reference"))
    done = command("outputs.json", "reference.json", "longest")
    assert done.code == 0
    assert "warning: 2 of 10 outputs of model hold reasoning" in done.err
    run = json.loads((command.folder / "longest" / "run.json").read_text())
    assert "hold reasoning" in run["cautions"][0]
    again = command("outputs.json", "reference.json", "longest", "--is_strip_thinking")
    assert "reasoning was left out of 2 outputs of model" in again.err


def test_a_board_says_it_of_each_model(command: CommandLine) -> None:
    command.write("outputs.json", [*_thinking(2), *rows(10, "second"), *_thinking(5, who="third")])
    command.write("reference.json", _thinking(1, who="reference"))
    flags = ["--annotators_config", "longest", "--all_model_outputs", "outputs.json"]
    flags += ["--reference_outputs", "reference.json"]
    done = command("make_leaderboard", "--leaderboard_path", "board.csv", *flags)
    told = [line for line in done.err.splitlines() if line.startswith("warning: ")]
    assert [line.split(" hold ")[0] for line in told] == [
        "warning: 2 of 10 outputs of model",
        "warning: 1 of 10 outputs of reference",
        "warning: 5 of 10 outputs of third",
    ]
    stripped = command("make_leaderboard", "--leaderboard_path", "other.csv", *flags, "--is_strip_thinking")
    assert stripped.err.count("reasoning was left out of") == 3
