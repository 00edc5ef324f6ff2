"""From a model's name to its row: what is generated, from whom, and where it goes."""

import inspect
import json
from pathlib import Path

import pytest

import autoeval
from autoeval.cli.from_function import read_docstring
from autoeval.runs.result import Evaluation
from tests.journeys.evaluate_from_model.small_model import Run, config_at, config_of, rows_of
from tests.journeys.small import write_outputs
from tests.servers import Answer, JudgeServer, always, prompt_text
from tests.servers.answers import Body


def test_every_parameter_of_evaluate_is_taken_and_described() -> None:
    names = list(inspect.signature(autoeval.evaluate_from_model).parameters)
    in_alpaca_eval = ["model_configs", "reference_model_configs", "evaluation_dataset", "annotators_config"]
    in_alpaca_eval += ["output_path", "max_instances", "is_strip_output", "is_load_outputs", "chunksize"]
    assert names[:9] == in_alpaca_eval
    theirs = set(inspect.signature(autoeval.evaluate).parameters) - {"model_outputs", "asking"}
    assert theirs <= set(names)
    _, described = read_docstring(autoeval.evaluate_from_model)
    assert set(names) == set(described)


def test_outputs_are_generated_kept_and_judged(run: Run, model: JudgeServer, tmp_path: Path) -> None:
    result: Evaluation = run()
    assert result.name == "mine"
    assert result.win_rate.n_total == 20
    assert result.win_rate.win_rate == 100.0  # its answers are the longer ones
    assert result.exit_code == 0
    rows = rows_of(tmp_path)
    assert [row["instruction"] for row in rows] == [f"Do thing {number}." for number in range(20)]
    assert rows[3]["output"] == "An answer to: Do thing 3."
    assert rows[3]["generator"] == "mine"
    assert rows[3]["dataset"] == "odd"
    assert json.loads(rows[3]["parameters"]) == {"temperature": 0.5}
    assert rows[3]["date"].startswith("20")
    record = json.loads((tmp_path / "results" / "generation.json").read_text())
    assert record["config"]["server"] == model.base_url
    assert record["outputs"]["wanted"] == 20
    assert (tmp_path / "results" / "longest" / "annotations.json").exists()


def test_truncated_refused_empty_and_failed_outputs_are_counted(tmp_path: Path) -> None:
    _, reference = write_outputs(tmp_path)

    def answer(body: Body) -> Answer:
        number = int(prompt_text(body).split()[-1].rstrip("."))
        if number < 3:
            return Answer("cut off in mid-", finish_reason="length")
        if number < 5:
            return Answer("", refusal="I cannot help with that.")
        if number == 5:
            return Answer(" \n")
        return Answer("too long", status=400) if number == 6 else Answer("An answer, as asked.")

    with JudgeServer(answer) as server:
        result = autoeval.evaluate_from_model(
            config_of(server), evaluation_dataset=reference, annotators_config="longest",
            output_path=tmp_path / "results", caching_path=None,
        )  # fmt: skip
    (made,) = result.generations
    assert (made.n_truncated, made.n_refused, made.n_empty, made.n_missing) == (3, 2, 1, 1)
    assert result.win_rate.n_total == 19
    assert result.n_unpaired == 1
    assert result.exit_code == 3, "an output that could not be had is missing, not forgotten"
    assert rows_of(tmp_path)[3]["output"] == "I cannot help with that."
    record = json.loads((tmp_path / "results" / "generation.json").read_text())
    assert record["outputs"]["truncated"] == 3
    assert record["outputs"]["missing"] == {"invalid request": 1}


def test_an_eval_set_without_outputs_is_compared_with_a_generated_reference(
    run: Run, model: JudgeServer, tmp_path: Path
) -> None:
    instructions = [{"instruction": f"Do thing {number}."} for number in range(6)]
    with JudgeServer(always("Done.")) as other:
        reference = {"plain": {"provider": "openai", "model": "gpt-4.1", "base_url": other.base_url}}
        result = run(evaluation_dataset=instructions, reference_model_configs=reference, n_samples=2)
        again = run(evaluation_dataset=instructions, reference_model_configs=reference, n_samples=2)
        assert (model.n_requests, other.n_requests) == (12, 6)
    assert result.setting.reference == "plain"
    assert result.win_rate.n_total == 12
    assert [made.n_kept for made in again.generations] == [12, 6]
    assert {row["output"] for row in rows_of(tmp_path, "reference_outputs.json")} == {"Done."}


def test_the_folder_holds_the_reference_that_was_given(run: Run, tmp_path: Path) -> None:
    rows = [
        {"instruction": f"Do thing {number}.", "output": "Done.", "generator": "g"} for number in range(5)
    ]
    run(evaluation_dataset=rows, max_instances=3)
    kept = rows_of(tmp_path, "reference_outputs.json")
    assert len(kept) == 3
    assert all(row in rows for row in kept)
    run(evaluation_dataset=rows)
    assert rows_of(tmp_path, "reference_outputs.json") == rows


def test_a_generated_reference_takes_the_place_of_a_given_one_and_not_the_reverse(
    run: Run, tmp_path: Path
) -> None:
    rows = [
        {"instruction": f"Do thing {number}.", "output": "Done.", "generator": "g"} for number in range(5)
    ]
    run(evaluation_dataset=rows)
    with JudgeServer(always("Generated.")) as other:
        reference = {"plain": {"provider": "openai", "model": "gpt-4.1", "base_url": other.base_url}}
        run(evaluation_dataset=rows, reference_model_configs=reference)
        run(evaluation_dataset=rows)
        kept = {row["output"] for row in rows_of(tmp_path, "reference_outputs.json")}
        assert kept == {"Generated."}
        run(evaluation_dataset=rows, reference_model_configs=reference)
        assert other.n_requests == 5


def test_a_file_of_ones_own_is_left_alone(run: Run, tmp_path: Path) -> None:
    own = tmp_path / "results" / "reference_outputs.json"
    own.parent.mkdir()
    own.write_text(json.dumps([{"instruction": f"Do thing {n}.", "output": "Own."} for n in range(5)]))
    before = own.read_text()
    run(evaluation_dataset=own, max_instances=2)
    run(evaluation_dataset=own, max_instances=2)
    assert own.read_text() == before


def test_an_eval_set_may_be_a_generator_of_rows(run: Run) -> None:
    rows = ({"instruction": f"Do thing {number}.", "output": "Done."} for number in range(5))
    assert run(evaluation_dataset=rows).win_rate.n_total == 5


def test_three_servers_have_three_addresses_and_keys_that_reach_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    keys = {name: f"sk-{name}-0123456789" for name in ("A", "B", "J")}
    for name, key in keys.items():
        monkeypatch.setenv(f"KEY_{name}", key)
    instructions = [{"instruction": f"Do thing {number}."} for number in range(4)]
    with (
        JudgeServer(always("An answer."), key=keys["A"]) as a,
        JudgeServer(always("Another."), key=keys["B"]) as b,
        JudgeServer(always("a > b"), key=keys["J"]) as judge,
    ):
        result = autoeval.evaluate_from_model(
            {"model-a": {**config_at("openai_compatible", a.base_url), "api_key_env": "KEY_A"}},
            {"model-b": {**config_at("anthropic", b.address), "api_key_env": "KEY_B"}},
            instructions,
            "gpt4_ranking",
            judge_base_url=judge.base_url,
            judge_api_key_env="KEY_J",
            output_path=tmp_path / "results",
            caching_path=tmp_path / "cache.sqlite",
        )  # fmt: skip
    assert (a.n_requests, b.n_requests, judge.n_requests) == (4, 4, 4)
    assert result.win_rate.n_total == 4
    assert {received.path for received in b.received} == {"/v1/messages"}
    for server, name in ((a, "A"), (b, "B"), (judge, "J")):
        assert all(keys[name] in str(dict(received.headers)) for received in server.received)
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for key in keys.values():
        assert key.encode() not in written
        assert key not in "".join(capfd.readouterr())


def test_stop_sequences_and_seeds_reach_the_server(run: Run, model: JudgeServer) -> None:
    result = run(generator_parameters={"stop": ["END"], "seed": 4}, max_instances=1, n_samples=2)
    assert [body["stop"] for body in model.bodies] == [["END"], ["END"]]
    assert sorted(body["seed"] for body in model.bodies) == [4, 5]
    written = {row["sample"]: json.loads(row["parameters"])["seed"] for row in result.generations[0].rows}
    assert written == {0: 4, 1: 5}, "a row says with which seed it was made"


def test_a_return_of_tables_is_as_in_alpaca_eval(run: Run) -> None:
    leaderboard, annotations = run(is_return_instead_of_print=True)
    assert "mine" in leaderboard.index
    assert len(annotations) == 20


def test_nothing_is_written_without_an_output_path(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.iterdir())
    assert run(output_path=None, caching_path=None).win_rate.n_total == 20
    assert set(tmp_path.iterdir()) == before


def test_a_model_given_by_overrides_is_called_by_its_name(run: Run, model: JudgeServer) -> None:
    config = {"model_configs": "openai_compatible", "generator_base_url": model.base_url}
    result = run(**config, generator_model="org/model-7b", output_path=None)
    assert result.name == "org/model-7b"
    assert run(**config, generator_model="org/model-7b", name="seven", output_path=None).name == "seven"
