"""Samples with unequal chances: what is promised of them, counted over many draws."""

from itertools import combinations

import numpy as np
import pytest

from autoeval.metrics.sampling import Sample, chances, uncertainty

SIZES = np.array([5.0, 1.0, 1.0, 2.0, 0.5, 0.5, 3.0])


@pytest.mark.parametrize("n", range(len(SIZES) + 1))
def test_chances_are_proportional_to_size_and_add_up(n: int) -> None:
    found = chances(SIZES, n)
    assert found.sum() == pytest.approx(n)
    assert ((found > 0) | (n == 0)).all()
    assert (found <= 1).all()
    below = found < 1
    ratios = found[below] / SIZES[below]
    assert ratios == pytest.approx(np.full(below.sum(), ratios[0] if below.any() else 0))
    if below.any() and not below.all():
        assert SIZES[~below].min() * ratios[0] >= 1 - 1e-12, "certain only where the share would be 1 or more"


def test_every_size_has_its_chances() -> None:
    draws = 4_000
    counts = np.zeros((len(SIZES) + 1, len(SIZES)))
    for seed in range(draws):
        sample = Sample.draw(SIZES, seed)
        for n in range(len(SIZES) + 1):
            counts[n, sample.first(n)] += 1
    for n in range(len(SIZES) + 1):
        assert counts[n] / draws == pytest.approx(chances(SIZES, n), abs=0.035)


def test_pairs_of_an_even_sample_are_drawn_evenly() -> None:
    together = dict.fromkeys(combinations(range(5), 2), 0)
    for seed in range(4_000):
        first, second = Sample.draw(np.ones(5), seed).first(2)
        together[first, second] += 1
    assert list(together.values()) == pytest.approx([400] * 10, abs=80)


def test_a_larger_sample_continues_the_smaller_one_and_the_seed_decides() -> None:
    sizes = uncertainty(np.random.default_rng(0).beta(0.5, 0.5, 300))
    sample = Sample.draw(sizes, 7)
    assert sorted(sample.order) == list(range(300))
    assert set(sample.first(100)) < set(sample.first(200))
    assert (Sample.draw(sizes, 7).order == sample.order).all()
    assert (Sample.draw(sizes, 8).order != sample.order).any()


def test_a_sure_prediction_is_drawn_less_but_never_left_out() -> None:
    sizes = uncertainty(np.array([0.0, 0.5, 1.0, 0.9, 0.1]))
    assert sizes[1] == sizes.max()
    assert sizes[0] == pytest.approx(sizes[2])
    assert sizes[0] > 0.2 * sizes[1]


def test_a_sure_prediction_unlike_the_others_is_drawn_more_than_one_like_them() -> None:
    sizes = uncertainty(np.append(np.full(99, 0.02), 0.98))
    assert sizes[-1] > 2 * sizes[0]


def test_an_even_sample_knows_that_it_is_one() -> None:
    assert Sample.draw(np.full(4, 0.3), 0).is_even
    assert not Sample.draw(SIZES, 0).is_even
