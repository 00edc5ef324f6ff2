"""Runs as files that other tools read."""

import json
from pathlib import Path

import pytest
import yaml
from huggingface_hub import EvalResultEntry, parse_eval_result_entries

from autoeval import export
from autoeval.errors import UsageError
from tests.viewing.runs import finish, write_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finish(tmp_path_factory.mktemp("run"), "org/mine_&_50%")


def test_eval_results_pass_the_types_of_the_hub(run: Path, tmp_path: Path) -> None:
    out = tmp_path / ".eval_results" / "autoeval.yaml"
    text = export(
        run, to="hugging_face", out=out, dataset="me/mine", organization="us", source_url="https://x.example"
    ).text
    (entry,) = parse_eval_result_entries(yaml.safe_load(out.read_text()))
    assert isinstance(entry, EvalResultEntry)
    assert (entry.dataset_id, entry.task_id, entry.value) == ("me/mine", "default", 28.22)
    assert "19.57 – 43.09" in str(entry.notes)
    assert out.read_text() == text
    with pytest.raises(UsageError, match="--dataset is missing"):
        export(run, to="hugging_face")


def test_every_eval_ever_has_the_numbers_with_their_intervals(run: Path) -> None:
    record = json.loads(export(run, to="every_eval_ever").text)
    first, *subsets = record["evaluation_results"]
    assert first["score_details"]["score"] == pytest.approx(28.21875)
    interval = first["score_details"]["uncertainty"]["confidence_interval"]
    assert (round(interval["lower"], 2), round(interval["upper"], 2)) == (19.57, 43.09)
    assert {one["evaluation_name"] for one in subsets} == {
        f"win_rate/{name}" for name in ("writing", "reasoning", "coding", "everyday")
    }
    assert record["model_info"]["id"] == "org/mine_&_50%"
    types = pytest.importorskip(
        "every_eval_ever.eval_types", reason="every-eval-ever is not installed (3.12)"
    )
    types.EvaluationLog.model_validate(record)


def test_tables_escape_what_would_break_them_and_put_the_best_first(run: Path, tmp_path: Path) -> None:
    write_run(tmp_path / "better", "a|b", ["x", "y", "z"], [2.0, 2.0, 1.0])
    runs = [run, tmp_path / "better"]
    markdown = export(runs).text.splitlines()
    assert markdown[0].startswith("| Model | Win rate | interval | n |")
    assert [line.split(" | ")[0] for line in markdown[2:]] == [r"| a\|b", "| org/mine_&_50%"]
    latex = export(runs, to="latex").text
    assert r"org/mine\_\&\_50\% & 28.22 & 19.57 -- 43.09 & 24" in latex
    assert latex.count(r"\\") == 3


def test_what_cannot_be_exported_is_said(run: Path, tmp_path: Path) -> None:
    nothing = write_run(tmp_path / "nothing", "m", ["x"], [None])
    for parameters, said in (
        ({"runs": run, "to": "latx"}, "Did you mean 'latex'"),
        ({"runs": [run, run], "to": "hugging_face"}, "of one run"),
        ({"runs": nothing}, "not one of 1 pairs was judged"),
        ({"runs": run, "to": "wandb", "out": "x"}, "--out is for files"),
        ({}, "name one or more"),
    ):
        with pytest.raises(UsageError, match=said):
            export(**parameters)
