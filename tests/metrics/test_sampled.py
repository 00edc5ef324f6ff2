"""A win rate from some of its judgments: against scipy, by hand, and by coverage over many samples."""

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import minimize

from autoeval.metrics.observations import Floats
from autoeval.metrics.sampled import recalibrated, sampled_win_rate
from autoeval.metrics.sampling import Sample, uncertainty

N = 600


def population(
    seed: int, *, graded: bool = False, skill: float = 1.5, mean: float = -0.5
) -> tuple[Floats, Floats]:
    """Preferences − 1 with a prediction that is off by a constant and too sure of itself."""
    rng = np.random.default_rng(seed)
    z = skill * rng.normal(size=N) + mean
    p = 1 / (1 + np.exp(-z))
    shares = rng.beta(0.3 * p, 0.3 * (1 - p)) if graded else rng.binomial(1, p).astype(float)
    return shares, 1 / (1 + np.exp(-(1.4 * z + 0.6)))


def paid(shares: Floats, sample: Sample, n: int) -> Floats:
    known = np.full(len(shares), np.nan)
    known[sample.first(n)] = shares[sample.first(n)]
    return known


def test_recalibration_reaches_scipys_minimum() -> None:
    shares, predicted = population(0)
    pairs = np.arange(0, N, 5)
    weights = np.random.default_rng(1).uniform(0.5, 2, len(pairs))
    logit = np.log(predicted / (1 - predicted))

    def objective(ab: Floats) -> float:
        z = ab[0] + ab[1] * logit[pairs]
        loss = weights @ (np.logaddexp(0, z) - shares[pairs] * z)
        return float(loss + 0.05 * ab[0] ** 2 + 2 * (ab[1] - 1) ** 2)

    a, b = minimize(objective, np.array([0.0, 1.0]), tol=1e-12).x
    found = recalibrated(predicted, shares[pairs], weights, pairs)
    assert found == pytest.approx(1 / (1 + np.exp(-(a + b * logit))), abs=1e-5)


def test_a_prediction_that_says_the_opposite_is_flattened_but_not_turned() -> None:
    shares, predicted = population(1)
    pairs = np.arange(N)
    found = recalibrated(1 - predicted, shares, np.ones(N), pairs)
    logit = np.log(predicted / (1 - predicted))
    assert np.polyfit(-logit, np.log(found / (1 - found)), 1)[0] == pytest.approx(0.2)


def test_without_a_prediction_it_is_cais_interval_of_an_even_sample() -> None:
    """By hand: Wilson's for a share of n of N, its center moved; .1 of an upset steadies the variance."""
    shares, _ = population(2)
    n = 120
    sample = Sample.draw(np.ones(N), 3)
    known = paid(shares, sample, n)
    found = sampled_win_rate(known, np.full(N, 0.5), sample.chances(n))
    y = known[~np.isnan(known)]
    rate = y.mean()
    assert found.on_these.value == pytest.approx(100 * rate)
    binomial = rate * (1 - rate)
    scale = (n / (n - 3) * n * binomial + 0.1) / (n * binomial + 0.1)
    t = stats.t.ppf(0.975, n - 3)
    skew = (1 - 2 * n / N) * (1 - 2 * rate) / n
    spread = (n / (n - 1) * n * binomial + 0.1) / (n * binomial + 0.1) / N
    one_more = 1 / n - 1 / N
    for one, also in ((found.on_these, 0.0), (found.on_like_these, spread)):
        per_unit = scale * one_more + also
        inwards, outwards = (
            np.roots([1 + t**2 * per_unit, -(t**2) * (1 - 2 * rate) * growth, -(t**2) * per_unit * binomial])
            for growth in (one_more + also, per_unit)
        )
        ends = rate - skew * (t**2 - 1) / 6 + np.array([min(outwards), max(inwards)])
        assert rate < 0.5
        assert (one.low, one.high) == pytest.approx(tuple(100 * ends), abs=0.02)
    assert found.n_effective == pytest.approx(n, rel=0.03)
    assert found.r_squared == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("n", [50, 200])
def test_a_graded_judge_of_rare_wins_is_covered_without_waste(n: int) -> None:
    """What varies less than wins and losses gets a narrower interval than they would; also where wins are rare."""
    shares, predicted = population(8, graded=True, mean=-4.0)
    truth, held, widths, errors = 100 * shares.mean(), 0, [], []
    assert truth < 8
    for seed in range(300):
        sample = Sample.draw(uncertainty(predicted), seed)
        one = sampled_win_rate(paid(shares, sample, n), predicted, sample.chances(n)).on_these
        held += one.low <= truth <= one.high
        widths.append(one.high - one.low)
        errors.append(one.value - truth)
    assert 0.89 < held / 300 < 0.985
    assert np.mean(widths) < 1.25 * 2 * 1.96 * np.std(errors)


def test_what_could_not_be_judged_widens_the_interval_as_if_it_had_not_been_drawn() -> None:
    shares, _ = population(2)
    sample = Sample.draw(np.ones(N), 3)
    known = paid(shares, sample, 120)
    known[sample.order[100:]] = np.nan
    half = np.full(N, 0.5)
    found = sampled_win_rate(known, half, sample.chances(120)).on_these
    drawn = sampled_win_rate(known, half, sample.chances(100)).on_these
    assert (found.low, found.high) == pytest.approx((drawn.low, drawn.high))


def test_everything_paid_is_everything_known() -> None:
    shares, predicted = population(4)
    found = sampled_win_rate(shares, predicted, np.ones(N))
    assert found.on_these.value == pytest.approx(100 * shares.mean())
    assert found.on_these.high - found.on_these.low == pytest.approx(0, abs=1e-9)
    assert found.n_effective == pytest.approx(N)
    assert found.on_like_these.high > found.on_these.high


@pytest.mark.parametrize("graded", [False, True])
@pytest.mark.parametrize("n", [50, 200])
def test_both_intervals_cover_and_a_good_prediction_pays(n: int, graded: bool) -> None:
    shares, predicted = population(5, graded=graded)
    rng = np.random.default_rng(6)
    truth, held_these, held_like, errors = 100 * shares.mean(), 0, 0, []
    runs = 300
    for seed in range(runs):
        sample = Sample.draw(uncertainty(predicted), seed)
        found = sampled_win_rate(paid(shares, sample, n), predicted, sample.chances(n))
        held_these += found.on_these.low <= truth <= found.on_these.high
        errors.append(found.on_these.value - truth)
        drawn = rng.integers(N, size=N)
        sample = Sample.draw(uncertainty(predicted[drawn]), seed)
        found = sampled_win_rate(paid(shares[drawn], sample, n), predicted[drawn], sample.chances(n))
        held_like += found.on_like_these.low <= truth <= found.on_like_these.high
    assert held_these / runs > 0.92
    assert held_like / runs > 0.92
    even = 1e4 * shares.var(ddof=1) * (1 / n - 1 / N)
    assert np.mean(np.square(errors)) < 0.85 * even
    assert np.mean(errors) == pytest.approx(0, abs=4 * np.std(errors) / np.sqrt(runs) + 0.3)


def test_a_wrong_prediction_costs_width_and_not_the_truth() -> None:
    shares, predicted = population(7)
    truth, held = 100 * shares.mean(), 0
    for seed in range(200):
        sample = Sample.draw(uncertainty(1 - predicted), seed)
        found = sampled_win_rate(paid(shares, sample, 150), 1 - predicted, sample.chances(150))
        held += found.on_these.low <= truth <= found.on_these.high
    assert held >= 184


def test_a_model_that_always_wins_still_gets_an_interval() -> None:
    sample = Sample.draw(np.ones(N), 0)
    found = sampled_win_rate(paid(np.ones(N), sample, 60), np.full(N, 0.9), sample.chances(60))
    assert found.on_these.value == pytest.approx(100, abs=0.5)
    assert 85 < found.on_these.low < 97
    with pytest.raises(ValueError, match="4 judgments are too few"):
        sampled_win_rate(paid(np.ones(N), sample, 4), np.full(N, 0.9), sample.chances(4))


def test_a_sure_prediction_is_doubted_by_what_the_unpaid_pairs_could_hold() -> None:
    """Nine of ten win and the unpaid ones are the surest: whether two hidden losses were seen must not decide."""
    predicted = np.full(N, 0.98)
    predicted[: N // 4] = 0.7
    shares = np.ones(N)
    shares[: N // 4 : 4] = 0.0
    shares[[200, 300, 400]] = 0.0
    truth, held = 100 * shares.mean(), 0
    for seed in range(200):
        sample = Sample.draw(uncertainty(predicted), seed)
        known = paid(shares, sample, 450)
        one = sampled_win_rate(known, predicted, sample.chances(450)).on_these
        held += one.low - 1e-9 <= truth <= one.high + 1e-9
        seen = 100 * np.nansum(known) / N
        assert seen - 1e-9 <= one.low <= one.value <= one.high <= seen + 100 * 150 / N + 1e-9
    assert held >= 184
