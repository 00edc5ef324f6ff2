from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from autoeval.analysis import (
    compare_models,
    instructions_needed,
    p_value_by_n,
    paired_tests,
    subset_separation,
)
from autoeval.analysis.comparison import ModelComparisons
from autoeval.errors import UsageError


def judged(
    model: str, preferences: list[float], dataset: str = "all", reference: str = "ref"
) -> pd.DataFrame:
    rows = [
        {
            "instruction": f"{dataset}{i}",
            "dataset": dataset,
            "generator_1": reference,
            "generator_2": model,
            "preference": p,
        }
        for i, p in enumerate(preferences)
    ]
    return pd.DataFrame(rows)


def of(board: pd.DataFrame, model: str) -> pd.DataFrame:
    return board[board.generator_2 == model]


def test_21_recorded_models_agree_with_scipy_pair_by_pair(
    board: pd.DataFrame, compared: ModelComparisons
) -> None:
    found = compared
    assert len(found.models) == 21
    assert found.subsets == ("helpful_base", "koala", "oasst", "selfinstruct", "vicuna", "overall")
    assert len(found.table) == 6 * 210
    checked: list[object] = []
    scores = board.assign(score=board.preference.replace({0: 1.5}) - 1)
    for subset, rows in found.table.groupby("subset"):
        part = scores if subset == "overall" else scores[scores.dataset == subset]
        wide = part.pivot(index="instruction", columns="generator_2", values="score")
        for row in rows.iloc[::8].itertuples():  # every pair has the same way to go, and scipy's is long
            checked.append(row)
            both = wide[[row.model_1, row.model_2]].dropna()
            one, other = (both[model].to_numpy() for model in (row.model_1, row.model_2))
            assert row.n == len(both)
            assert row.value == pytest.approx(100 * (one - other).mean())
            if (one == other).all():  # scipy gives NaN
                assert {row.p_t, row.p_wilcoxon, row.p_mcnemar, row.p_permutation} == {1}
                continue
            by_t = stats.ttest_rel(one, other)
            assert row.p_t == pytest.approx(by_t.pvalue, abs=1e-12)
            interval = by_t.confidence_interval()
            assert (row.low, row.high) == pytest.approx((100 * interval.low, 100 * interval.high))
            assert row.p_wilcoxon == pytest.approx(stats.wilcoxon(one - other).pvalue, abs=1e-12)
            better, worse = int((one > other).sum()), int((one < other).sum())
            assert row.p_mcnemar == pytest.approx(stats.binomtest(better, better + worse).pvalue, abs=1e-12)
            if len(checked) % 40 == 0:
                by_signs = stats.permutation_test((one - other,), np.sum, permutation_type="samples", rng=0)
                assert row.p_permutation == pytest.approx(by_signs.pvalue, abs=0.025)  # both draw 9,999 signs
    assert found.table.p_bh.to_numpy() == pytest.approx(stats.false_discovery_control(found.table.p_t))
    assert (found.table.p_holm >= found.table.p_bh - 1e-12).all()


def test_instructions_needed_on_the_recorded_board(board: pd.DataFrame, compared: ModelComparisons) -> None:
    """16 of the 20 neighbours on the board would need more instructions than the set has."""
    needed = compared.matrix(column="instructions_needed")
    neighbours = [needed.loc[one, other] for one, other in pairwise(needed.index)]
    assert sum(n > 805 for n in neighbours) == 16
    found = instructions_needed(of(board, "guanaco-65b"), of(board, "vicuna-13b"))
    assert str(found) == "> 805 (which show 5.3 points or more)"
    assert found.value == pytest.approx(needed.loc["guanaco-65b", "vicuna-13b"])


def test_instructions_needed_give_the_power_they_promise() -> None:
    """Simulate studies of the computed size and count how many see the difference."""
    rng = np.random.default_rng(0)
    first = list(rng.choice([1, 1.5, 2], 400, p=[0.3, 0.1, 0.6]))
    second = list(rng.choice([1, 1.5, 2], 400, p=[0.4, 0.1, 0.5]))
    found = instructions_needed(judged("a", first), judged("b", second), power=0.8)
    assert found.value < found.available
    assert str(found) == str(int(np.ceil(found.value)))
    differences = np.array(first) - np.array(second)
    studies = rng.choice(differences, size=(int(np.ceil(found.value)), 4000))
    seen = np.asarray(stats.ttest_1samp(studies, 0).pvalue) < 0.05
    assert seen.mean() == pytest.approx(0.8, abs=0.03)


def test_paired_tests_leave_out_what_one_side_lacks_and_average_repeated_rows() -> None:
    first = judged("a", [2, 2, 1, 2, float("nan"), 2])
    second = pd.concat([judged("b", [1, 2, 1, 1, 2]), judged("b", [2, 2, 1, 1, 2])])
    found = paired_tests(first, second)
    assert (found.n, found.n_better, found.n_worse) == (4, 2, 0)
    assert found.value == pytest.approx(100 * (0.5 + 0 + 0 + 1) / 4)
    assert found.p_t == pytest.approx(stats.ttest_1samp([0.5, 0, 0, 1], 0).pvalue)
    assert paired_tests(second, first).value == -found.value


def test_identical_models_have_p_1() -> None:
    found = paired_tests(judged("a", [1, 2, 1.5]), judged("a", [1, 2, 1.5]))
    ps = found.p_t, found.p_wilcoxon, found.p_mcnemar, found.p_mcnemar_mid, found.p_permutation
    assert ps == (1, 1, 1, 1, 1)
    assert (found.value, np.isnan(found.low), np.isnan(found.high)) == (
        0,
        True,
        True,
    )  # no variance, no width
    assert instructions_needed(judged("a", [1, 2]), judged("b", [1, 2])).value == np.inf


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ([judged("a", [1, 2])], "two models or more"),
        ([judged("a", [1, 2]), judged("b", [1, 2], reference="other")], "different references"),
        ([judged("a", [1, 2]).drop(columns="generator_2")], "no column 'generator_2'"),
    ],
)
def test_what_cannot_be_compared_is_refused(tables: list[pd.DataFrame], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        compare_models(pd.concat(tables))


def test_misspelt_names_get_the_nearest() -> None:
    models = pd.concat([judged("a", [1, 2]), judged("b", [2, 2])])
    with pytest.raises(UsageError, match="Did you mean 'p_wilcoxon'"):
        compare_models(models, adjusted="p_wilcoxn")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="Did you mean 'overall'"):
        compare_models(models).matrix("overal")


def test_subsets_are_compared_at_equal_size(board: pd.DataFrame, compared: ModelComparisons) -> None:
    found = subset_separation(board, draws=100)
    assert found.size == 80
    assert found.table["subset"][0] == "helpful_base"
    assert found.table["best_share"].sum() == pytest.approx(100)
    assert found.table["mean_p"].is_monotonic_increasing
    full = compared.table
    vicuna = full[full.subset == "vicuna"]  # the smallest subset is the same in every draw
    row = found.table[found.table.subset == "vicuna"].iloc[0]
    assert (row.mean_p, row.mean_p_se) == pytest.approx((vicuna.p_t.mean(), 0))
    assert row.share_significant == pytest.approx(100 * (vicuna.p_t < 0.05).mean())
    with pytest.raises(UsageError, match="100 draws or more"):
        subset_separation(board, draws=20)


def test_p_values_fall_with_n(board: pd.DataFrame, compared: ModelComparisons) -> None:
    found = p_value_by_n(board, sizes=[50, 200, 805], draws=20).table
    assert found["mean"].is_monotonic_decreasing
    assert found["share_significant"].is_monotonic_increasing
    table = compared.table
    overall = table[table.subset == "overall"]
    assert found["mean"].iloc[-1] == pytest.approx(overall.p_t.mean())
    assert found["max"].iloc[-1] == pytest.approx(overall.p_t.max())
    with pytest.raises(UsageError, match="cannot draw 900 instructions"):
        p_value_by_n(board, sizes=[900])
    assert p_value_by_n(pd.concat([judged("a", [1, 2, 1]), judged("b", [2, 2, 2])])).table["n"].iloc[-1] == 3
