"""Links between judges: against an independent computation, on published boards, and what is refused."""

import csv
import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from autoeval.analysis.linking import (
    Anchor,
    Placement,
    Rate,
    chance_of_agreement,
    expected_width,
    fit_link,
    leave_one_out,
    nearest_to,
    rank_correlation,
    refusal,
)
from autoeval.errors import UsageError
from tests.recorded import recorded_data

GPT4 = "data_AlpacaEval_alpaca_eval_gpt4"
GPT4_TURBO = "data_AlpacaEval_2_weighted_alpaca_eval_gpt4_turbo"


def anchors_of(old: list[float], new: list[float], n: int = 805) -> list[Anchor]:
    return [
        Anchor(f"m{i}", Rate(a, n, 1.5), Rate(b, n, 1.5))
        for i, (a, b) in enumerate(zip(old, new, strict=True))
    ]


def board_anchors(new: str, old: str) -> list[Anchor]:
    def rates(name: str) -> dict[str, Rate]:
        path = recorded_data() / "boards_of_other_judges" / f"{name}.csv"
        with path.open(newline="") as file:
            return {
                row[""]: Rate(
                    float(row["win_rate"]), int(float(row["n_total"])), float(row["standard_error"])
                )
                for row in csv.DictReader(file)
                if float(row["standard_error"])
            }

    theirs = rates(old)
    return [Anchor(name, theirs[name], rate) for name, rate in rates(new).items() if name in theirs]


def by_hand(anchors: list[Anchor], new: float) -> tuple[float, float, float]:
    """Predict with the hat matrix, the sandwich and scipy's t, apart from the code under test."""
    x = np.log([a.new.win_rate / (100 - a.new.win_rate) for a in anchors])
    y = np.log([a.old.win_rate / (100 - a.old.win_rate) for a in anchors])
    design = np.column_stack([np.ones(len(x)), x])
    inverse = np.linalg.inv(design.T @ design)
    coefficients = inverse @ design.T @ y
    residuals, outside = y - design @ coefficients, 1 - np.diag(design @ inverse @ design.T)
    hc2 = np.mean(residuals**2 / outside)
    hc3 = inverse @ design.T @ np.diag((residuals / outside) ** 2) @ design @ inverse
    at = np.array([1, math.log(new / (100 - new))])
    of_line = max(at @ hc3 @ at, hc2 * (at @ inverse @ at))
    half = stats.t.ppf(0.975, len(x) - 2) * math.sqrt(hc2 + of_line)
    middle = at @ coefficients
    low, mean, high = (100 / (1 + math.exp(-each)) for each in (middle - half, middle, middle + half))
    return mean, low, high


@pytest.mark.parametrize("k", [3, 5, 8, 30])
def test_a_placement_is_that_of_matrices(k: int) -> None:
    rng = np.random.default_rng(k)
    new = rng.uniform(2, 98, k)
    old = 100 / (1 + np.exp(-(0.3 + 1.2 * np.log(new / (100 - new)) + rng.normal(0, 0.3, k))))
    anchors = anchors_of(old.tolist(), new.tolist())
    for win_rate in (1.0, 40.0, 99.0):
        placed = fit_link(anchors).place(Rate(win_rate, 805))
        assert (placed.win_rate, placed.low, placed.high) == pytest.approx(
            by_hand(anchors, win_rate), abs=1e-8
        )


def test_only_the_excess_of_a_smaller_sample_is_added() -> None:
    anchors = anchors_of([10, 30, 50, 60, 90], [15, 25, 55, 70, 85])
    link = fit_link(anchors)
    same = link.place(Rate(50, 805, 1.76))
    assert link.place(Rate(50, 805, 9.0)) == same  # the residual holds the error at the anchors' size
    assert link.place(Rate(50, 2000, 1.1)) == same
    widths = [link.place(Rate(50, n, 100 * math.sqrt(0.25 / n))).width for n in (805, 400, 100, 25)]
    assert all(more > less for less, more in pairwise(widths))
    error = math.sqrt(0.25 / 100) / 0.25
    less, more = (link.place(Rate(50, n, 5.0)).high for n in (805, 100))
    halves = [math.log(high / (100 - high)) - link.intercept for high in (less, more)]
    excess = (halves[1] ** 2 - halves[0] ** 2) / stats.t.ppf(0.975, 3) ** 2
    assert excess == pytest.approx((link.slope * error) ** 2 * (1 - 100 / 805))


def test_extreme_rates_are_placed_and_left_out_too() -> None:
    anchors = anchors_of([0, 20, 50, 80, 100], [0, 30, 40, 90, 100])
    for placed in [*leave_one_out(anchors), fit_link(anchors).place(Rate(100, 50, 0.0))]:
        assert 0 <= placed.low < placed.win_rate < placed.high <= 100


def test_leaving_one_out_is_the_fit_of_the_others() -> None:
    anchors = anchors_of([10, 30, 50, 60, 90], [15, 25, 55, 70, 85])
    assert leave_one_out(anchors)[-1] == fit_link(anchors[:-1]).place(anchors[-1].new)


def test_beyond_is_a_share_of_the_range() -> None:
    link = fit_link(anchors_of([10, 30, 50, 60, 90], [20, 25, 55, 70, 80]))
    reach = 2 * math.log(4)
    inside, outside = Rate(50, 805), Rate(100 / (1 + math.exp(-(math.log(4) + 0.3 * reach))), 805)
    assert link.beyond(inside) == 0
    assert link.beyond(outside) == pytest.approx(0.3)


def test_too_few_or_equal_anchors_and_judges_that_disagree_are_no_bridge() -> None:
    old, new = [10.0, 30, 50, 60, 90], [15.0, 25, 55, 70, 85]
    assert refusal(anchors_of(old, new)) is None
    assert "at least 5" in str(refusal(anchors_of(old[:4], new[:4])))
    assert "Spearman" in str(refusal(anchors_of(old, new[::-1])))
    assert "Spearman" in str(refusal(anchors_of(old, [50.0] * 5)))
    with pytest.raises(UsageError, match="no line"):
        fit_link(anchors_of(old, [50.0] * 5))


def test_what_some_pairs_say_of_the_ranks_and_the_range() -> None:
    old, new = [10.0, 30, 50, 60, 90], [15.0, 25, 55, 70, 85]
    few = [Anchor(one.name, one.old, Rate(one.new.win_rate, 100)) for one in anchors_of(old, new)]
    assert chance_of_agreement(few, 805) > 0.99
    turned = [Anchor(one.name, one.old, other.new) for one, other in zip(few, reversed(few), strict=True)]
    assert chance_of_agreement(turned, 805) < 0.01
    alike = [Anchor(one.name, one.old, Rate(50 + i / 10, 100)) for i, one in enumerate(few)]
    assert 0.05 < chance_of_agreement(alike, 805) < 0.95
    assert chance_of_agreement(alike, 100) == 1, "nothing is to come"
    same = [Anchor(one.name, Rate(50, 805), one.new) for one in few]
    assert chance_of_agreement(same, 805) == 0
    link = fit_link(anchors_of(old, new))
    near = nearest_to(link, Rate(1, 100), 805)
    assert near.win_rate == pytest.approx(1 + 2.576 * math.sqrt(0.01 * 0.99 / 100 * 705 / 805) * 100)
    assert link.beyond(nearest_to(link, Rate(14, 100), 805)) == 0
    assert nearest_to(link, Rate(99, 100), 100).win_rate == 99


def test_rank_correlation_is_scipys_with_ties() -> None:
    old, new = [10.0, 30, 30, 60, 90, 95], [25.0, 25, 15, 70, 70, 60]
    expected = stats.spearmanr(old, new).statistic
    assert rank_correlation(anchors_of(old, new)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("new", "old", "n", "mean", "largest"),
    [
        ("data_AlpacaEval_2_alpaca_eval_cot_gpt4_turbo_fn", GPT4_TURBO, 11, 2.01, 5.2),
        ("data_AlpacaEval_2_alpaca_eval_gpt4_turbo_fn", GPT4_TURBO, 9, 2.12, 4.1),
        ("data_AlpacaEval_claude", GPT4, 28, 6.24, 26.1),
        ("data_AlpacaEval_chatgpt_fn", GPT4, 10, 9.2, 28.0),
    ],
)
def test_models_left_out_of_published_boards(new: str, old: str, n: int, mean: float, largest: float) -> None:
    anchors = board_anchors(new, old)
    placed = leave_one_out(anchors)
    errors = [abs(p.win_rate - a.old.win_rate) for p, a in zip(placed, anchors, strict=True)]
    assert len(errors) == n
    assert np.mean(errors) <= mean + 0.005
    assert max(errors) <= largest


def test_an_anchor_that_alone_decides_the_slope_has_no_residual_to_go_by() -> None:
    link = fit_link(anchors_of([10, 20, 30, 40, 90], [30, 30, 30, 30, 85]))
    placed = link.place(Rate(50, 805))
    assert 0 < placed.low < placed.win_rate < placed.high < 100


@pytest.mark.parametrize("k", [5, 8, 12])
def test_intervals_hold_over_spread_anchors(k: int) -> None:
    models = sorted(board_anchors("data_AlpacaEval_claude", GPT4), key=lambda model: model.new.win_rate)
    rng = np.random.default_rng(k)
    held = []
    for _ in range(100):
        chosen = {int(rng.choice(part)) for part in np.array_split(np.arange(len(models)), k)}
        link = fit_link([models[i] for i in chosen])
        for i, model in enumerate(models):
            if i not in chosen:
                placed: Placement = link.place(model.new)
                held.append(placed.low <= model.old.win_rate <= placed.high)
    assert np.mean(held) >= 0.93


def test_more_anchors_and_pairs_are_expected_to_narrow_the_interval() -> None:
    assert expected_width(5, 805, 0.3, 805) > expected_width(8, 805, 0.3, 805)
    assert expected_width(8, 200, 0.3, 805) > expected_width(8, 805, 0.3, 805)
    anchors = anchors_of([10, 30, 50, 60, 90], [10, 25, 50, 75, 90])
    link = fit_link(anchors)
    assert expected_width(5, 805, link.residual, 805) == pytest.approx(
        link.place(Rate(50, 805)).width, rel=0.05
    )
