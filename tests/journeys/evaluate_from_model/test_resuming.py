"""Outputs that are there are kept, added to, and never mixed with others."""

import json
from pathlib import Path

import pytest

import autoeval
from autoeval.errors import UsageError
from tests.journeys.evaluate_from_model.small_model import Run, config_of, rows_of
from tests.journeys.small import write_outputs
from tests.processes import start_command
from tests.servers import Answer, JudgeServer, prompt_text
from tests.servers.answers import Body

ODD: tuple[object, ...] = ([], ["length"], {}, True)
"""What no field of a text holds."""


def test_a_second_run_generates_nothing(run: Run, model: JudgeServer, tmp_path: Path) -> None:
    run()
    before = rows_of(tmp_path)
    result = run(caching_path=None)
    assert model.n_requests == 20
    assert result.generations[0].n_kept == 20
    assert rows_of(tmp_path) == before


def test_a_grown_eval_set_generates_only_the_rest(run: Run, model: JudgeServer, tmp_path: Path) -> None:
    run(max_instances=8)
    result = run(caching_path=None)
    assert model.n_requests == 20
    assert result.generations[0].n_kept == 8
    assert len(rows_of(tmp_path)) == 20
    again = run(max_instances=8, caching_path=None)
    assert again.win_rate.n_total == 8
    assert len(rows_of(tmp_path)) == 20, "a smaller run keeps what a larger one made"


def test_a_changed_parameter_is_refused_and_the_difference_named(run: Run, model: JudgeServer) -> None:
    run()
    with pytest.raises(UsageError, match=r"parameters\.temperature is 0\.5 there and 0\.9 now"):
        run(generator_parameters={"temperature": 0.9})
    with pytest.raises(
        UsageError, match=r"messages\[0\]\.content is '\{\{ instruction \}\}' there and 'Please"
    ):
        run(
            model_configs=config_of(model, messages=[{"role": "user", "content": "Please {{ instruction }}"}])
        )
    with pytest.raises(UsageError, match="is_strip_output is True there and False now"):
        run(is_strip_output=False)
    assert model.n_requests == 20


def test_other_outputs_are_replaced_only_when_told_to(run: Run, model: JudgeServer, tmp_path: Path) -> None:
    run()
    run(generator_parameters={"temperature": 0.9}, is_load_outputs=False, is_strip_output=False)
    assert model.n_requests == 40
    assert rows_of(tmp_path)[0]["output"].endswith("\n")
    assert "0.9" in rows_of(tmp_path)[0]["parameters"]


def test_outputs_of_unknown_origin_are_not_added_to(run: Run, model: JudgeServer, tmp_path: Path) -> None:
    run()
    (tmp_path / "results" / "generation.json").unlink()
    with pytest.raises(UsageError, match=r"no generation\.json beside it"):
        run()
    assert model.n_requests == 20


def test_damaged_files_are_named_and_left_as_they_are(run: Run, model: JudgeServer, tmp_path: Path) -> None:
    run()
    record, outputs = (tmp_path / "results" / f"{name}.json" for name in ("generation", "model_outputs"))
    rows = json.loads(outputs.read_text())
    for path, contents, told in (
        (record, ("", "{", "[1]", "{}", "null", "[" * 100_000, "\0"), r"no generation\.json beside it"),
        (
            outputs,
            [json.dumps([rows[0], {**rows[1], "finish_reason": odd}]) for odd in ODD],
            r"model_outputs\.json, row 2: `finish_reason` is",
        ),
        *(
            (
                outputs,
                [json.dumps([rows[0], {**rows[1], field: odd}]) for odd in values],
                rf"model_outputs\.json, row 2: `{field}` is",
            )
            for field, values in {
                "generator": (*ODD, "", " ", "another", None, 5),
                "turns": ("text", {"a": 1}, [], [1], 5, True),
                "sample": ("x", -1),
                "dataset": ODD,
            }.items()
        ),
        (outputs, ("", "[", "{}", "\0"), r"model_outputs\.json"),
    ):
        good = path.read_text()
        for content in contents:
            path.write_text(content)
            with pytest.raises(UsageError, match=told):
                run()
            assert path.read_text() == content
        path.write_text(good)
    assert model.n_requests == 20


def test_the_file_grows_while_outputs_come(tmp_path: Path) -> None:
    _, reference = write_outputs(tmp_path)
    seen: list[int] = []

    def answer(body: Body) -> Answer:
        path = tmp_path / "results" / "model_outputs.json"
        seen.append(len(json.loads(path.read_text())) if path.exists() else 0)
        return Answer(prompt_text(body))

    with JudgeServer(answer) as server:
        autoeval.evaluate_from_model(
            config_of(server), evaluation_dataset=reference, annotators_config="longest", chunksize=5,
            output_path=tmp_path / "results", caching_path=None, max_concurrency=1,
        )  # fmt: skip
    assert len(seen) == 20
    for n_answered, n_written in enumerate(seen):  # the last reply may still be on its way into the cache
        assert n_written in {n // 5 * 5 for n in (n_answered, max(0, n_answered - 1))}


def test_a_killed_run_goes_on_where_it_was(tmp_path: Path) -> None:
    _, reference = write_outputs(tmp_path)

    def answer(body: Body) -> Answer:
        if model.n_requests == 8:
            command.kill()
        return Answer(prompt_text(body), delay=0.05)

    with JudgeServer(answer) as model:
        config = tmp_path / "mine.yaml"
        config.write_text(f"{{provider: openai, model: m, base_url: '{model.base_url}'}}")
        arguments = ["evaluate_from_model", str(config), "--evaluation_dataset", str(reference)]
        arguments += ["--annotators_config", "longest", "--output_path", str(tmp_path / "results")]
        arguments += ["--caching_path", str(tmp_path / "cache.sqlite"), "--max_concurrency", "1"]
        command = start_command(*arguments)
        assert command.finish().returncode != 0
        killed_after = model.n_requests
        model.answer = lambda body: Answer(prompt_text(body))
        again = start_command(*arguments).finish()
        assert again.returncode == 0
        assert model.n_requests == 21 if killed_after == 8 else 20  # only what was in flight is asked again
    assert "20 outputs of mine: 0 kept, 7 cached, 13 generated" in again.stderr
    assert len(rows_of(tmp_path)) == 20
