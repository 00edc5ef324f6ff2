"""A pair that counts three times does so wherever preferences are added up: board, site, show, compare, gate, rank."""

import csv
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from autoeval.alpaca_eval.metrics import get_winrate
from autoeval.analysis.comparison import compare_models, paired_tests
from autoeval.errors import UsageError
from autoeval.journeys.compare import compare
from autoeval.journeys.gate import gate
from autoeval.journeys.rank import rank
from autoeval.leaderboards.details import board_details
from autoeval.metrics.observations import Observations
from autoeval.metrics.ranking import pair_win_rates, rank_by_win_rate
from autoeval.metrics.win_rate import win_rate
from autoeval.runs.measured import measure

N = 60
Rows = list[dict[str, Any]]


def annotated(model: str, seed: int) -> Rows:
    """Return a model's annotations: clear wins and losses count three times, as Arena-Hard's do."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(N):
        preference, weight = float(rng.choice([1.0, 1.5, 2.0])), float(rng.choice([1.0, 2.0, 3.0]))
        row = {
            "instruction": f"question {number}",
            "dataset": ("hard", "easy")[number % 2],
            "generator_1": "base",
            "generator_2": model,
            "output_1": "x" * int(rng.integers(9, 99)),
            "output_2": "y" * int(rng.integers(9, 99)),
            "annotator": "judge",
            "preference": preference,
            **({"weight": weight} if weight != 1 else {}),
        }
        rows.append(row)
    return rows


@pytest.fixture
def runs(tmp_path: Path) -> Mapping[str, Rows]:
    found = {"one": annotated("one", 1), "other": annotated("other", 2)}
    for name, rows in found.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "annotations.json").write_text(json.dumps(rows))
    return found


def weighted(rows: Rows) -> float:
    """The win rate, directly: Σ w (preference − 1) / Σ w, in percent."""
    weights = [row.get("weight", 1.0) for row in rows]
    return 100 * float(np.average([row["preference"] - 1 for row in rows], weights=weights))


def test_everything_that_adds_preferences_up_gives_the_same_weighted_numbers(
    runs: Mapping[str, Rows], tmp_path: Path
) -> None:
    rates = {name: weighted(rows) for name, rows in runs.items()}
    difference = rates["one"] - rates["other"]
    everything = [row for rows in runs.values() for row in rows]
    for name, rows in runs.items():
        measured = measure(tmp_path / name)
        assert measured.headline.estimate().value == pytest.approx(rates[name])
        for subset in ("hard", "easy"):
            part = [row for row in rows if row["dataset"] == subset]
            assert measured.subsets[subset].estimate().value == pytest.approx(weighted(part))
        assert get_winrate(rows)["win_rate"] == pytest.approx(rates[name])
    compared = compare(str(tmp_path / "one"), str(tmp_path / "other")).tests
    assert compared.value == pytest.approx(difference)
    one, other = (pd.DataFrame(rows) for rows in runs.values())
    assert asdict(paired_tests(one, other)) == pytest.approx(asdict(compared))
    both = compare_models(pd.concat([one, other])).table
    overall = both[both["subset"] == "overall"].iloc[0]
    sign = 1 if overall["model_1"] == "one" else -1
    assert (overall["value"], overall["p_t"]) == pytest.approx((sign * difference, compared.p_t))
    assert {place.model: place.value for place in rank_by_win_rate(everything) if place.model != "base"} == (
        pytest.approx(rates)
    )
    assert {(pair.against, pair.n) for pair in pair_win_rates(everything) if pair.model == "base"} == {
        ("one", N),
        ("other", N),
    }
    (tmp_path / "rules.yaml").write_text(
        f"rules:\n- win_rate > {rates['one'] - 0.1}\n- win_rate - baseline > {difference - 0.1}\n"
    )
    found = gate(str(tmp_path / "one"), str(tmp_path / "other"), rules=tmp_path / "rules.yaml").findings
    assert [finding.estimate.value for finding in found] == pytest.approx([rates["one"], difference])

    board = tmp_path / "b.csv"
    board.write_text(",win_rate\none,1\nother,2\n")
    with (tmp_path / "b.preferences.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["model", "instruction", "subset", "preference", "length_1", "length_2", "is_flipped", "weight"]
        )
        writer.writerows(
            [name, row["instruction"], row["dataset"], row["preference"], 1, 1, "", row.get("weight", 1)]
            for name, rows in runs.items()
            for row in rows
        )
    details = board_details(board)
    hard = [row for row in runs["one"] if row["dataset"] == "hard"]
    shown = details.subsets["one"]["hard"]
    values = [row["preference"] for row in hard]
    expected = win_rate(values, weights=[row.get("weight", 1.0) for row in hard])
    assert (shown.win_rate, shown.low, shown.high) == pytest.approx(
        (weighted(hard), expected.low, expected.high)
    )
    one_against_other = details.comparison("one", "other")
    assert one_against_other is not None
    assert (one_against_other.difference, one_against_other.p) == pytest.approx((difference, compared.p_t))


def test_battles_count_as_many_times_as_they_were_played(runs: Mapping[str, Rows], tmp_path: Path) -> None:
    again = [dict(row) for rows in runs.values() for row in rows]
    for row, times in [(row, int(row.pop("weight", 1))) for row in list(again)]:
        again += [row] * (times - 1)
    (tmp_path / "again.json").write_text(json.dumps(again))
    files = [tmp_path / name / "annotations.json" for name in runs]
    found = rank(files)
    expected = rank(tmp_path / "again.json")
    for name, place in found.board.rows.items():
        row = dict(place)
        assert row["rating"] == pytest.approx(expected.board.rows[name]["rating"])
        assert row["low"] == pytest.approx(expected.board.rows[name]["low"], abs=1e-6), (
            "clusters are questions"
        )
    with pytest.raises(UsageError, match="counts every battle once"):
        rank(files, method="elo")


def test_linearised_values_have_the_means_error() -> None:
    """The plain standard error of the linearised values is the weighted mean's own."""
    rng = np.random.default_rng(3)
    values, weights, clusters = rng.random(200), rng.choice([1.0, 3.0], 200), rng.integers(0, 80, 200)
    observed = Observations.of(values, clusters, weights)
    assert observed.linearised.mean() == pytest.approx(np.average(values, weights=weights))
    error = observed.linearised.std(ddof=1) / observed.n**0.5
    assert error == pytest.approx(observed.standard_error)
