"""Deciding early: the game step by step, and its promises over many runs with a look after every judgment."""

import numpy as np
import pytest

from autoeval.metrics.betting import Population, Predicted, anytime_interval, capitals, decide
from autoeval.metrics.observations import Floats
from tests.grids import thinned

N = 300


def by_hand(values: list[float], mean: float, n_pairs: int | None) -> tuple[float, float]:
    """The game as the docstring tells it, one judgment after the other."""
    gaps = (0.01, 0.03, 0.1, 0.3)
    up, down = [0.3] + [0.175] * 4, [0.3] + [0.175] * 4
    for t, value in enumerate(values):
        past = values[:t]
        m = mean if n_pairs is None else (n_pairs * mean - sum(past)) / (n_pairs - t)
        guess = (0.5 + sum(past)) / (t + 1)
        spread = sum((v - (0.5 + sum(past[: s + 1])) / (s + 2)) ** 2 for s, v in enumerate(past))
        growth = 1 if n_pairs is None else n_pairs / (n_pairs - t)
        following, *bets = (
            lean / ((0.25 + spread) / (t + 1) + lean**2) for lean in (guess - m, *(g * growth for g in gaps))
        )
        for capital, sign, risk in ((up, 1, m), (down, -1, 1 - m)):
            for i, stake in enumerate((max(sign * following, 0), *bets)):
                capital[i] *= 1 + min(stake, 0.9 / risk) * sign * (value - m)
    return sum(up), sum(down)


@pytest.mark.parametrize("n_pairs", [None, 40])
def test_the_game_is_the_one_described(n_pairs: int | None) -> None:
    values = np.random.default_rng(0).beta(0.8, 0.5, 25)
    up, down = capitals(values, np.array([0.5, 0.6]), n_pairs)
    for row, mean in enumerate((0.5, 0.6)):
        assert (up[row, -1], down[row, -1]) == pytest.approx(by_hand(values.tolist(), mean, n_pairs))


@pytest.mark.parametrize("population", ["these", "like_these"])
def test_a_true_null_is_rarely_rejected_however_often_one_looks(population: Population) -> None:
    rng = np.random.default_rng(1)
    these = np.repeat([0.0, 1.0], N // 2)
    predictions = np.clip(0.3 + 0.4 * these + 0.2 * rng.normal(size=N), 0, 1)
    wrong = 0
    for _ in range(400):
        if population == "these":
            order = rng.permutation(N)[: N - 2]  # with all of them known, a tie is a tie
            wrong += (
                decide(these[order], N, "these", predicted=Predicted.of(predictions, order)).side is not None
            )
        else:
            wrong += decide(rng.integers(0, 2, N).astype(float), N, "like_these").side is not None
    assert wrong / 400 <= 0.05


def test_predictions_decide_sooner_and_on_the_same_side() -> None:
    rng = np.random.default_rng(2)
    values = rng.binomial(1, 0.57, 2 * N).astype(float)
    good = np.clip(0.25 + 0.5 * values + 0.1 * rng.normal(size=2 * N), 0, 1)
    without: list[int] = []
    with_good: list[int] = []
    with_noise: list[int] = []
    for _ in range(60):
        order = rng.permutation(2 * N)
        for predictions, taken in ((None, without), (good, with_good), (rng.permutation(good), with_noise)):
            predicted = None if predictions is None else Predicted.of(predictions, order)
            decision = decide(values[order], 2 * N, "these", predicted=predicted)
            assert decision.side == "above"
            taken.append(decision.n)
    assert np.mean(with_good) < 0.75 * np.mean(without)
    assert np.mean(with_noise) < 1.25 * np.mean(without)


@pytest.mark.parametrize(("mean", "population"), thinned([0.5, 0.7, 0.97], ["these", "like_these"], to=2))
def test_the_interval_holds_the_mean_at_stopping(mean: float, population: Population) -> None:
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(40):
        these = rng.binomial(1, mean, N).astype(float)
        predictions = np.clip(0.2 + 0.6 * these + 0.3 * rng.normal(size=N), 0, 1)
        order = rng.permutation(N)
        stopped = decide(these[order], N, "these", every=16).n
        seen = these[order[:stopped]]
        predicted = Predicted.of(predictions, order[:stopped])
        truth = these.mean() if population == "these" else mean
        given = predicted if population == "these" else None
        low, high = anytime_interval(seen, N, "these" if given else "like_these", every=16, predicted=given)
        held += low - 1e-12 <= truth <= high + 1e-12
    assert held >= 37


def test_the_interval_and_the_decision_agree() -> None:
    values = np.random.default_rng(4).binomial(1, 0.65, N).astype(float)
    decision = decide(values, N, "these", every=16)
    assert decision.side == "above"
    low, high = anytime_interval(values[: decision.n], N, "these", every=16)
    assert 0.5 <= low < values.mean() < high
    early_low, _ = anytime_interval(values[:16], N, "these", every=16)
    assert early_low < 0.5


def test_what_is_left_cannot_change_the_side() -> None:
    """151 wins of 300 decide, whatever the bets say: all wins come last."""
    values: Floats = np.concatenate([np.zeros(130), np.ones(151)])
    assert decide(np.ones(1), 1, "these").side == "above"
    assert decide(np.zeros(2), 3, "these").side == "below"
    low, high = anytime_interval(values, N, "these")
    assert low >= 151 / N
    assert high <= (151 + 19) / N
    assert decide(np.zeros(0), N, "these").n == 0
    assert anytime_interval(np.zeros(0), N, "these") == (0, 1)
    assert decide(np.array([0.0, 1.0]), N, "like_these").side is None
