import gzip
import json
import math
import os
from pathlib import Path

import numpy as np
import pytest

from autoeval.metrics.win_rate import win_rate

RECORDED = Path(os.environ.get("AUTOEVAL_RECORDED_DATA", Path(__file__).parents[3] / "shared" / "data"))
needs_recorded = pytest.mark.skipif(not RECORDED.is_dir(), reason=f"no recorded data at {RECORDED}")


def test_counts_rate_and_error_of_a_small_example() -> None:
    result = win_rate([1, 2, 1.5, None, 2, 1.2])
    assert (result.n_wins, result.n_wins_base, result.n_draws) == (2, 2, 1)
    assert (result.n_total, result.n_missing) == (5, 1)
    assert result.win_rate == pytest.approx(54.0)
    assert result.standard_error == pytest.approx(100 * np.std([0, 1, 0.5, 1, 0.2], ddof=1) / math.sqrt(5))
    assert result.discrete_win_rate == pytest.approx(50.0)
    assert result.low < result.value < result.high


def test_zero_is_the_old_spelling_of_a_draw() -> None:
    assert win_rate([0, 2]) == win_rate([1.5, 2])


@pytest.mark.parametrize("preferences", [[], [None, None]])
def test_nothing_judged_has_no_rate_and_every_rate_is_possible(preferences: list[None]) -> None:
    result = win_rate(np.array(preferences, dtype=float))
    assert math.isnan(result.win_rate)
    assert math.isnan(result.discrete_win_rate)
    assert (result.low, result.high) == (0, 100)
    assert (result.n_total, result.n_missing) == (0, len(preferences))


def test_one_judgment_has_a_rate_without_a_standard_error() -> None:
    result = win_rate([2])
    assert result.win_rate == 100
    assert math.isnan(result.standard_error)
    assert 0 <= result.low < result.high == 100


@pytest.mark.parametrize("wrong", [0.5, 2.1, -1])
def test_a_number_that_is_no_preference_is_named_with_its_row(wrong: float) -> None:
    with pytest.raises(ValueError, match="row 1: the preference"):
        win_rate([1, wrong])


def test_samples_of_one_instruction_do_not_pass_for_independent_rows() -> None:
    once = np.array([1, 2, 2, 1, 1.5, 2, 1, 2])
    thrice = np.repeat(once, 3)
    clustered = win_rate(thrice, clusters=np.repeat(np.arange(8), 3))
    assert clustered.win_rate == win_rate(once).win_rate
    assert clustered.standard_error == pytest.approx(win_rate(once).standard_error)
    assert win_rate(thrice).standard_error < clustered.standard_error
    assert clustered.n_total == 24


@needs_recorded
@pytest.mark.parametrize(
    "model", ["alpaca-7b", "cut-13b", "text_davinci_001", "gpt35_turbo_instruct", "phi-2-dpo"]
)
def test_recorded_preferences_give_the_published_row(model: str) -> None:
    import pandas as pd

    published = pd.read_csv(RECORDED / "alpaca_eval_1" / "published_leaderboard.csv", index_col=0).loc[model]
    with gzip.open(RECORDED / "alpaca_eval_1" / model / "annotations.json.gz", "rt") as file:
        result = win_rate([row["preference"] for row in json.load(file)])
    for count in ("n_wins", "n_wins_base", "n_draws", "n_total"):
        assert getattr(result, count) == published[count]
    for rate in ("win_rate", "standard_error", "discrete_win_rate"):
        assert getattr(result, rate) == pytest.approx(published[rate], abs=1e-9)


@needs_recorded
def test_weighted_preferences_give_the_published_rows() -> None:
    import pandas as pd

    folder = RECORDED / "alpaca_eval_2"
    published = pd.read_csv(folder / "published_leaderboard.csv", index_col=0)
    for model, rows in pd.read_csv(folder / "preferences_and_lengths.csv.gz").groupby("model"):
        result = win_rate(rows["preference"])
        assert result.n_total == published.loc[str(model), "n_total"]
        assert result.win_rate == pytest.approx(published.loc[str(model), "win_rate"], abs=1e-6)
        assert result.standard_error == pytest.approx(published.loc[str(model), "standard_error"], abs=1e-6)
