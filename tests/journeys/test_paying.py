"""Paying for some of the pairs, over HTTP: stopped, resumed, enlarged and completed, each figure as if at once."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autoeval
from autoeval.annotators.judges import Annotator
from autoeval.journeys.citation import citation
from autoeval.journeys.learn import learn
from autoeval.metrics.sampled import sampled_win_rate
from autoeval.metrics.sampling import chances
from autoeval.runs.catalog import places
from autoeval.runs.counted_facts import facts_of
from autoeval.runs.finished import Run
from autoeval.runs.measured import measure
from autoeval.runs.paying.again import ToldAgain
from autoeval.runs.paying.choosing import Wanted, choose
from autoeval.runs.paying.paid import PaidResult
from autoeval.runs.result import Evaluation
from tests.annotators.planning import a_judge, a_pair
from tests.journeys.small import evaluate_small, evaluated, write_outputs
from tests.recorded import load_recorded, recorded_data, recorded_models
from tests.servers import JudgeServer
from tests.servers.answers import Answer, Body, always
from tests.servers.recorded_judge import RecordedJudge

N = 160


class Stopping:
    """A judge whose key is refused after some answers."""

    def __init__(self, judge: Any, answers: int) -> None:
        self.judge, self.left, self.asked = judge, answers, 0

    def __call__(self, body: Body) -> Answer:
        self.asked += 1
        if self.left <= 0:
            return Answer("the key is refused", status=401, code="invalid_api_key")
        self.left -= 1
        answer: Answer = self.judge(body)
        return answer


def figures(result: Evaluation) -> dict[str, Any]:
    return {name: result.row[name] for name in ("win_rate", "standard_error", "low", "high", "n_total")}


def test_stopped_resumed_enlarged_and_completed(tmp_path: Path) -> None:
    judge = Stopping(always("a > b"), 20)
    with JudgeServer(judge) as server:

        def run(folder: str, **parameters: Any) -> Evaluation:
            return evaluate_small(tmp_path / folder, server, n=N, no_report=True, **parameters)

        for _ in range(2):
            stopped = run("broken", n_paid=60, max_concurrency=1)
            assert stopped.exit_code == 5
            judge.left = 20
        judge.left = 10_000
        resumed, enlarged, full = run("broken", n_paid=60), run("broken", n_paid=100), run("broken")
        paid = judge.asked
        assert run("broken", n_paid=N).paid is None
        assert judge.asked == paid, "all is in the cache"
        for name, found, n_paid in (("60", resumed, 60), ("100", enlarged, 100), ("all", full, None)):
            at_once = run(name, n_paid=n_paid) if n_paid else run(name)
            assert figures(found) == figures(at_once)
            assert found.exit_code == 0
    assert resumed.row["n_paid"] == 60
    assert full.row.get("method") is None
    assert set(texts(resumed)) < set(texts(enlarged)) < set(texts(full))


DAMAGES: Mapping[str, Callable[[dict[str, Any]], Any]] = {
    "a list": lambda kept: [kept],
    "a size of text": lambda kept: kept["sample"][1].update(size="big"),
    "a size of 0": lambda kept: kept["sample"][1].update(size=0),
    "a prediction of infinity": lambda kept: kept["sample"][0].update(predicted=float("inf")),
    "a place twice": lambda kept: kept["sample"][0].update(place=kept["sample"][1]["place"]),
    "a pair less": lambda kept: kept["sample"].pop(),
    "no method": lambda kept: kept.pop("method"),
    "a reason that drives terminals": lambda kept: kept.update(reason="\x1b[2J"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_sample_is_refused_and_none_is_drawn_in_its_place(damage: str, tmp_path: Path) -> None:
    outputs, reference = write_outputs(tmp_path, N)

    def run() -> Evaluation:
        return evaluated(
            outputs, reference, annotators_config="longest", output_path=tmp_path / "out", n_paid=60
        )

    run()
    (stored,) = (tmp_path / "out").rglob("sample.json")
    kept = json.loads(stored.read_text())
    changed = DAMAGES[damage](kept)
    for text in (json.dumps(changed if isinstance(changed, list) else kept), json.dumps(kept)[:-9]):
        stored.write_text(text)
        with pytest.raises(autoeval.UsageError, match=r"sample.json does not hold the order.*Remove it"):
            run()
    stored.unlink()
    assert run().exit_code == 0


def texts(result: Evaluation) -> list[str]:
    return [row["instruction"] for row in result.records()]


def test_the_sample_is_stored_before_anything_is_asked(tmp_path: Path) -> None:
    seen: list[bool] = []
    stored = tmp_path / "results" / "gpt4_ranking" / "sample.json"
    judge = always("a > b")

    def answer(body: Body) -> Answer:
        seen.append(stored.exists())
        return judge(body)

    with JudgeServer(answer) as server:
        result = evaluate_small(tmp_path, server, n=N, n_paid=60)
    assert all(seen)
    assert len(seen) == 60
    sample = json.loads(stored.read_text())
    rows = sample["sample"]
    assert [row["chance"] for row in rows] == pytest.approx(chances(np.array([r["size"] for r in rows]), 60))
    assert sorted(row["place"] for row in rows) == list(range(N))
    assert (sample["n_paid"], sample["seed"]) == (60, 0)
    assert "nothing is learned" in sample["reason"]
    # The figures follow from the two files alone.
    names = [f"Do thing {number}." for number in range(N)]
    shares = np.full(N, np.nan)
    for row in json.loads((stored.parent / "paid_annotations.json").read_text()):
        shares[names.index(row["instruction"])] = row["preference"] - 1
    again = sampled_win_rate(
        shares, np.array([r["predicted"] for r in rows]), np.array([r["chance"] for r in rows])
    )
    assert isinstance(result.paid, PaidResult)
    assert again == result.paid.found
    assert result.estimate == again.on_these
    assert not (stored.parent / "annotations.json").exists(), "nobody takes a sample for a full run"
    assert json.loads((stored.parent / "run.json").read_text())["sample"]["n_paid"] == 60


def test_a_sample_is_never_taken_for_a_full_run(tmp_path: Path) -> None:
    """Whatever reads a run says what it is, whichever of the two came last into the folder."""
    with JudgeServer(always("a > b")) as server:
        for n_paid in (60, None, 60):
            result = evaluate_small(tmp_path, server, n=N, n_paid=n_paid, no_report=True)
            folder = tmp_path / "results" / "gpt4_ranking"
            if n_paid is None:
                assert not (folder / "paid_annotations.json").exists()
                whole = autoeval.show(str(folder))
                assert isinstance(whole, Run)
                assert whole.tally().n_judged == N
                continue
            told = autoeval.show(str(folder))
            assert isinstance(told, ToldAgain)
            assert isinstance(result.paid, PaidResult)
            assert told.said == [(told.said[0][0], tuple(result.paid.lines))]
            assert autoeval.show(str(folder / "paid_annotations.json")) == told
            assert "n = 60 of 160 pairs, sampled at random" in citation(result)
            (facts,) = [facts_of(where) for where in places(tmp_path)]
            assert facts.n == 60
            assert facts.win_rate == pytest.approx(result.estimate.value)
            for run in (folder, folder / "paid_annotations.json", tmp_path / "results"):
                for command in (lambda run: autoeval.compare(run, run), autoeval.label, measure):
                    with pytest.raises(autoeval.UsageError, match="plain mean is no win rate"):
                        command(run)
            for files in (
                folder / "paid_annotations.json",
                f"{tmp_path}/*/gpt4_ranking/paid_annotations.json",
            ):
                with pytest.raises(autoeval.UsageError, match="plain mean is no win rate"):
                    autoeval.analyze_models(files)


def test_a_dry_run_says_the_width_and_a_precision_finds_n(tmp_path: Path) -> None:
    said: list[str] = []

    class Heard:
        def announce(self, line: str) -> None:
            said.append(line)

        def __getattr__(self, name: str) -> Any:
            return lambda *_: None

    with JudgeServer(always("a > b")) as server:
        dry = evaluate_small(tmp_path, server, n=N, precision=9, dry_run=True, display=Heard())
        assert 50 < dry.n_requests < N  # type: ignore[attr-defined]
        (line,) = [line for line in said if "expect the win rate" in line]
        assert "±9.0" in line or "±8.9" in line
        result = evaluate_small(tmp_path, server, n=N, precision=9)
    assert isinstance(result.paid, PaidResult)
    assert result.paid.found.n_paid == dry.n_requests  # type: ignore[attr-defined]
    assert {"even", "odd"} == set(result.paid.by_subset)
    assert "on instructions like these" in "\n".join(result.paid.lines)


def test_both_orders_are_paid_for_pair_by_pair(tmp_path: Path) -> None:
    with JudgeServer(always("a > b")) as server:
        result = evaluate_small(tmp_path, server, n=N, n_paid=50, order="both")
    assert len(result.records()) == 50
    assert result.ask.n_asked == 100


def test_a_sampled_row_does_not_stand_among_full_ones(tmp_path: Path) -> None:
    outputs, reference = write_outputs(tmp_path, N)
    board = tmp_path / "board.csv"
    rows = [{**row, "generator": "other"} for row in json.loads(outputs.read_text())]
    for given, n_paid in ((rows, None), (outputs, 60)):
        result = autoeval.evaluate(
            given, reference, "longest", precomputed_leaderboard=board, output_path=None, n_paid=n_paid
        )
    assert list(result.board.rows) == ["model"]
    assert "all of those of 'other'" in result.apart.reason
    assert "other" in board.read_text()
    assert "model" not in board.read_text().replace("judge_models", "")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_paid": 20}, "n_paid must be a whole number at least 50"),
        ({"n_paid": 60, "precision": 2}, "give one of them"),
        ({"n_paid": 60, "is_recompute_metrics_only": True}, "asks nobody"),
        ({"predict_with": "longest"}, "say how many"),
        (
            {"n_paid": 60, "annotators_config": "longest", "judge_base_url": None, "predict_with": "longest"},
            "the judge itself",
        ),
        ({"n_paid": 60, "fn_metric": lambda rows: {"one": len(rows)}}, "cannot know how"),
    ],
)
def test_what_is_refused(tmp_path: Path, parameters: dict[str, Any], message: str) -> None:
    with (
        JudgeServer(always("a > b")) as server,
        pytest.raises(autoeval.UsageError, match=message),
    ):
        evaluate_small(tmp_path, server, n=N, **parameters)


def test_a_prompt_on_several_pairs_and_several_outputs_an_instruction_are_refused(tmp_path: Path) -> None:
    with pytest.raises(autoeval.UsageError, match="several pairs in one prompt"):
        choose(
            [a_pair(i) for i in range(80)], Annotator("test", (a_judge(batch_size=5),)), Wanted(60), 0, None
        )
    twice = [a_pair(i % 40, output_2=str(i)) for i in range(80)]
    with pytest.raises(autoeval.UsageError, match="several outputs"):
        choose(twice, Annotator("test", (a_judge(),)), Wanted(60), 0, None)


@pytest.mark.slow
def test_what_was_learned_saves_judgments(tmp_path: Path) -> None:
    """On recorded models: 100 judgments of a model that was left out, drawn by what the judge said of others."""
    folder = recorded_data() / "alpaca_eval_1"
    model, *others = recorded_models("alpaca_eval_1")[3:10]

    def own(recorded: Path) -> Path:
        """What was recorded, as if this judge had said it."""
        rows = [
            {**row, "annotator": "gpt4_ranking"} for row in load_recorded(recorded / "annotations.json.gz")
        ]
        path = tmp_path / f"{recorded.name}.json"
        path.write_text(json.dumps(rows))
        return path

    with JudgeServer(RecordedJudge(folder, model)) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_BASE_URL", server.base_url)  # also for learning: it is part of who the judge is
        learned = learn([own(folder / other) for other in others], "gpt4_ranking")
        assert np.mean(list(learned.r_squared.values())) > 0.15
        result = autoeval.evaluate(
            folder / model / "model_outputs.json.gz",
            folder / "reference_outputs.json.gz",
            "gpt4_ranking",
            output_path=None,
            caching_path=None,
            n_paid=200,
            retry_delay=0,
        )
    truth = [row["preference"] for row in load_recorded(folder / model / "annotations.json.gz")]
    rate = 100 * np.mean([(p or 1.5) - 1 for p in truth if p is not None])
    assert result.paid.method == "sampled by a learned prediction"
    assert result.estimate.low < rate < result.estimate.high
    assert result.paid.found.n_effective > 220


def test_a_cheap_judge_predicts_and_the_number_stays_the_dear_ones(tmp_path: Path) -> None:
    judge = Stopping(always("a > b"), 10_000)
    with JudgeServer(judge) as server:
        dry = evaluate_small(tmp_path, server, n=N, n_paid=60, predict_with="longest", dry_run=True)
        assert dry.n_requests == 60  # type: ignore[attr-defined]
        result = evaluate_small(
            tmp_path, server, n=N, n_paid=60, predict_with="longest", judge_price=(1.0, 2.0)
        )
    assert judge.asked == 60
    assert result.paid is not None
    assert result.paid.method == "sampled by what longest says"
    stored = json.loads((tmp_path / "results" / "gpt4_ranking" / "sample.json").read_text())
    assert {0.1, 0.9} >= {round(row["predicted"], 6) for row in stored["sample"]}
    preferences = {row["preference"] for row in result.records()}
    assert preferences == {1.0, 2.0}, "as the dear judge said"
    assert "all of them would cost about $" in "\n".join(result.paid.lines)
