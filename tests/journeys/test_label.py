"""Labels drawn from a run, filled in by a person, and read back into a corrected win rate."""

import csv
import json
from pathlib import Path

import pytest

import autoeval
from autoeval.analysis import LabelSheet
from autoeval.journeys.label import Corrected
from tests.journeys.small import write_outputs

N = 60


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of the embedded judge, which finds the model's longer outputs better."""
    outputs, reference = write_outputs(tmp_path, N)
    autoeval.evaluate(outputs, reference, "longest", output_path=tmp_path / "results", no_report=True)
    return tmp_path / "results"


def _draw(run: Path, n: int) -> Path:
    sheet = autoeval.label(run, n=n)
    assert isinstance(sheet, LabelSheet)
    return sheet.path


def _correct(run: Path, labels: Path) -> Corrected:
    result = autoeval.label(run, labels=labels)
    assert isinstance(result, Corrected)
    return result


def _fill(sheet: Path, answers: list[str]) -> Path:
    """Fill the column `better` in as a spreadsheet would, each answer for the model or the reference."""
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row, answer in zip(rows, answers, strict=False):
        models = "a" if "of the model" in row["output_a"] else "b"
        row["better"] = {"model": models, "reference": "ab".replace(models, ""), "": ""}[answer]
    with sheet.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    return sheet


def test_the_sheet_is_blind_and_the_same_for_the_same_seed(run: Path, tmp_path: Path) -> None:
    sheets = [autoeval.label(run, n=20, sheet=tmp_path / f"{i}.csv") for i in range(2)]
    assert all(isinstance(sheet, LabelSheet) and (sheet.n, sheet.n_pairs) == (20, N) for sheet in sheets)
    text = (tmp_path / "0.csv").read_text(encoding="utf-8-sig")
    assert text == (tmp_path / "1.csv").read_text(encoding="utf-8-sig")
    assert "longest" not in text
    shown_first = [row["output_a"] for row in csv.DictReader(text.splitlines())]
    n_models = sum("of the model" in output for output in shown_first)
    assert 2 < n_models < 18


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_a_sheet_in_another_encoding_is_read(run: Path, encoding: str) -> None:
    """Excel's `Unicode text` is UTF-16 with tabs."""
    sheet = _fill(_draw(run, 20), ["model", "reference"] * 10)
    text = sheet.read_text(encoding="utf-8-sig").replace(";", "\t")
    sheet.write_text(text, encoding=encoding, errors="replace")
    assert _correct(run, sheet).estimates["prediction_powered"].human == 50


def test_labels_correct_the_win_rate(run: Path) -> None:
    """The judge says 100; people prefer the model in 10 of 20 labelled pairs."""
    sheet = _draw(run, 20)
    assert sheet == run / "longest" / "labels.csv"
    _fill(sheet, ["model", "reference"] * 10)
    result = _correct(run, sheet)
    found = result.estimates["prediction_powered"]
    assert (found.judge, found.human, found.value) == (100, 50, 50)
    assert found.low < 50 < found.high
    assert "rogan_gladen" in result.refused, "this judge never prefers the reference, so it tells nothing"
    assert result.n_empty == 0


def test_rogan_gladen_where_the_judge_can_tell(tmp_path: Path) -> None:
    rows = [
        {"instruction": f"i{i}", "output_1": f"answer {i}", "output_2": f"of the model {i}"}
        | {"generator_1": "reference", "generator_2": "model", "preference": 1.0 + (i % 4 > 0)}
        for i in range(100)
    ]
    annotations = tmp_path / "annotations.json"
    annotations.write_text(json.dumps(rows))
    sheet = _draw(annotations, 100)
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        numbers = [int(row["instruction"][1:]) for row in csv.DictReader(file)]
    _fill(sheet, ["model" if number % 2 or number % 20 == 4 else "reference" for number in numbers])
    result = _correct(tmp_path, sheet)
    # With every pair labelled, both methods give people's own win rate, 55%.
    assert {name: round(found.value, 9) for name, found in result.estimates.items()} == {
        "prediction_powered": 55,
        "rogan_gladen": 55,
    }


def test_empty_labels_are_counted(run: Path) -> None:
    sheet = _draw(run, 30)
    _fill(sheet, ["model", "reference"] * 6 + [""] * 18)
    assert _correct(run, sheet).n_empty == 18


def test_what_is_refused(run: Path, tmp_path: Path) -> None:
    sheet = _draw(run, 5)
    with pytest.raises(autoeval.UsageError, match="is empty"):
        autoeval.label(run, labels=sheet)
    with pytest.raises(autoeval.UsageError, match="too few"):
        autoeval.label(run, labels=_fill(sheet, ["model"] * 5))
    with pytest.raises(autoeval.UsageError, match="may hold labels"):
        autoeval.label(run, n=5)
    with pytest.raises(autoeval.UsageError, match="give one of them"):
        autoeval.label(run, labels=sheet, sheet=tmp_path / "other.csv")
    with pytest.raises(autoeval.UsageError, match=f"cannot draw 100 pairs to label: {N} were judged"):
        autoeval.label(run, sheet=tmp_path / "other.csv")
    with pytest.raises(autoeval.UsageError, match="run is missing"):
        autoeval.label()
    with pytest.raises(autoeval.UsageError, match="there is no run"):
        autoeval.label(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(autoeval.UsageError, match=r"holds no annotations\.json"):
        autoeval.label(tmp_path / "empty")


def test_a_folder_of_several_runs_needs_a_name(run: Path, tmp_path: Path) -> None:
    autoeval.evaluate(
        tmp_path / "outputs.json", tmp_path / "reference.json", "offline", output_path=run, no_report=True
    )
    with pytest.raises(autoeval.UsageError, match=r"holds 2 runs.*longest.*offline"):
        autoeval.label(run)
    assert isinstance(autoeval.label(run / "offline", n=5), LabelSheet)
