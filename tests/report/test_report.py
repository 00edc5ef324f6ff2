"""The report of a run: when it is written, what is in it, and how large it is."""

import base64
import json
import os
import re
import zlib
from pathlib import Path
from typing import Any

import pytest

from autoeval import evaluate
from autoeval.errors import UsageError
from autoeval.report.pairs import chosen
from autoeval.resources import shipped
from tests.recorded import recorded_data

EXAMPLES = shipped("examples")


def run(folder: Path, **settings: Any) -> Any:
    defaults: dict[str, Any] = {
        "model_outputs": EXAMPLES / "outputs.json",
        "reference_outputs": EXAMPLES / "reference_outputs.json",
        "annotators_config": "offline",
        "output_path": folder,
        "caching_path": None,
    }
    return evaluate(**{**defaults, **settings})


def report_of(folder: Path) -> Path:
    return folder / "offline" / "report.html"


def pairs_in(report: Path) -> list[dict[str, Any]]:
    packed = re.search(r'id="data">([^<]*)<', report.read_text())
    assert packed
    data = json.loads(zlib.decompress(base64.b64decode(packed[1])))
    pairs: list[dict[str, Any]] = data["pairs"]
    return pairs


def test_it_says_the_number_and_holds_every_pair(tmp_path: Path) -> None:
    result = run(tmp_path)
    report = report_of(tmp_path)
    assert f"{result.win_rate.win_rate:.1f}" in report.read_text()
    rows = json.loads((report.parent / "annotations.json").read_text())
    shown = pairs_in(report)
    assert [pair["instruction"] for pair in shown] == [row["instruction"] for row in rows]
    assert [pair["preference"] for pair in shown] == [row["preference"] for row in rows]


def test_it_can_be_left_out(tmp_path: Path) -> None:
    result = run(tmp_path, no_report=True)
    assert not report_of(tmp_path).exists()
    assert report_of(tmp_path) not in result.paths


def test_a_run_that_changed_nothing_does_not_write_it_again(tmp_path: Path) -> None:
    run(tmp_path)
    os.utime(report_of(tmp_path), (1, 1))  # long ago, however coarse the disk's clock is
    run(tmp_path)
    assert report_of(tmp_path).stat().st_mtime == 1
    run(tmp_path, seed=1)
    assert report_of(tmp_path).stat().st_mtime > 1


def test_the_prompt_stands_there_as_it_was_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.servers import JudgeServer

    monkeypatch.setenv("OPENAI_API_KEY", "key")
    with JudgeServer() as server:
        run(
            tmp_path,
            annotators_config=EXAMPLES / "annotator",
            judge_base_url=server.base_url,
            order="both",
            min_coverage=0,
            go_on=True,
        )
        sent = {json.dumps([[m["role"], m["content"]] for m in body["messages"]]) for body in server.bodies}
    shown = {
        json.dumps(prompt)
        for pair in pairs_in(tmp_path / "report.html")
        for prompt in pair.get("prompts", [])
    }
    assert shown == sent


def test_peoples_votes_are_shown_whichever_output_stood_first(tmp_path: Path) -> None:
    run(tmp_path)
    rows = json.loads((report_of(tmp_path).parent / "annotations.json").read_text())[:2]
    votes = [
        {
            "instruction": row["instruction"],
            "output_1": row["output_2"],
            "output_2": row["output_1"],
            "preference": 1,
        }
        for row in rows
    ]
    run(tmp_path, human_annotations=votes)
    assert [pair.get("people") for pair in pairs_in(report_of(tmp_path))][:3] == [2.0, 2.0, None]


def test_votes_without_a_column_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no field 'output_1'"):
        run(tmp_path, human_annotations=[{"instruction": "a", "preference": 1}])


def test_beyond_2000_pairs_a_sample_keeps_every_failure_and_flip() -> None:
    missing = [i % 700 == 0 for i in range(5000)]
    flipped = [i % 900 == 1 for i in range(5000)]
    first = chosen(missing, flipped, seed=0)
    assert first is not None
    assert len(first) == 2000
    assert {i for i in range(5000) if missing[i] or flipped[i]} <= first
    assert first == chosen(missing, flipped, seed=0) != chosen(missing, flipped, seed=1)
    assert chosen(missing[:2000], flipped[:2000], seed=0) is None


def test_a_sampled_report_says_so(tmp_path: Path) -> None:
    rows = [{"instruction": f"question {i}", "output": f"answer {i}"} for i in range(2100)]
    longer = [{**row, "output": row["output"] + "!"} for row in rows]
    run(tmp_path, model_outputs=longer, reference_outputs=rows, name="model")
    assert "2000 of 2100 pairs are in this page" in report_of(tmp_path).read_text()
    assert len(pairs_in(report_of(tmp_path))) == 2000


@pytest.mark.slow
def test_it_is_under_3_mb_for_805_long_pairs(tmp_path: Path) -> None:
    folder = recorded_data() / "alpaca_eval_2"
    run(
        tmp_path,
        model_outputs=recorded_data()
        / "alpaca_eval_1"
        / "ultralm-13b-v2.0-best-of-16"
        / "model_outputs.json.gz",
        reference_outputs=folder / "reference_outputs.json.gz",
    )
    assert len(pairs_in(report_of(tmp_path))) == 805
    assert report_of(tmp_path).stat().st_size < 3_000_000
