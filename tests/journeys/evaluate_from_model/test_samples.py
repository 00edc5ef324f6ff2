"""Several outputs an instruction, and the error that they leave."""

import json
from pathlib import Path

import numpy as np
import pytest

import autoeval
from autoeval.completions.ask import Silent
from autoeval.runs.result import Evaluation
from tests.journeys.evaluate_from_model.small_model import Run, config_of, rows_of
from tests.recorded import recorded_data
from tests.servers import Answer, JudgeServer
from tests.servers.answers import Body
from tests.servers.recorded_judge import RecordedJudge, RecordedModel


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
            config_of(model, parameters={"seed": 0}), evaluation_dataset=folder / "reference_outputs.json.gz",
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
    assert made.n_truncated == sum(len(row["output"]) > 1500 for row in rows_of(tmp_path)) > 0


def test_more_samples_keep_the_ones_there_are(run: Run, model: JudgeServer, tmp_path: Path) -> None:
    run(n_samples=1)
    result = run(n_samples=3, caching_path=None)
    assert model.n_requests == 60
    assert result.generations[0].n_kept == 20
    assert [row["sample"] for row in rows_of(tmp_path)[:4]] == [0, 1, 2, 0]


def test_samples_that_will_be_alike_are_spoken_of(run: Run) -> None:
    said: list[str] = []

    class Heard(Silent):
        def announce(self, line: str) -> None:
            said.append(line)

    run(generator_parameters={"temperature": 0}, n_samples=2, max_instances=1, display=Heard())
    assert "temperature 0" in said[0]
