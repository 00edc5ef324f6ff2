"""Anchors as a user keeps them: a judge behind HTTP, asked the same things on several days."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import autoeval
from autoeval.cli.commands import group
from autoeval.completions.cache import Cache
from autoeval.journeys.anchor import Anchored, anchor
from autoeval.journeys.anchor_board import JudgesDates, anchors
from autoeval.runs.anchor_set import AnchorSet
from autoeval.runs.estimate import DryRun
from tests.servers import Answer, JudgeServer
from tests.servers.answers import Body
from tests.servers.synthetic_judge import SyntheticJudge, rows

N = 24


def ask(folder: Path, server: JudgeServer, *outputs: Any, **parameters: Any) -> Any:
    defaults: dict[str, Any] = {
        "annotators_config": "openai_compatible",
        "anchors_path": folder / "anchors",
        "judge_base_url": server.base_url,
        "judge_model": "synthetic",
        "order": "random",
        "judge_price": (1, 1),
        "caching_path": folder / "cache.sqlite",
        "retry_delay": 0,
    }
    return anchor(*outputs, **{**defaults, **parameters})


def first(folder: Path, server: JudgeServer, **parameters: Any) -> Any:
    return ask(folder, server, rows(N, 1), rows(N, 0), **parameters)


def n_replies(folder: Path) -> int:
    with Cache(folder / "cache.sqlite") as cache:
        ((count,),) = cache.query("SELECT COUNT(*) FROM replies")
    return int(count)


def test_the_same_judge_is_asked_anew_each_time_and_is_still_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOEVAL_TODAY", "2026-11-26")
    with JudgeServer(SyntheticJudge(noise=0.1)) as server:
        begun = first(tmp_path, server)
        assert isinstance(begun, Anchored)
        assert (begun.drift, begun.is_whole, begun.exit_code) == (None, True, 0)
        monkeypatch.setenv("AUTOEVAL_TODAY", "2027-02-01")
        again = [ask(tmp_path, server) for _ in range(2)]
        assert server.n_requests == 3 * 2 * N == n_replies(tmp_path), "each is fresh, and each is kept"
    for number, result in enumerate(again, start=2):
        assert result.anchors.pairs == begun.anchors.pairs
        assert [wave.day for wave in result.anchors.done] == ["2026-11-26", *["2027-02-01"] * (number - 1)]
        assert result.drift.n_pairs == N
        assert not result.drift.has_drifted
        assert result.exit_code == 0


def test_a_judge_that_has_drifted_is_said_to_have_and_stands_on_the_board(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    judge = SyntheticJudge(fault="drift", share=1.0)
    with JudgeServer(judge) as server:
        first(tmp_path, server)
        judge.has_drifted = True
        found = ask(tmp_path, server)
        ask(tmp_path, server, rows(N, 1), rows(N, 0), judge_model="another")
    assert found.drift.has_drifted
    assert found.drift.shift > 25
    assert found.drift.n_changed == pytest.approx(N * found.drift.shift / 100)
    assert found.exit_code == 0, "a judge that has drifted is a result"
    assert "DRIFTED" in str(found.drift)

    board = anchors(tmp_path / "anchors", tmp_path / "dates.csv")
    assert isinstance(board, JudgesDates)
    assert sorted(len(one.anchors.done) for one in board.dates) == [1, 2]
    with (tmp_path / "dates.csv").open(newline="") as file:
        alone, drifted = sorted(csv.DictReader(file), key=lambda row: int(row["n_asked"]))
    assert float(drifted["p_value"]) == found.drift.p_value <= 0.05
    assert float(drifted["n_changed"]) == found.drift.n_changed
    assert (alone["p_value"], alone["n_asked"]) == ("", "1")
    with pytest.raises(SystemExit) as ended:
        group.main(["anchors", "--anchors_path", str(tmp_path / "anchors")])
    assert ended.value.code == 0
    assert f"{found.drift.n_changed:.1f}" in capsys.readouterr().out


def test_what_is_cut_off_goes_on_and_is_paid_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with JudgeServer(SyntheticJudge()) as server:
        plan = first(tmp_path, server, dry_run=True)
        assert isinstance(plan, DryRun)
        assert plan.cost is not None
        assert (plan.n_new, server.n_requests) == (2 * N, 0)
        assert not (tmp_path / "anchors").exists()
        short = first(tmp_path, server, max_cost=plan.cost / 2, max_concurrency=2)
        assert (short.exit_code, short.is_whole, short.drift) == (4, False, None)
        assert 0 < server.n_requests < 2 * N
        whole = first(tmp_path, server)
        assert whole.is_whole
        assert whole.anchors.waves[0].number == short.anchors.waves[0].number
        assert server.n_requests == 2 * N
        late = ask(tmp_path, server, max_cost=plan.cost / 2, max_concurrency=2)
        assert late.exit_code == 4
        paid = server.n_requests
        began = late.anchors.waves[-1].number
        monkeypatch.setattr("autoeval.runs.anchor_set.time.time", lambda: began + 8 * 24 * 3600)
        anew = ask(tmp_path, server)
        assert anew.anchors.waves[-1].number > began, "replies of another week are of another time"
        assert server.n_requests == paid + 2 * N
    assert len(anew.anchors.done) == 2


def test_questions_without_a_verdict_are_counted_and_the_model_that_answers_is_named(tmp_path: Path) -> None:
    judge, name = SyntheticJudge(), ["model-of-june"]

    def mostly(body: Body) -> Answer:
        answer = Answer("hm") if "number 7?" in str(body) else judge(body)
        return replace(answer, model=name[0])

    with JudgeServer(mostly) as server:
        first(tmp_path, server)
        name[0] = "model-of-july"
        result = ask(tmp_path, server)
    assert (result.n_missing, result.exit_code, result.drift.n_pairs) == (2, 3, N - 1)
    assert [wave.models for wave in result.anchors.done] == [("model-of-june",), ("model-of-july",)]


def test_outputs_are_read_once_and_a_sample_is_the_same_for_a_seed(tmp_path: Path) -> None:
    drawn: list[AnchorSet] = []
    for seed in (0, 0, 1):
        folder = tmp_path / str(len(drawn))
        drawn.append(anchor(rows(N, 1), rows(N, 0), "longest", folder, max_instances=9, seed=seed).anchors)
    assert drawn[0].pairs == drawn[1].pairs != drawn[2].pairs
    assert len(drawn[0].pairs) == 9
    again = anchor(rows(50, 1), rows(50, 0), "longest", tmp_path / "0", max_instances=20, seed=5)
    assert again.anchors.pairs == drawn[0].pairs


def test_a_judge_that_is_gone_is_refused_before_anything_is_spent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOEVAL_TODAY", "2027-01-14")
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with pytest.raises(autoeval.UsageError, match=r"gpt4_ranking cannot be asked: .*2027-01-14.*bridge"):
        anchor(rows(N, 1), rows(N, 0), "gpt4_ranking", tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda facts: facts.pop("pairs"), "pairs: "),
        (lambda facts: facts["waves"][0]["preferences"].pop(), "not 2 replies to each of 24 pairs"),
        (lambda facts: facts["waves"][0]["preferences"][3].__setitem__(0, 7.0), "outside 1 to 2"),
        (lambda facts: facts["pairs"][0].__setitem__("index", 9), "index"),
        (lambda facts: facts.clear(), "missing|required"),
    ],
)
def test_a_file_that_is_none_of_ours_is_refused(tmp_path: Path, change: Any, said: str) -> None:
    path = anchor(rows(N, 1), rows(N, 0), "longest", tmp_path).path
    facts = json.loads(path.read_text())
    change(facts)
    path.write_text(json.dumps(facts))
    for asks in (lambda: anchor(None, None, "longest", tmp_path), lambda: anchors(tmp_path)):
        with pytest.raises(autoeval.UsageError, match=said):
            asks()
    path.write_text("{")
    with pytest.raises(autoeval.UsageError, match="no anchors of ours"):
        anchors(tmp_path)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"model_outputs": None}, "--model_outputs is missing: longest"),
        ({"model_outputs": rows(N, 0)}, "outputs that differ"),
        ({"max_instances": 1}, "--max_instances"),
        ({"seed": -1}, "--seed"),
        ({"anchor_path": "x"}, "anchor_path"),
    ],
)
def test_wrong_parameters_are_refused(tmp_path: Path, parameters: dict[str, Any], said: str) -> None:
    given = {
        "model_outputs": rows(N, 1),
        "reference_outputs": rows(N, 0),
        "annotators_config": "longest",
        "anchors_path": tmp_path,
    }
    with pytest.raises(autoeval.UsageError, match=said):
        anchor(**{**given, **parameters})


def test_a_folder_that_is_not_there_and_one_without_anchors(tmp_path: Path) -> None:
    with pytest.raises(autoeval.UsageError, match="is no folder"):
        anchors(tmp_path / "none")
    assert anchors(tmp_path).dates == ()
