"""alpaca_eval import_results: files that the newest releases wrote, on a board beside win rates."""

import json
from pathlib import Path
from typing import Any

import pytest

from autoeval.data.other_results import read_result
from autoeval.errors import UsageError
from autoeval.journeys.import_results import FROM, import_results
from autoeval.journeys.site import site
from autoeval.leaderboards.table import read_board

HERE = Path(__file__).parent
BOARD = ",win_rate,standard_error,n_total\nsmollm2-135m,20.5,1.5,100\nother,10.5,1.0,100\n"
FILES = ("inspect_0.3.285.json", "inspect_0.3.285.eval", "lm_eval_0.4.13_results.json")


def board(folder: Path) -> Path:
    path = folder / "own" / "board.csv"
    path.parent.mkdir()
    path.write_text(BOARD, encoding="utf-8")
    return path


def test_lm_evaluation_harness() -> None:
    result = read_result(HERE / "lm_eval_0.4.13_results.json")
    assert (result.model, result.harness, result.version) == (
        "smollm2-135m",
        "lm-evaluation-harness",
        "0.4.13",
    )
    assert [(metric.name, metric.value, metric.n) for metric in result.metrics] == [
        ("tiny_sums exact_match (strict-match)", 0.0, 6),
        ("tiny_sums exact_match (flexible-extract)", 0.5, 6),
    ]
    names = [metric.name for metric in read_result(HERE / "lm_eval_0.4.13_dummy.json").metrics]
    assert {"tiny_mc acc", "tiny_mc acc_norm"} < set(names)


@pytest.mark.parametrize("name", ["inspect_0.3.285.json", "inspect_0.3.285.eval"])
def test_inspect_in_both_of_its_formats(name: str) -> None:
    if name.endswith(".eval"):
        pytest.importorskip("backports.zstd")
    result = read_result(HERE / name)
    assert (result.model, result.harness, result.version) == (
        "openai-api/local/smollm2-135m",
        "Inspect",
        "0.3.285",
    )
    found = [
        (metric.name, round(metric.value, 4), round(metric.standard_error or 0, 3))
        for metric in result.metrics
    ]
    assert found == [
        ("tiny_sums accuracy (match)", 0.3333, 0.211),
        ("tiny_sums accuracy (includes)", 0.8333, 0.167),
    ]


def test_columns_stand_beside_win_rates_on_board_and_site(tmp_path: Path) -> None:
    path = board(tmp_path)
    import_results(str(HERE / "lm_eval_0.4.13_results.json"), leaderboard_path=path)
    import_results(str(HERE / "inspect_0.3.285.json"), leaderboard_path=path, name="smollm2-135m")
    rows = read_board(path).rows
    row = rows["smollm2-135m"]
    assert (row["win_rate"], row["tiny_sums exact_match (flexible-extract)"]) == (20.5, 0.5)
    assert row[FROM] == "lm-evaluation-harness 0.4.13; Inspect 0.3.285"
    assert rows["other"]["win_rate"] == 10.5
    again = path.read_bytes()
    import_results(str(HERE / "inspect_0.3.285.json"), leaderboard_path=path, name="smollm2-135m")
    assert (
        read_board(path).rows["smollm2-135m"]["tiny_sums accuracy (match)"]
        == row["tiny_sums accuracy (match)"]
    )
    assert len(path.read_bytes()) == len(again)
    site(tmp_path / "site", tmp_path)
    page = next(
        text
        for file in (tmp_path / "site").rglob("index.html")
        if "Other results" in (text := file.read_text(encoding="utf-8"))
    )
    assert "tiny_sums accuracy (match)" in page
    assert "Inspect 0.3.285" in page


def test_a_check_stands_beside_a_preference(tmp_path: Path) -> None:
    rows = [
        {
            "instruction": f"q{n}",
            "output": "x",
            "generator": "other",
            "annotator": "gsm8k",
            "score": n % 2,
            "parts": {},
        }
        for n in range(10)
    ]
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "annotations.json").write_text(json.dumps(rows), encoding="utf-8")
    (tmp_path / "run" / "run.json").write_text('{"annotator": {"name": "gsm8k"}}', encoding="utf-8")
    path = board(tmp_path)
    result = import_results(str(tmp_path / "run"), leaderboard_path=path)
    assert [metric.value for metric in result.results[0].metrics] == [50.0]
    assert read_board(path).rows["other"]["gsm8k score"] == 50.0


def _changed(name: str, **fields: Any) -> dict[str, Any]:
    return {**json.loads((HERE / name).read_text(encoding="utf-8")), **fields}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("not json", "is no JSON"),
        ([1], "neither a results file"),
        ({"results": 1}, "neither a results file"),
        (_changed("inspect_0.3.285.json", status="error"), "ended as 'error'"),
        (_changed("inspect_0.3.285.json", results=None), "no model or no scores"),
        (_changed("lm_eval_0.4.13_results.json", results={}), "holds no number"),
        (_changed("lm_eval_0.4.13_results.json", results={"a": 1}), "should be an object"),
        (_changed("lm_eval_0.4.13_results.json", config=None, model_name=None), "names no model"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: Any, told: str) -> None:
    path = tmp_path / "r.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    with pytest.raises(UsageError, match=told):
        import_results(str(path))
    (tmp_path / "r.eval").write_bytes(b"no archive")
    with pytest.raises(UsageError, match="no finished log"):
        import_results(str(tmp_path / "r.eval"))


@pytest.mark.parametrize("odd", [10**400, True, None, "x", [], {}, -1, float("nan"), float("inf")])
def test_what_is_no_number_or_count_is_left_out(tmp_path: Path, odd: Any) -> None:
    path = tmp_path / "r.json"
    whole = read_result(HERE / "lm_eval_0.4.13_results.json")
    tasks = {
        "tiny_sums": {**_changed("lm_eval_0.4.13_results.json")["results"]["tiny_sums"], "sample_len": odd}
    }
    path.write_text(json.dumps(_changed("lm_eval_0.4.13_results.json", results=tasks)), encoding="utf-8")
    assert [metric.value for metric in read_result(path).metrics] == [one.value for one in whole.metrics]
    assert {metric.n for metric in read_result(path).metrics} == {10**400 if odd == 10**400 else None}
    for counts in (odd, {"tiny_sums": odd}, {"tiny_sums": {"effective": odd}}):
        path.write_text(json.dumps(_changed("lm_eval_0.4.13_results.json", **{"n-samples": counts})))
        assert [metric.value for metric in read_result(path).metrics] == [one.value for one in whole.metrics]
    if odd != -1:
        tasks = {"tiny_sums": {"exact_match,strict-match": odd, "exact_match,flexible-extract": 0.5}}
        path.write_text(json.dumps(_changed("lm_eval_0.4.13_results.json", results=tasks)), encoding="utf-8")
        assert [metric.value for metric in read_result(path).metrics] == [0.5]
    logged = _changed("inspect_0.3.285.json")
    for value in logged["results"]["scores"][0]["metrics"].values():
        value["value"] = odd
    path.write_text(json.dumps(logged), encoding="utf-8")
    assert all(abs(metric.value) <= 1 for metric in read_result(path).metrics)


def test_a_model_that_the_board_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--name"):
        import_results(str(HERE / "inspect_0.3.285.json"), leaderboard_path=board(tmp_path))
    with pytest.raises(UsageError, match="there is no board"):
        import_results(str(HERE / "inspect_0.3.285.json"), leaderboard_path=tmp_path / "none.csv")
