"""Paying for some of the pairs of several models: one common sample, enlarged and completed as if at once."""

import json
from pathlib import Path
from typing import Any

import pytest

import autoeval
from tests.journeys.small import write_outputs

N = 160


def test_many_models_are_judged_on_one_common_sample(tmp_path: Path) -> None:
    """Also one that is added later; and their rows stand on no board of full runs."""
    outputs, reference = write_outputs(tmp_path, N)
    one = json.loads(outputs.read_text())
    several = [
        {**row, "generator": name, "output": row["output"] * times}
        for name, times in (("a", 1), ("b", 2), ("c", 3))
        for row in one
    ]
    board = tmp_path / "board.csv"

    def make(rows: list[dict[str, Any]], **parameters: Any) -> Any:
        return autoeval.make_leaderboard(
            board,
            "longest",
            rows,
            reference,
            output_path=tmp_path / "models",
            **{"n_paid": 60, **parameters},
        )

    made = make(several[: 2 * N])
    made = make(several)
    assert made.judged == ("c",)
    asked = [
        {
            row["instruction"]
            for row in json.loads((tmp_path / "models" / name / "paid_annotations.json").read_text())
        }
        for name in "abc"
    ]
    assert asked[0] == asked[1] == asked[2]
    assert len(asked[0]) == 60
    rows = made.board.rows
    assert {(row["n_paid"], row["method"]) for row in rows.values()} == {
        (60, "the same random sample for all models")
    }
    assert all(row["low"] < row["win_rate"] for row in rows.values())
    assert autoeval.make_leaderboard(board, "longest", check=True).unchecked == list("abc")
    assert "on these 160 instructions" in made.paid["c"].in_short
    assert "on instructions like these, from 60 judgments" in made.paid["c"].in_short
    with pytest.raises(autoeval.UsageError, match="all of its pairs were judged"):
        make([{**row, "generator": "d"} for row in one], n_paid=None)
    with pytest.raises(autoeval.UsageError, match="--check judges all pairs"):
        make(several, check=True)


def test_a_common_sample_is_enlarged_and_completed(tmp_path: Path) -> None:
    """As if it had been one run; rows of a larger sample, or of another judge, are left as they are."""
    outputs, reference = write_outputs(tmp_path, N)
    several = [
        {**row, "generator": name, "output": row["output"] * times}
        for name, times in (("a", 1), ("b", 2))
        for row in json.loads(outputs.read_text())
    ]

    def make(board: str, n_paid: int | None, judge: str = "longest", seed: int = 0) -> Any:
        folder = tmp_path / f"{board}-runs"
        return autoeval.make_leaderboard(
            tmp_path / board, judge, several, reference, output_path=folder, n_paid=n_paid, seed=seed
        )

    def files(board: str) -> dict[str, Any]:
        folder = tmp_path / f"{board}-runs"
        rows = {path: json.loads(path.read_text()) for path in sorted(folder.rglob("*annotations.json"))}
        untimed = {
            str(path.relative_to(folder)): [{**row, "time_per_example": 0} for row in of_model]
            for path, of_model in rows.items()
        }
        return {**untimed, "board": (tmp_path / board).read_text()}

    make("grown.csv", 60)
    assert make("grown.csv", 60).judged == ()
    assert make("grown.csv", 100, seed=1).judged == (), (
        "another seed draws others, of which these are no part"
    )
    (other,) = {row["method"] for row in make("other.csv", 60, seed=1).board.rows.values()}
    assert other == "the same random sample for all models (seed 1)"
    assert make("grown.csv", 100, "offline").judged == (), "another judge's row is left as it is"
    for n_paid in (100, None):
        assert make("grown.csv", n_paid).judged == ("a", "b")
        make(f"at-once-{n_paid}.csv", n_paid)
        assert files("grown.csv") == files(f"at-once-{n_paid}.csv")
        assert make("grown.csv", 60).judged == ()
