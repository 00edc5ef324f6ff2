"""What the analysing commands print, at 80 columns."""

import json
from pathlib import Path
from typing import Any

import pytest

import autoeval
from autoeval.cli.commands import group
from tests.journeys.small import write_outputs


@pytest.fixture
def printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command in an empty folder and give what it printed, every line of which has room."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments: str) -> str:
        with pytest.raises(SystemExit) as exit_:
            group.main(list(arguments), standalone_mode=False)
        assert exit_.value.code == 0
        text = capsys.readouterr().out
        assert all(len(line) <= 80 for line in text.splitlines()), text
        return text

    return run


def test_a_judge_among_judges(printed: Any, tmp_path: Path) -> None:
    votes = [
        {"instruction": f"i{i}", "output_1": "a" * i, "output_2": "b" * 20, "preference": 1 + (i + vote) % 2}
        for i in range(12)
        for vote in range(3)
    ]
    (tmp_path / "votes.json").write_text(json.dumps(votes))
    flags = ("--gold_crossannotations", "votes.json", "--is_save_leaderboard", "--output_format", "table")
    people = printed("analyze_evaluators", "humans", *flags)
    assert "however ties between votes are broken" in people
    judges = printed("analyze-evaluators", "--annotators_config=offline", *flags)
    assert judges.index("humans") > 0
    assert "offline" in judges
    assert "agreement with people" in judges
    again = printed("analyze_evaluators", "offline", *flags)
    assert "--is_overwrite_leaderboard analyses it again" in again
    assert "offline" in printed(
        "analyze_evaluators", "--annotators_config", "None", "--output_format", "table"
    )


def test_an_audit_is_a_line_a_check(printed: Any, tmp_path: Path) -> None:
    outputs, reference = write_outputs(tmp_path)
    text = printed("audit", str(outputs), str(reference), "longest", "--checks", "[swap, filler]")
    assert "Filler at the end of an output earns it" in text
    assert "longest on 20 pairs, flagged: filler" in text
    assert "results_audit/longest/audit.json" in text


def test_labels_and_what_they_change(printed: Any, tmp_path: Path) -> None:
    outputs, reference = write_outputs(tmp_path)
    autoeval.evaluate(outputs, reference, "offline", no_report=True)
    assert "15 of 20 judged pairs are in" in printed("label", "offline", "--n", "15")
    sheet = tmp_path / "offline" / "labels.csv"
    lines = sheet.read_text(encoding="utf-8-sig").splitlines()
    filled = [line.removesuffix(",,") + f",{'ab'[i % 2]}," for i, line in enumerate(lines[1:])]
    sheet.write_text("\n".join([lines[0], *filled]))
    text = printed("label", "offline", "--labels", str(sheet))
    assert "corrected (prediction powered)" in text
    assert "by the judge" in text


def test_models_beside_their_neighbours(printed: Any, tmp_path: Path) -> None:
    for name, wins in {"good": 30, "fair": 22, "poor": 5}.items():
        rows = [
            {"instruction": f"i{i}", "dataset": f"set {i % 2}", "output_1": "x", "output_2": "y" * i}
            | {"generator_1": "reference", "generator_2": name, "preference": 1 + (i * 7 % 40 < wins)}
            for i in range(40)
        ]
        (tmp_path / name).mkdir()
        (tmp_path / name / "annotations.json").write_text(json.dumps(rows))
    text = printed("analyze_models", "*/annotations.json", "--noplots", "--draws", "100")
    assert "9 comparisons of 3 models" in text
    assert "100 draws of 20 instructions" in text
    assert "results_models/comparisons.csv" in text
