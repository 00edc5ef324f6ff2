from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from autoeval.analysis.significance import (
    ZeroMethod,
    benjamini_hochberg,
    holm,
    mcnemar_test,
    permutation_test,
    t_from_moments,
    t_test,
    wilcoxon_test,
)

graded = st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.5, 1.0]) | st.floats(-1, 1), min_size=2, max_size=40)
p_values = st.lists(st.floats(0, 1), min_size=1, max_size=30)


@given(graded)
def test_t_is_scipys(values: list[float]) -> None:
    x = np.array(values)
    assume(x.std() > 1e-3)
    expected = stats.ttest_1samp(x, 0).pvalue
    assert t_test(x[:, None])[0] == pytest.approx(expected)
    squares = np.array([((x - x.mean()) ** 2).sum()])
    assert t_from_moments(len(x), x[:1] * 0 + x.mean(), squares)[0] == pytest.approx(expected)


@settings(max_examples=30)  # scipy goes through all signs
@given(graded, st.sampled_from(["wilcox", "pratt", "zsplit"]))
def test_wilcoxon_is_scipys(values: list[float], zero_method: ZeroMethod) -> None:
    x = np.round(values, 6)
    assume(x.any())
    expected = stats.wilcoxon(x, zero_method=zero_method).pvalue
    assert wilcoxon_test(x[:, None], zero_method)[0] == pytest.approx(expected)


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_the_binomial_test_over_discordant_pairs(better: int, worse: int) -> None:
    exact, mid = mcnemar_test(better, worse)
    total = better + worse
    assert exact == pytest.approx(stats.binomtest(better, total).pvalue if total else 1)
    observed = stats.binom.pmf(better, total, 0.5) if better != worse else 0
    assert mid == pytest.approx(exact - observed)


def test_mid_p_of_an_even_split() -> None:
    """An even split is the least extreme outcome there is."""
    assert mcnemar_test(5, 5)[1] == 1


@given(st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.5, 1.0]), min_size=2, max_size=9))
def test_permutation_is_what_enumerating_all_signs_gives(values: list[float]) -> None:
    x = np.array(values)
    sums = np.array([np.dot(signs, x) for signs in product([-1, 1], repeat=len(x))])
    for alternative, exact in (
        ("two-sided", (np.abs(sums) >= abs(x.sum())).mean()),
        ("greater", (sums >= x.sum()).mean()),
    ):
        found = permutation_test(x[:, None], alternative=alternative)[0]  # type: ignore[arg-type]
        assert found == pytest.approx(exact, abs=0.025)


def test_columns_are_tested_on_their_own_and_missing_instructions_left_out() -> None:
    rng = np.random.default_rng(1)
    x = rng.choice([-1, -0.5, 0, 0.5, 1], size=(60, 4)).astype(float)
    x[rng.random(x.shape) < 0.2] = np.nan
    for column, p_t, p_w, p_p in zip(
        x.T, t_test(x), wilcoxon_test(x, "pratt"), permutation_test(x), strict=True
    ):
        judged = column[~np.isnan(column)]
        assert p_t == pytest.approx(stats.ttest_1samp(judged, 0).pvalue)
        assert p_w == pytest.approx(stats.wilcoxon(judged, zero_method="pratt").pvalue)
        by_scipy = stats.permutation_test(
            (judged,), np.mean, permutation_type="samples", n_resamples=9999, rng=0
        )
        assert p_p == pytest.approx(by_scipy.pvalue, abs=0.025)


@pytest.mark.parametrize("column", [[0, 0, 0], [np.nan, np.nan, 1], [np.nan] * 3])
def test_no_difference_and_no_data_give_1(column: list[float]) -> None:
    x = np.array(column)[:, None]
    assert (t_test(x)[0], wilcoxon_test(x)[0], permutation_test(x)[0]) == (1, 1, 1)
    assert [p.item() for p in mcnemar_test(0, 0)] == [1, 1]


def test_differences_that_are_all_equal_are_no_proof_beyond_their_signs() -> None:
    assert t_test(np.ones((3, 1)))[0] == 0.25


@given(p_values)
def test_holm_is_its_definition(p: list[float]) -> None:
    m = len(p)
    ranked = sorted(range(m), key=lambda i: p[i])
    for i, adjusted in enumerate(holm(p)):
        place = ranked.index(i)
        assert adjusted == pytest.approx(min(1, max((m - j) * p[ranked[j]] for j in range(place + 1))))


@given(p_values)
def test_benjamini_hochberg_is_its_definition(p: list[float]) -> None:
    m = len(p)
    ranked = sorted(range(m), key=lambda i: p[i])
    for i, adjusted in enumerate(benjamini_hochberg(p)):
        place = ranked.index(i)
        assert adjusted == pytest.approx(min(1, min(m * p[ranked[j]] / (j + 1) for j in range(place, m))))
