"""Finished runs in the terminal: one again, and two against each other."""

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from autoeval import evaluate
from autoeval.cli.commands import group
from autoeval.errors import UsageError
from autoeval.journeys.compare import compare
from autoeval.journeys.show import show
from autoeval.runs.finished import Run
from tests.recorded import load_recorded, recorded_data
from tests.report.test_report import EXAMPLES, run


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Path, Path]:
    run(tmp_path / "a")
    run(tmp_path / "b", model_outputs=EXAMPLES / "outputs_second.json")
    return tmp_path / "a" / "offline", tmp_path / "b" / "offline"


def write_recorded(folder: Path, model: str) -> Path:
    rows = load_recorded(recorded_data() / "alpaca_eval_1" / model / "annotations.json.gz")
    folder.mkdir()
    (folder / "annotations.json").write_text(json.dumps(rows))
    return folder


def test_a_run_is_shown_with_its_own_numbers(runs: tuple[Path, Path]) -> None:
    run = show(str(runs[0]))
    assert isinstance(run, Run)
    shown = run.tally()
    result = evaluate(
        EXAMPLES / "outputs.json",
        EXAMPLES / "reference_outputs.json",
        "offline",
        output_path=None,
        caching_path=None,
    )
    assert shown.win_rate() == result.win_rate
    rows = json.loads((runs[0] / "annotations.json").read_text())
    assert result.win_rate.value == pytest.approx(
        100 * sum(row["preference"] - 1 for row in rows) / len(rows)
    )
    subsets = {row["dataset"] for row in rows}
    assert set(shown.by_subset()) == (subsets if len(subsets) > 1 else set())
    assert shown.by_subset() == result.by_subset


def test_the_terminal_shows_a_run_and_its_report(runs: tuple[Path, Path]) -> None:
    said = CliRunner().invoke(group, ["show", str(runs[0])]).output
    assert "example-model against example-reference, judged by offline" in said
    assert "24 of 24 pairs judged" in said
    assert "report.html" in said.replace("\n", "")


def test_comparing_recorded_models_gives_the_tests_of_the_analysis(tmp_path: Path) -> None:
    folders = [write_recorded(tmp_path / model, model) for model in ("claude", "cohere")]
    result = compare(str(folders[0]), str(folders[1]))
    tables = [pd.DataFrame(json.loads((folder / "annotations.json").read_text())) for folder in folders]
    first, second = (
        table.assign(preference=table["preference"].replace(0, 1.5)).set_index("instruction")["preference"]
        for table in tables
    )
    differences = (first - second).abs().dropna().sort_values(ascending=False)
    paired = (first - second).dropna()
    assert result.tests.n == len(paired)
    assert result.tests.value == pytest.approx(100 * paired.mean())
    assert len(result.contrasts) == 10
    assert [abs(one.difference) for one in result.contrasts] == list(differences.iloc[:10])
    assert all(one.difference == first[one.instruction] - second[one.instruction] for one in result.contrasts)


def test_the_contrasts_are_the_largest(runs: tuple[Path, Path]) -> None:
    a, b = (
        {
            row["instruction"]: row["preference"]
            for row in json.loads((folder / "annotations.json").read_text())
        }
        for folder in runs
    )
    result = compare(str(runs[0]), str(runs[1]), n_pairs=3)
    largest = sorted(a, key=lambda instruction: -abs(a[instruction] - b[instruction]))[:3]
    assert [one.instruction for one in result.contrasts] == largest
    assert result.caution is None


def test_runs_of_different_judges_compare_with_a_warning(tmp_path: Path, runs: tuple[Path, Path]) -> None:
    run(tmp_path / "c", annotators_config="longest")
    result = compare(str(runs[0]), str(tmp_path / "c" / "longest"))
    assert result.caution == "different judges: offline and longest"


def test_runs_against_different_references_are_refused(tmp_path: Path, runs: tuple[Path, Path]) -> None:
    run(tmp_path / "c", reference_outputs=EXAMPLES / "outputs_second.json")
    with pytest.raises(UsageError, match="do not compare"):
        compare(str(runs[0]), str(tmp_path / "c" / "offline"))


@pytest.mark.parametrize("content", ["[]", '[{"output": 1}]', "not json"])
def test_what_is_no_run_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "annotations.json").write_text(content)
    with pytest.raises(UsageError, match=r"annotations\.json"):
        show(str(tmp_path))
    with pytest.raises(UsageError, match="there is no run"):
        show(str(tmp_path / "nowhere"))
