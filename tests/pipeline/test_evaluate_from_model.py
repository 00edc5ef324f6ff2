"""From a model's name to its row: generated, judged, kept, resumed, and never mixed."""

import inspect
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autoeval
from autoeval.cli.from_function import read_docstring
from autoeval.completions.ask import Silent
from autoeval.errors import AutoevalError, UsageError
from autoeval.pipeline.estimate import DryRuns
from autoeval.pipeline.result import Evaluation
from tests.pipeline.small import start_command, write_outputs
from tests.recorded import recorded_data
from tests.servers import Answer, JudgeServer, always, prompt_text
from tests.servers.answers import Body
from tests.servers.recorded_judge import RecordedJudge, RecordedModel

Run = Callable[..., Any]


def test_every_parameter_of_evaluate_is_taken_and_described() -> None:
    names = list(inspect.signature(autoeval.evaluate_from_model).parameters)
    in_alpaca_eval = ["model_configs", "reference_model_configs", "evaluation_dataset", "annotators_config"]
    in_alpaca_eval += ["output_path", "max_instances", "is_strip_output", "is_load_outputs", "chunksize"]
    assert names[:9] == in_alpaca_eval
    theirs = set(inspect.signature(autoeval.evaluate).parameters) - {"model_outputs", "obsolete"}
    assert theirs <= set(names)
    _, described = read_docstring(autoeval.evaluate_from_model)
    assert set(names) == set(described)


@pytest.fixture
def model() -> Iterator[JudgeServer]:
    """A model that answers each instruction in its own way."""
    with JudgeServer(lambda body: Answer(f"  An answer to: {prompt_text(body)}\n")) as server:
        yield server


@pytest.fixture
def run(tmp_path: Path, model: JudgeServer) -> Run:
    """Evaluate the model on 20 instructions with the judge that needs none."""
    _, reference = write_outputs(tmp_path)

    def evaluate(**parameters: Any) -> Any:
        defaults: dict[str, Any] = {
            "model_configs": _config(model),
            "evaluation_dataset": reference,
            "annotators_config": "longest",
            "output_path": tmp_path / "results",
            "caching_path": tmp_path / "cache.sqlite",
            "retry_delay": 0,
        }
        return autoeval.evaluate_from_model(**{**defaults, **parameters})

    return evaluate


def _config(server: JudgeServer, **fields: Any) -> dict[str, Any]:
    config = {"provider": "openai", "model": "gpt-4.1", "base_url": server.base_url}
    return {"mine": {**config, "parameters": {"temperature": 0.5}, **fields}}


def _at(provider: str, address: str) -> dict[str, Any]:
    return {"provider": provider, "model": "some-model", "base_url": address}


def _rows(folder: Path, name: str = "model_outputs.json") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((folder / "results" / name).read_text())
    return rows


def test_outputs_are_generated_kept_and_judged(run: Run, model: JudgeServer, tmp_path: Path) -> None:
    result: Evaluation = run()
    assert result.name == "mine"
    assert result.win_rate.n_total == 20
    assert result.win_rate.win_rate == 100.0  # its answers are the longer ones
    assert result.exit_code == 0
    rows = _rows(tmp_path)
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


def test_a_second_run_generates_nothing(run: Run, model: JudgeServer, tmp_path: Path) -> None:
    run()
    before = _rows(tmp_path)
    result = run(caching_path=None)
    assert model.n_requests == 20
    assert result.generations[0].n_kept == 20
    assert _rows(tmp_path) == before


def test_a_grown_eval_set_generates_only_the_rest(run: Run, model: JudgeServer, tmp_path: Path) -> None:
    run(max_instances=8)
    result = run(caching_path=None)
    assert model.n_requests == 20
    assert result.generations[0].n_kept == 8
    assert len(_rows(tmp_path)) == 20
    again = run(max_instances=8, caching_path=None)
    assert again.win_rate.n_total == 8
    assert len(_rows(tmp_path)) == 20, "a smaller run keeps what a larger one made"


def test_a_changed_parameter_is_refused_and_the_difference_named(run: Run, model: JudgeServer) -> None:
    run()
    with pytest.raises(UsageError, match=r"parameters\.temperature is 0\.5 there and 0\.9 now"):
        run(generator_parameters={"temperature": 0.9})
    with pytest.raises(
        UsageError, match=r"messages\[0\]\.content is '\{\{ instruction \}\}' there and 'Please"
    ):
        run(model_configs=_config(model, messages=[{"role": "user", "content": "Please {{ instruction }}"}]))
    with pytest.raises(UsageError, match="is_strip_output is True there and False now"):
        run(is_strip_output=False)
    assert model.n_requests == 20


def test_other_outputs_are_replaced_only_when_told_to(run: Run, model: JudgeServer, tmp_path: Path) -> None:
    run()
    run(generator_parameters={"temperature": 0.9}, is_load_outputs=False, is_strip_output=False)
    assert model.n_requests == 40
    assert _rows(tmp_path)[0]["output"].endswith("\n")
    assert "0.9" in _rows(tmp_path)[0]["parameters"]


def test_outputs_of_unknown_origin_are_not_added_to(run: Run, model: JudgeServer, tmp_path: Path) -> None:
    run()
    (tmp_path / "results" / "generation.json").unlink()
    with pytest.raises(UsageError, match=r"no generation\.json beside it"):
        run()
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
            _config(server), evaluation_dataset=reference, annotators_config="longest", chunksize=5,
            output_path=tmp_path / "results", caching_path=None, max_concurrency=1,
        )  # fmt: skip
    assert seen == [0] * 5 + [5] * 5 + [10] * 5 + [15] * 5


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
        command.communicate(timeout=60)
        assert command.returncode != 0
        killed_after = model.n_requests
        model.answer = lambda body: Answer(prompt_text(body))
        command = start_command(*arguments)
        out, _ = command.communicate(timeout=60)
        assert command.returncode == 0
        assert model.n_requests == 21 if killed_after == 8 else 20  # only what was in flight is asked again
    assert "20 outputs of mine: 0 kept, 7 cached, 13 generated" in out
    assert len(_rows(tmp_path)) == 20


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
            _config(server), evaluation_dataset=reference, annotators_config="longest",
            output_path=tmp_path / "results", caching_path=None,
        )  # fmt: skip
    (made,) = result.generations
    assert (made.n_truncated, made.n_refused, made.n_empty, made.n_missing) == (3, 2, 1, 1)
    assert result.win_rate.n_total == 19
    assert result.n_unpaired == 1
    assert result.exit_code == 3, "an output that could not be had is missing, not forgotten"
    assert _rows(tmp_path)[3]["output"] == "I cannot help with that."
    record = json.loads((tmp_path / "results" / "generation.json").read_text())
    assert record["outputs"]["truncated"] == 3
    assert record["outputs"]["missing"] == {"invalid request": 1}


def test_a_refused_key_stops_and_keeps_what_came(run: Run, tmp_path: Path) -> None:
    with JudgeServer(always("yes"), key="sk-other") as server, pytest.raises(AutoevalError) as error:
        run(model_configs=_config(server))
    assert error.value.exit_code == 5
    assert not (tmp_path / "results" / "model_outputs.json").exists()


def test_a_budget_is_for_generating_and_judging_together(tmp_path: Path, run: Run) -> None:
    with JudgeServer(always("a > b")) as judge:
        judged = {"annotators_config": "gpt4_ranking", "judge_base_url": judge.base_url}
        plans = run(dry_run=True, **judged)
        assert isinstance(plans, DryRuns)
        whole = run(**judged, caching_path=None, output_path=None)
        spent = [whole.generations[0].report.spent, whole.ask.spent]
        assert all(spent)
        limited = {"temperature": 0.5, "max_tokens": 60}
        cheap = run(generator_parameters=limited, max_cost=spent[0] + 0.002, **judged)
        assert cheap.exit_code == 4
        assert cheap.generations[0].report.spent + cheap.ask.spent <= spent[0] + 0.002
        with pytest.raises(AutoevalError, match="budget") as error:
            run(generator_parameters={"max_tokens": 50}, is_load_outputs=False, max_cost=0.001, **judged)
    assert error.value.exit_code == 4


def test_nothing_is_generated_where_judging_would_fail(
    run: Run, model: JudgeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="Did you mean 'gpt4_ranking'"):
        run(annotators_config="gpt4_rankin")
    with pytest.raises(UsageError, match="interval"):
        run(interval="t_plus5")
    with pytest.raises(UsageError, match="min_covrage"):
        run(min_covrage=0.5)
    with pytest.raises(UsageError, match="output"):
        run(evaluation_dataset=[{"instruction": "Sing."}])
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    with pytest.raises(UsageError, match="ANTHROPIC_API_KEY"):
        run(annotators_config="claude")
    with pytest.raises(UsageError, match="--generator_price"):
        run(generator_model="who-knows", max_cost=1)
    assert model.n_requests == 0


def test_a_dry_run_plans_both_steps_and_asks_nothing(run: Run, model: JudgeServer, tmp_path: Path) -> None:
    with JudgeServer(always("a > b")) as judge:
        judged = {"annotators_config": "gpt4_ranking", "judge_base_url": judge.base_url}
        plans: DryRuns = run(dry_run=True, **judged)
        assert (model.n_requests, judge.n_requests) == (0, 0)
        assert [plan.n_new for plan in plans.steps.values()] == [20, 20]
        assert plans.cost
        assert not (tmp_path / "results").exists()
        run(**judged)
        assert run(dry_run=True, **judged).cost == 0


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
    assert {row["output"] for row in _rows(tmp_path, "reference_outputs.json")} == {"Done."}


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
            {"model-a": {**_at("openai_compatible", a.base_url), "api_key_env": "KEY_A"}},
            {"model-b": {**_at("anthropic", b.address), "api_key_env": "KEY_B"}},
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


def test_samples_are_judged_each_and_their_error_is_clustered_by_instruction(
    tmp_path: Path,
) -> None:
    """Three recorded models play the three samples of one, so that real judgments of GPT-4 differ within clusters."""
    folder = recorded_data() / "alpaca_eval_1"
    names = sorted(path.name for path in folder.iterdir() if (path / "annotations.json.gz").exists())[:3]
    models = [RecordedModel(folder, name) for name in names]
    judges = [RecordedJudge(folder, name) for name in names]

    def write(body: Body) -> Answer:
        answer = models[body["seed"]](body)
        is_long = len(answer.text) > 1500
        return Answer(answer.text, finish_reason="length" if is_long else "stop")

    def judge(body: Body) -> Answer:
        replies = (one(body) for one in judges)
        return next((reply for reply in replies if reply.status == 200), Answer("unknown pair", status=400))

    with JudgeServer(write, keeps=0) as model, JudgeServer(judge, keeps=0) as judging:
        result: Evaluation = autoeval.evaluate_from_model(
            _config(model, parameters={"seed": 0}), evaluation_dataset=folder / "reference_outputs.json.gz",
            annotators_config="gpt4_ranking", judge_base_url=judging.base_url, max_instances=60, n_samples=3,
            output_path=tmp_path / "results", caching_path=tmp_path / "cache.sqlite", is_strip_output=False,
            min_coverage=0.5,
        )  # fmt: skip
    annotations = json.loads((tmp_path / "results" / "gpt4_ranking" / "annotations.json").read_text())
    assert len(annotations) == 180
    assert [row.get("sample", 0) for row in annotations[:3]] == [0, 1, 2]
    judged = [row for row in annotations if row["preference"] is not None]
    wins = np.array([row["preference"] - 1 for row in judged])
    clusters = [row["instruction"] for row in judged]
    sums = np.array(
        [
            sum(wins[i] - wins.mean() for i, name in enumerate(clusters) if name == one)
            for one in set(clusters)
        ]
    )
    n = len(sums)
    by_hand = 100 * np.sqrt(n / (n - 1) * (sums**2).sum()) / len(wins)
    assert result.win_rate.standard_error == pytest.approx(by_hand, rel=1e-9)
    assert result.win_rate.standard_error != pytest.approx(
        100 * wins.std(ddof=1) / np.sqrt(len(wins)), rel=1e-3
    )
    (made,) = result.generations
    assert made.n_truncated == sum(len(row["output"]) > 1500 for row in _rows(tmp_path)) > 0


def test_more_samples_keep_the_ones_there_are(run: Run, model: JudgeServer, tmp_path: Path) -> None:
    run(n_samples=1)
    result = run(n_samples=3, caching_path=None)
    assert model.n_requests == 60
    assert result.generations[0].n_kept == 20
    assert [row["sample"] for row in _rows(tmp_path)[:4]] == [0, 1, 2, 0]


def test_samples_that_will_be_alike_are_spoken_of(run: Run) -> None:
    said: list[str] = []

    class Heard(Silent):
        def announce(self, line: str) -> None:
            said.append(line)

    run(generator_parameters={"temperature": 0}, n_samples=2, max_instances=1, display=Heard())
    assert "temperature 0" in said[0]


def test_an_eval_set_may_be_a_generator_of_rows(run: Run) -> None:
    rows = ({"instruction": f"Do thing {number}.", "output": "Done."} for number in range(5))
    assert run(evaluation_dataset=rows).win_rate.n_total == 5


def test_stop_sequences_and_seeds_reach_the_server(run: Run, model: JudgeServer) -> None:
    run(generator_parameters={"stop": ["END"], "seed": 4}, max_instances=1, n_samples=2)
    assert [body["stop"] for body in model.bodies] == [["END"], ["END"]]
    assert sorted(body["seed"] for body in model.bodies) == [4, 5]


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
