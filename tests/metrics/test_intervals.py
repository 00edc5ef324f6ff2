import math
from itertools import pairwise
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from autoeval.metrics.estimates import METHODS, Method
from autoeval.metrics.intervals import interval, mean_interval, worst_case_bounds
from autoeval.metrics.observations import Floats

preferences = st.lists(st.sampled_from([1, 1.5, 2]) | st.floats(1, 2), min_size=3, max_size=40)


def varied(seed: int, n: int) -> Floats:
    return 1 + np.random.default_rng(seed).beta(0.5, 0.7, n)


@given(preferences, st.floats(0.5, 0.99))
def test_t_is_scipys_interval_cut_at_0_and_100(values: list[float], level: float) -> None:
    x = np.array(values) - 1
    estimate = interval(values, "t", level)
    assert estimate.value == pytest.approx(100 * x.mean())
    assert estimate.standard_error == pytest.approx(100 * stats.sem(x), abs=1e-9)
    if x.std() > 1e-9:
        low, high = stats.t.interval(level, len(x) - 1, x.mean(), stats.sem(x))
        assert estimate.low == pytest.approx(100 * max(low, 0), abs=1e-9)
        assert estimate.high == pytest.approx(100 * min(high, 1), abs=1e-9)


@given(preferences)
def test_the_default_is_t_with_two_losses_and_two_wins_more(values: list[float]) -> None:
    padded = np.array([*values, 1, 1, 2, 2]) - 1
    low, high = stats.t.interval(0.95, len(padded) - 1, padded.mean(), stats.sem(padded))
    estimate = interval(values)
    assert estimate.low == pytest.approx(100 * min(max(low, 0), np.mean(values) - 1), abs=1e-9)
    assert estimate.high == pytest.approx(100 * max(min(high, 1), np.mean(values) - 1), abs=1e-9)


@given(st.lists(st.floats(1, 2), max_size=30), st.floats(0.05, 0.999))
def test_the_default_always_has_width_and_holds_its_value(values: list[float], level: float) -> None:
    estimate = interval(values, level=level)
    assert 0 <= estimate.low < estimate.high <= 100
    if values:
        assert estimate.low <= estimate.value + 1e-9
        assert estimate.value <= estimate.high + 1e-9


@pytest.mark.parametrize("method", ["percentile", "bca"])
@pytest.mark.parametrize("n", [200, 805])
def test_bootstrap_agrees_with_scipys(method: Literal["percentile", "bca"], n: int) -> None:
    x = varied(n, n) - 1
    theirs = stats.bootstrap(
        (x.tolist(),), np.mean, n_resamples=9999, method=method, rng=1
    ).confidence_interval
    estimate = interval(x + 1, method)
    assert estimate.low == pytest.approx(100 * theirs.low, abs=0.04 * 100 * (theirs.high - theirs.low))
    assert estimate.high == pytest.approx(100 * theirs.high, abs=0.04 * 100 * (theirs.high - theirs.low))


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_a_bootstrap_repeats_with_its_seed(method: Method) -> None:
    x = varied(3, 60)
    assert interval(x, method, seed=5) == interval(x, method, seed=5)
    assert interval(x, method, seed=5) != interval(x, method, seed=6)


@given(st.lists(st.tuples(st.integers(0, 6), st.floats(0, 1)), min_size=4, max_size=40))
def test_clustered_is_the_textbook_sandwich(rows: list[tuple[int, float]]) -> None:
    names, x = np.array([name for name, _ in rows]), np.array([value for _, value in rows])
    groups = np.unique(names)
    if len(groups) < 2:
        return
    design, residuals = np.ones((len(x), 1)), x - x.mean()
    meat = sum(
        np.outer(score, score) for score in (design[names == g].T @ residuals[names == g] for g in groups)
    )
    bread = np.linalg.inv(design.T @ design)
    variance = (bread @ meat @ bread).item() * len(groups) / (len(groups) - 1)
    estimate = mean_interval(x, "clustered", clusters=names)
    half = stats.t.ppf(0.975, len(groups) - 1) * math.sqrt(variance)
    assert estimate.standard_error == pytest.approx(100 * math.sqrt(variance), abs=1e-9)
    assert estimate.low == pytest.approx(100 * max(x.mean() - half, 0), abs=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_both_orders_of_a_pair_are_one_observation(method: Method) -> None:
    once = varied(1, 40)
    twice = np.concatenate([once, once])
    clusters = [f"instruction {i}" for i in range(40)] * 2
    single = interval(once, "t" if method == "clustered" else method)
    double = interval(twice, method, clusters=clusters)
    assert double.n == 80
    assert [double.low, double.high] == pytest.approx([single.low, single.high])


@pytest.mark.parametrize("method", METHODS)
def test_missing_judgments_are_left_out(method: Method) -> None:
    x = varied(2, 30)
    with_gaps = np.insert(x, [0, 7, 30], np.nan)
    clusters = np.arange(30)
    gaps = np.insert(clusters, [0, 7, 30], [90, 91, 92])
    assert interval(with_gaps, method, clusters=gaps) == interval(x, method, clusters=clusters)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("values", [[], [np.nan]])
def test_with_nothing_judged_everything_is_possible(method: Method, values: list[float]) -> None:
    estimate = interval(values, method, clusters=range(len(values)))
    assert math.isnan(estimate.value)
    assert (estimate.low, estimate.high, estimate.n) == (0, 100, 0)


@pytest.mark.parametrize("method", METHODS)
def test_one_observation_says_almost_nothing(method: Method) -> None:
    estimate = interval([1.5], method, clusters=["a"])
    assert estimate.value == 50
    assert math.isnan(estimate.standard_error)
    assert estimate.high - estimate.low > 50


def test_a_higher_level_is_wider() -> None:
    widths = [(e := interval(varied(4, 50), level=level)).high - e.low for level in (0.5, 0.8, 0.95, 0.99)]
    assert all(a < b for a, b in pairwise(widths))


def test_worst_case_bounds_take_missing_pairs_as_lost_and_as_won() -> None:
    bounds = worst_case_bounds([2, 2, 1, 1, np.nan, np.nan])
    assert [bounds.low, bounds.high] == pytest.approx([100 * 2 / 6, 100 * 4 / 6])
    assert bounds.n_missing == 2
    assert bounds.interval_low < bounds.low
    assert bounds.interval_high > bounds.high


def test_wrong_use_says_what_to_do() -> None:
    with pytest.raises(ValueError, match="needs clusters"):
        interval([1, 2], "clustered")
    with pytest.raises(ValueError, match="known: t_plus4"):
        interval([1, 2], "wald")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="level"):
        interval([1, 2], level=95)
    with pytest.raises(ValueError, match="3 clusters for 2 values"):
        interval([1, 2], clusters=[1, 2, 3])
