from itertools import combinations, permutations
from typing import Any

import evalica
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from autoeval.metrics.bradley_terry import bradley_terry, elo
from autoeval.metrics.comparisons import Comparisons, reachable
from autoeval.metrics.observations import Floats
from autoeval.metrics.ranking import pair_win_rates, rank_by_win_rate
from autoeval.metrics.style import rank_at_equal_style, style_counts
from tests.recorded import load_recorded, recorded_data

Rows = list[dict[str, Any]]


def row(
    model_1: str, model_2: str, preference: float | None, instruction: str = "q", **more: str
) -> dict[str, Any]:
    names = {"generator_1": model_1, "generator_2": model_2}
    return {**names, "instruction": instruction, "preference": preference, **more}


def tournament(strengths: dict[str, float], n: int = 60, seed: int = 0) -> Rows:
    """Let every two models meet n times; the first of a pair wins with odds of the strengths."""
    rng = np.random.default_rng(seed)
    return [
        row(a, b, 1 + rng.binomial(1, strengths[b] / (strengths[a] + strengths[b])), f"q{i}")
        for a, b in combinations(strengths, 2)
        for i in range(n)
    ]


def test_on_a_common_reference_the_ranking_is_that_of_the_win_rates() -> None:
    rows = [row("ref", "good", p, f"q{i}") for i, p in enumerate([2, 2, 2, 1])]
    rows += [row("ref", "bad", p, f"q{i}") for i, p in enumerate([1, 1, 1.5, None])]
    first, second, third = rank_by_win_rate(rows)
    assert (first.model, first.value, first.n, first.rank) == ("good", 75, 4, 1)
    assert second.value == pytest.approx((25 + 250 / 3) / 2)
    assert third.value == pytest.approx(100 / 6)
    assert (second.model, third.model, third.n, third.rank) == ("ref", "bad", 3, 3)


def test_average_win_rates_are_evalicas() -> None:
    rows = tournament({"a": 3, "b": 1, "c": 1, "d": 0.3})
    ours = {entry.model: entry.value / 100 for entry in rank_by_win_rate(rows, resamples=10)}
    names_1, names_2 = [r["generator_1"] for r in rows], [r["generator_2"] for r in rows]
    winners = [evalica.Winner.Y if r["preference"] == 2 else evalica.Winner.X for r in rows]
    theirs = evalica.average_win_rate(names_1, names_2, winners).scores
    assert theirs.to_dict() == pytest.approx(ours)


def test_ranks_that_the_data_cannot_tell_apart_have_wide_intervals() -> None:
    ranked = {e.model: e for e in rank_by_win_rate(tournament({"best": 9, "b": 1, "c": 1.02, "worst": 0.1}))}
    assert (ranked["best"].rank_low, ranked["best"].rank_high) == (1, 1)
    assert (ranked["worst"].rank_low, ranked["worst"].rank_high) == (4, 4)
    assert (ranked["b"].rank_low, ranked["b"].rank_high) == (2, 3)


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_bradley_terry_is_the_maximum_of_the_likelihood(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = [
        row(a, b, float(rng.choice([1, 2, 1.5, 1 + rng.random()])), f"q{i}")
        for a, b in permutations("abcd", 2)
        for i in range(4)
    ]
    wins = Comparisons.of(rows).wins
    if not reachable(wins > 0).all():
        return
    result = bradley_terry(rows, resamples=2)

    def loss(logs: Floats) -> float:
        return float((wins * np.logaddexp(0, logs[None, :] - logs[:, None])).sum() + 1e-9 * logs @ logs)

    theirs = minimize(loss, np.zeros(4), tol=1e-12).x
    assert list(result.log_strengths.values()) == pytest.approx(theirs - theirs.mean(), abs=1e-3)


def test_bradley_terry_finds_the_strengths_that_made_the_data() -> None:
    strengths = {"a": 4.0, "b": 2.0, "c": 1.0, "d": 0.5}
    result = bradley_terry(tournament(strengths, n=2000), resamples=20)
    assert [entry.model for entry in result.models] == list(strengths)
    assert result.win_rate("a", "b") == pytest.approx(100 * 2 / 3, abs=2.5)
    assert result.win_rate("a", "b") + result.win_rate("b", "a") == pytest.approx(100)
    assert all(entry.low < entry.value < entry.high for entry in result.models)
    assert result.n_undefined == 0


def test_the_value_is_the_mean_of_the_win_rates_against_each_of_the_others() -> None:
    strengths = {"a": 4.0, "b": 2.0, "c": 1.0, "d": 0.5}
    result = bradley_terry(tournament(strengths, n=2000), resamples=20)
    for entry in result.models:
        rates = [result.win_rate(entry.model, other) for other in strengths if other != entry.model]
        assert entry.value == pytest.approx(sum(rates) / 3)
        assert entry.low < entry.value < entry.high, "the resamples are on the same scale"
    assert sum(entry.value for entry in result.models) == pytest.approx(4 * 50)
    assert sum(result.log_strengths.values()) == pytest.approx(0)
    best = 100 * sum(4 / (4 + other) for other in (2, 1, 0.5)) / 3
    assert result.models[0].value == pytest.approx(best, abs=1.5)


def test_two_equal_wins_and_a_draw_by_hand() -> None:
    """Each of three beats the next twice and loses once: all are equal, at one half."""
    rows = [row(a, b, p, f"q{i}") for a, b in ("ab", "bc", "ca") for i, p in enumerate((1, 1, 2))]
    result = bradley_terry(rows, resamples=5)
    assert [entry.value for entry in result.models] == pytest.approx([50] * 3)
    assert [entry.rank for entry in result.models] == [1] * 3
    assert [entry.n for entry in result.models] == [6] * 3
    assert list(result.log_strengths.values()) == pytest.approx([0] * 3, abs=1e-8)


def test_a_groups_lead_over_the_rest_is_named_whole() -> None:
    inside = [row(one, other, p) for one, other in ("ab", "xy") for p in (1, 2)]
    across = [row(one, other, 1) for one in "ab" for other in "xy"]
    with pytest.raises(ValueError, match="a, b never lose to the rest and x, y never win against the rest"):
        bradley_terry(inside + across)


def test_elo_begins_at_1000_and_moves_by_k() -> None:
    (first, second) = elo([row("a", "b", 1.2)], resamples=3, k=8.0)
    assert first.model == "a"
    assert [first.value, second.value] == pytest.approx([1004, 996])
    (first, second) = elo([row("a", "b", 1.5)], resamples=3, k=8.0)
    assert [first.value, second.value] == pytest.approx([1000, 1000])


def test_evalica_alone_would_give_a_lone_winner_and_all_others_the_same_score() -> None:
    rows = [row("a", "b", 1), row("a", "c", 1), row("b", "c", 1), row("b", "c", 2)]
    scores = evalica.bradley_terry(
        list("aabb"), list("bccc"), [evalica.Winner.X] * 3 + [evalica.Winner.Y]
    ).scores
    assert scores.nunique() == 1
    with pytest.raises(ValueError, match="a never lose to the rest"):
        bradley_terry(rows)


def test_a_model_that_never_wins_is_named() -> None:
    rows = [row("a", "b", 1), row("a", "b", 2), row("a", "z", 1), row("b", "z", 1)]
    with pytest.raises(ValueError, match="z never win against the rest"):
        bradley_terry(rows)


def test_resamples_without_a_solution_are_left_out_and_counted() -> None:
    rows = tournament({"a": 1, "b": 1, "c": 1}, n=3, seed=4)
    result = bradley_terry(rows, resamples=50)
    assert 0 < result.n_undefined < 50
    assert all(np.isfinite([entry.low, entry.high]).all() for entry in result.models)


def test_comparisons_with_one_reference_only_have_no_bradley_terry() -> None:
    with pytest.raises(ValueError, match="rank by win rate"):
        bradley_terry([row("ref", name, p) for name in "abc" for p in (1, 2)])


def test_models_that_nobody_compared_are_not_ranked_together() -> None:
    rows = [row(a, b, p) for trio in ("abc", "xyz") for a, b in combinations(trio, 2) for p in (1, 2)]
    with pytest.raises(ValueError, match="links a, b, c with x, y, z"):
        bradley_terry(rows)


def test_a_win_rate_through_a_common_reference_is_labelled_indirect() -> None:
    rows = [row("ref", "good", 2 if i % 4 else 1, f"q{i}") for i in range(400)]
    rows += [row("ref", "even", 2 if i % 2 else 1, f"q{i}") for i in range(400)]
    pairs = {(p.model, p.against): p for p in pair_win_rates(rows, resamples=100)}
    assert not pairs["ref", "good"].indirect
    assert pairs["ref", "good"].value == 25
    assert pairs["good", "even"].indirect
    assert pairs["good", "even"].n == 0
    assert pairs["good", "even"].value == pytest.approx(75, abs=0.5)
    assert pairs["good", "even"].low < 75 < pairs["good", "even"].high


def test_elo_orders_models_that_are_far_apart() -> None:
    ranked = elo(tournament({"a": 20, "b": 1, "c": 0.05}), resamples=20)
    assert [entry.model for entry in ranked] == ["a", "b", "c"]
    assert sum(entry.value for entry in ranked) == pytest.approx(3000)
    assert ranked[0].low < ranked[0].value < ranked[0].high


def test_nothing_judged_cannot_be_ranked() -> None:
    with pytest.raises(ValueError, match="nothing to rank"):
        rank_by_win_rate([row("a", "b", None), row("a", "a", 1.5)])


def test_style_is_counted_as_markdown_shows_it() -> None:
    text = "# Title\n\nSome **bold** and __more__ words, 2 * 3 * 4.\n\n- one\n- two\n1. three\n## Next"
    assert style_counts(text) == (len(text), 2, 3, 2)


def test_equal_models_of_unequal_length_are_equal_at_equal_style() -> None:
    rng = np.random.default_rng(0)
    rows = []
    for i in range(1500):
        n_1, n_2 = (int(x) for x in rng.integers(100, 1000, 2))
        n_2 = int(n_2 * 1.8)
        edge = 1.5 * (n_2 - n_1) / (n_1 + n_2)
        preference = 1 + rng.binomial(1, 1 / (1 + np.exp(-edge)))
        rows.append(row("brief", "wordy", preference, f"q{i}", output_1="a" * n_1, output_2="b" * n_2))
    raw = {entry.model: entry.value for entry in rank_by_win_rate(rows, resamples=10)}
    result = rank_at_equal_style(rows)
    wordy = next(entry for entry in result.models if entry.model == "wordy")
    assert raw["wordy"] > 57
    assert wordy.low < 50 < wordy.high
    length = next(effect for effect in result.effects if effect.feature == "length")
    assert length.low > 0


def test_recorded_models_are_ranked_as_published() -> None:
    folder = recorded_data() / "alpaca_eval_1"
    models = ["gpt4", "vicuna-13b", "alpaca-7b"]
    rows = [dict(r) for name in models for r in load_recorded(folder / name / "annotations.json.gz")]
    ranked = rank_by_win_rate(rows, resamples=50)
    values = {entry.model: entry.value for entry in ranked}
    assert values["gpt4"] == pytest.approx(95.2795, abs=1e-3)
    assert ranked[0].model == "gpt4"
    assert {(e.rank_low, e.rank_high) for e in ranked} == {(1, 1), (2, 2), (3, 3), (4, 4)}
