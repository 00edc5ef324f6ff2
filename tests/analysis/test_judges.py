from collections.abc import Callable
from typing import Any

import evalica
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import cohen_kappa_score

from autoeval import analysis
from autoeval.analysis import (
    cohen_kappa,
    correlations,
    evaluate_judge,
    first_shown_preference,
    flip_rate,
    krippendorff_alpha,
    length_preference,
    list_preference,
    share_parsed,
)
from autoeval.analysis.reliability import Level
from autoeval.errors import UsageError
from tests.processes import start_python
from tests.work import n_calls

SHORT, LONG = "yes", "yes, because of this and that and of what else there is"


def row(
    instruction: str, preference: float | None, one: str = "a", two: str = "b", **more: Any
) -> dict[str, Any]:
    return {"instruction": instruction, "output_1": one, "output_2": two, "preference": preference, **more}


def test_every_public_name_can_be_imported_and_importing_the_package_is_light() -> None:
    assert all(getattr(analysis, name) for name in analysis.__all__)
    with pytest.raises(AttributeError, match="no attribute 'agreement_rate'"):
        _ = analysis.agreement_rate
    heavy = "pandas", "scipy", "sklearn", "matplotlib"
    code = f"import sys, autoeval.analysis; sys.exit(any(name in sys.modules for name in {heavy}))"
    assert start_python("-c", code, is_new=True).finish().returncode == 0


def test_length_preference_counts_votes_for_the_longer_where_lengths_differ() -> None:
    votes = [row("i", 1, LONG, SHORT), row("j", 2, LONG, SHORT), row("k", 1.8, SHORT, LONG)]
    ignored = [row("l", 1.5, LONG, SHORT), row("m", 1, SHORT, SHORT + "!"), row("n", None, LONG, SHORT)]
    found = length_preference(pd.DataFrame(votes + ignored))
    assert found.value == pytest.approx(2 / 3)
    assert found.n == 3


@pytest.mark.parametrize(
    ("text", "is_list", "is_list_for_the_peer"),
    [
        ("Buy:\n- milk\n- eggs", True, True),
        ("1. milk\n2) eggs", True, True),
        ("a) milk\nB. eggs", True, True),
        ("I said:\n- only one", False, True),
        ("**Title**\n**Other**", False, True),
        ("1.5 million\n2.5 million", False, True),
        ("well-known\nstate-of-the-art", False, False),
    ],
)
def test_what_counts_as_a_list(text: str, is_list: bool, is_list_for_the_peer: bool) -> None:
    votes = pd.DataFrame([row("i", 2, "no list", text)])
    assert list_preference(votes).n == is_list
    assert list_preference(votes, compatible=True).n == is_list_for_the_peer


def test_first_shown_and_flips_are_read_from_rows_and_from_judgments_alike() -> None:
    rows = [
        row("i", 1, is_switched_outputs=False),  # first shown wins twice: a flip
        row("i", 2, is_switched_outputs=True),
        row("j", 2, is_switched_outputs=False),  # output 2 wins twice
        row("j", 2, is_switched_outputs=True),
        row("k", 1.5, is_switched_outputs=False),  # a tie and a win: half a flip
        row("k", 1, is_switched_outputs=True),
        row("l", 1, is_switched_outputs=None),  # shown to nobody
    ]
    table = pd.DataFrame(rows)
    nested = pd.DataFrame(
        row(
            name,
            1.5,
            judgments=[
                {"preference": r["preference"], "is_switched_outputs": r["is_switched_outputs"]}
                for r in group
            ],
        )
        for name, group in ((name, [r for r in rows if r["instruction"] == name]) for name in "ijkl")
    )
    for annotations in (table, nested):
        assert first_shown_preference(annotations).value == pytest.approx((1 + 1 + 0 + 1 + 0.5 + 0) / 6)
        assert first_shown_preference(annotations).n == 6
        assert flip_rate(annotations).value == pytest.approx(50)
        assert flip_rate(annotations).n == 3


def test_a_table_without_the_order_is_refused() -> None:
    with pytest.raises(UsageError, match="is_switched_outputs"):
        flip_rate(pd.DataFrame([row("i", 1)]))


def test_share_parsed() -> None:
    found = share_parsed(pd.DataFrame([row("i", 1), row("j", None), row("k", 2), row("l", 0)]))
    assert (found.value, found.n) == (75, 4)


ratings = st.lists(
    st.lists(st.sampled_from([1.0, 1.25, 1.5, 2.0, np.nan]), min_size=3, max_size=3), min_size=3
)


@given(ratings, st.sampled_from(["interval", "nominal"]))
def test_alpha_is_evalicas(units: list[list[float]], level: Level) -> None:
    several = [unit for unit in units if np.isfinite(unit).sum() > 1]
    values = {vote for unit in several for vote in unit if np.isfinite(vote)}
    votes = pd.DataFrame([row("same", vote, f"a{i}") for i, unit in enumerate(units) for vote in unit])
    found = krippendorff_alpha(votes, level)
    assert found.n == len(several)
    if len(values) < 2:
        assert np.isnan(found.value)
    else:
        expected = evalica.alpha(pd.DataFrame(np.array(several).T), level).alpha
        assert found.value == pytest.approx(expected, abs=1e-9)


@given(st.lists(st.tuples(*[st.sampled_from([1.0, 1.5, 2.0])] * 2), min_size=2))
def test_kappa_is_scikit_learns(pairs: list[tuple[float, float]]) -> None:
    tables = [pd.DataFrame([row(f"i{i}", pair[j]) for i, pair in enumerate(pairs)]) for j in (0, 1)]
    found = cohen_kappa(tables[0], tables[1])
    if len({vote for pair in pairs for vote in pair}) == 1:
        assert np.isnan(found.value)
    else:
        expected = cohen_kappa_score(*([int(2 * pair[j]) for pair in pairs] for j in (0, 1)))
        assert found.value == pytest.approx(expected)


def test_kappa_refuses_raters_who_rotate() -> None:
    votes = pd.DataFrame([row("i", 1), row("i", 2)])
    with pytest.raises(UsageError, match="krippendorff_alpha"):
        cohen_kappa(votes, votes.head(1))


def test_bootstrap_of_alpha_is_near_its_spread_over_samples() -> None:
    """The bootstrap's standard error against the spread of alpha over fresh samples from the same source."""

    def sample(seed: int) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        easy = rng.choice([1, 2], 200)
        votes = np.where(rng.random((200, 3)) < 0.8, easy[:, None], 3 - easy[:, None])
        return pd.DataFrame([row(f"i{i}", vote) for i in range(200) for vote in votes[i]])

    found = [krippendorff_alpha(sample(seed)) for seed in range(60)]
    spread = np.std([each.value for each in found], ddof=1)
    assert found[0].standard_error == pytest.approx(spread, rel=0.3)
    assert np.mean([each.low <= 0.36 <= each.high for each in found]) > 0.85


def test_correlations_against_one_reference_are_scipys() -> None:
    rng = np.random.default_rng(0)
    skill = np.linspace(0.2, 0.8, 8)
    rows = [
        row(f"i{i}", 1 + float(rng.random() < skill[m]), two=f"{m}", generator_1="ref", generator_2=f"m{m}")
        for i in range(50)
        for m in range(8)
    ]
    votes = pd.DataFrame(rows)
    judge = votes.assign(preference=1 + (rng.random(400) < 0.5 * (np.tile(skill, 50) + votes.preference - 1)))
    rates = [
        100 * (table.groupby("generator_2").preference.mean() - 1).to_numpy() for table in (votes, judge)
    ]
    found = correlations(votes, judge)
    assert found.win_rates["votes"].to_numpy() == pytest.approx(rates[0])
    assert found.spearman.value == pytest.approx(stats.spearmanr(rates[0], rates[1]).statistic)
    assert found.pearson.value == pytest.approx(stats.pearsonr(rates[0], rates[1]).statistic)
    assert found.pearson.low < found.pearson.value < found.pearson.high
    assert found.spearman.n == 8


def test_win_rates_are_symmetrised_where_both_sides_vary() -> None:
    duels = [("x", "y", 1), ("y", "z", 1), ("z", "x", 2), ("x", "y", 1.5)]
    votes = pd.DataFrame(
        row(f"i{i}", p, generator_1=g1, generator_2=g2) for i, (g1, g2, p) in enumerate(duels)
    )
    found = correlations(votes, votes)
    assert found.win_rates["votes"].to_dict() == {"x": pytest.approx(250 / 3), "y": 50, "z": 0}
    assert found.spearman.value == pytest.approx(1)
    assert found.pearson.value == pytest.approx(1)


def test_report_on_recorded_votes(pandalm: pd.DataFrame, longest: pd.DataFrame) -> None:
    report = evaluate_judge(pandalm, longest.assign(price_per_example=0.002), compatible=True)
    assert report.longer.value == 1
    board = report.row()
    assert list(board)[:12] == [
        *("Human agreement", "Price [$/1000 examples]", "Time [seconds/1000 examples]", "Spearman corr."),
        *(
            "Pearson corr.",
            "Bias",
            "Variance",
            "Proba. prefer longer",
            "Proba. prefer lists",
            "Proba. prefer 1",
        ),
        *("# parsed", "mode"),
    ]
    assert board["Human agreement"] == pytest.approx(64.833, abs=5e-4)
    assert board["Price [$/1000 examples]"] == pytest.approx(2)
    assert np.isnan(board["Time [seconds/1000 examples]"])
    people = evaluate_judge(pandalm, compatible=True).row()
    assert people["Proba. prefer longer"] == pytest.approx(0.686, abs=5e-4)
    assert (people["Bias"], people["# parsed"]) == (0, 2700)


@pytest.mark.peer
def test_report_equals_alpaca_evals(
    pandalm: pd.DataFrame, longest: pd.DataFrame, peer: Callable[..., Any]
) -> None:
    script = """
from alpaca_eval.analyze import Analyzer
analyzer = Analyzer(gold_crossannotations=votes, gold_annotations=None, n_annotators=3)
result = [{**analyzer.get_length_biases(table), **analyzer.get_list_biases(table),
           "first": 2 - table["preference"].mean()} for table in (votes, longest)]
"""
    for table, theirs in zip((pandalm, longest), peer(script, votes=pandalm, longest=longest), strict=True):
        ours = evaluate_judge(pandalm, table, compatible=True)
        assert ours.longer.value == pytest.approx(theirs["probability_prefer_longer"], abs=1e-6)
        assert ours.lists.value == pytest.approx(theirs["probability_prefer_list"], abs=1e-6)
        assert ours.first_output == pytest.approx(theirs["first"], abs=1e-6)


def test_one_vote_a_pair_has_no_variance_and_no_bias_of_its_own() -> None:
    votes = pd.DataFrame([row("i", 1), row("i", 1), row("j", 2)])
    board = evaluate_judge(votes, pd.DataFrame([row("i", 1), row("j", 1)])).row()
    assert np.isnan(board["Bias"])
    assert np.isnan(board["Variance"])
    assert board["Human agreement"] == 50


def test_2240_pairs_with_3_votes_are_not_gone_through_one_by_one() -> None:
    rng = np.random.default_rng(0)
    votes = pd.DataFrame(
        [row(f"i{i}", 1 + (rng.random() < 0.5), LONG, SHORT * 9) for i in range(2240) for _ in range(3)]
    )
    evaluate_judge(votes.head(30))  # imports
    judge = votes.assign(preference=rng.uniform(1, 2, len(votes)))
    assert n_calls(lambda: evaluate_judge(votes, judge)) < 30 * len(votes)
