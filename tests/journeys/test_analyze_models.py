"""Many models' annotations in; which of them differ, as tables, plots and words, out."""

import csv
import json
import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import autoeval
from autoeval.errors import UsageError
from tests.recorded import load_recorded, recorded_data, recorded_models


def _write(folder: Path, model: str, p: float, n: int = 120) -> None:
    draw = random.Random(model)
    rows = [
        {"instruction": f"i{i}", "dataset": f"set {i % 2}", "output_1": "x", "output_2": "y" * 100}
        | {"generator_1": "reference", "generator_2": model, "preference": 1.0 + (draw.random() < p)}
        for i in range(n)
    ]
    (folder / model).mkdir()
    (folder / model / "annotations.json").write_text(json.dumps(rows))


@pytest.fixture
def results(tmp_path: Path) -> str:
    for model, p in {"good": 0.8, "fair": 0.55, "poor": 0.3}.items():
        _write(tmp_path, model, p)
    return str(tmp_path / "*" / "annotations.json*")


def test_the_table_agrees_with_scipy_pair_by_pair(results: str) -> None:
    found = autoeval.analyze_models(results, output_path=None)
    scores = {
        row["generator_2"]: np.array(
            [
                other["preference"]
                for other in found_rows(results)
                if other["generator_2"] == row["generator_2"]
            ]
        )
        for row in found_rows(results)
    }
    overall = found.comparison.table[found.comparison.table.subset == "overall"]
    for row in overall.itertuples():
        expected = stats.ttest_rel(scores[str(row.model_1)], scores[str(row.model_2)])
        assert row.p_t == pytest.approx(expected.pvalue)
    assert found.comparison.models == ("good", "fair", "poor")
    assert list(found.board.rows) == ["good", "fair", "poor"]
    assert found.board.rows["good"]["avg_length"] == 100
    assert found.paths == ()


def test_a_glob_may_match_the_runs_folders(results: str, tmp_path: Path) -> None:
    (tmp_path / "good" / "judge").mkdir()
    (tmp_path / "good" / "annotations.json").rename(tmp_path / "good" / "judge" / "annotations.json")
    (tmp_path / "notes.txt").write_text("mine")
    for source in (
        tmp_path / "[gfp]*",
        str(tmp_path / "[gfp]*"),
        [tmp_path / "good*", f"{tmp_path}/[fp]*/annotations.json"],
    ):
        found = autoeval.analyze_models(source, output_path=None, plots=False)
        assert found.comparison.models == ("good", "fair", "poor")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"empty holds no annotations\.json"):
        autoeval.analyze_models(tmp_path / "[gfpe]*", output_path=None, plots=False)
    with pytest.raises(UsageError, match="no file matches"):
        autoeval.analyze_models(tmp_path / "none*", output_path=None, plots=False)


def found_rows(results: str) -> list[dict[str, object]]:
    files = sorted(Path(results).parent.parent.glob("*/annotations.json"))
    return [row for file in files for row in json.loads(file.read_text())]


def test_tables_and_plots_are_files(results: str, tmp_path: Path) -> None:
    board = tmp_path / "evaluators.csv"
    board.write_text(",Human agreement,Price [$/1000 examples]\nlongest,64.8,0\njudge,70.1,12.5\n")
    found = autoeval.analyze_models(
        results,
        output_path=tmp_path / "out",
        evaluators_leaderboard=board,
        plot_format="svg",
    )
    assert {path.name for path in found.paths} == {
        "comparisons.csv",
        "models.csv",
        "subsets.csv",
        "p_by_n.csv",
        "p_values.svg",
        "p_by_n.svg",
        "length_win_rate.svg",
        "price_agreement.svg",
    }
    assert all(path.stat().st_size for path in found.paths)
    with (tmp_path / "out" / "comparisons.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 9, "three pairs on two subsets and overall"
    assert float(rows[0]["p_t"]) == pytest.approx(found.comparison.table.p_t[0])


def test_without_matplotlib_it_is_said_before_any_work(
    results: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autoeval.journeys.analyze_models.find_spec", lambda _: None)
    with pytest.raises(autoeval.UsageError, match=r"--noplots.*autoeval\[report\]"):
        autoeval.analyze_models(results, output_path=tmp_path / "out")
    assert not (tmp_path / "out").exists()
    found = autoeval.analyze_models(results, output_path=tmp_path / "out", plots=False)
    assert {path.suffix for path in found.paths} == {".csv"}


def test_one_set_of_instructions_has_no_subsets_to_compare(results: str) -> None:
    table = pd.DataFrame(found_rows(results)).drop(columns="dataset")
    found = autoeval.analyze_models(table, output_path=None)
    assert found.separation is None
    assert found.comparison.subsets == ("overall",)


def test_what_is_refused(results: str, tmp_path: Path) -> None:
    with pytest.raises(autoeval.UsageError, match="--annotations is missing"):
        autoeval.analyze_models()
    with pytest.raises(autoeval.UsageError, match="Did you mean 'p_wilcoxon'"):
        autoeval.analyze_models(results, adjusted_test="p_wilcoxn")
    with pytest.raises(autoeval.UsageError, match="two models or more"):
        autoeval.analyze_models(tmp_path / "good" / "annotations.json", output_path=None)
    with pytest.raises(autoeval.UsageError, match="no file matches"):
        autoeval.analyze_models(str(tmp_path / "*.nothing"))


@pytest.mark.slow
def test_the_recorded_models(tmp_path: Path) -> None:
    files = [recorded_data() / "alpaca_eval_1" / name / "annotations.json.gz" for name in recorded_models()]
    found = autoeval.analyze_models(files, output_path=tmp_path)
    scores = {
        name: {row["instruction"]: 1.5 if row["preference"] == 0 else row["preference"] for row in rows}
        for name, rows in zip(recorded_models(), map(load_recorded, files), strict=True)
    }
    table = found.comparison.table
    assert len(table) == 6 * 210
    for row in table[table.subset == "overall"].itertuples():
        one, other = scores[str(row.model_1)], scores[str(row.model_2)]
        pairs = [(one[i], other[i]) for i in one if one[i] is not None and other.get(i) is not None]
        first, second = (np.array(side, dtype=float) for side in zip(*pairs, strict=True))
        assert row.n == len(pairs)
        assert row.p_t == pytest.approx(stats.ttest_rel(first, second).pvalue, rel=1e-6)
    assert len(found.paths) == 7
