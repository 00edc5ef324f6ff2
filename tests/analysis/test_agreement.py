from collections.abc import Callable
from itertools import product
from statistics import mean, median, multimode
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoeval.analysis import bias, human_agreement, variance
from autoeval.analysis.agreement import RULES, Rule
from autoeval.errors import UsageError
from tests.work import n_calls

graded = st.sampled_from([1.0, 1.5, 2.0]) | st.floats(1, 2)
several = st.lists(graded, min_size=1, max_size=4)


def table(votes: list[list[float]]) -> pd.DataFrame:
    """A row a vote; pairs 2k and 2k + 1 share an instruction."""
    rows = [
        {"instruction": f"i{pair // 2}", "output_1": f"a{pair}", "output_2": "b", "preference": vote}
        for pair, several in enumerate(votes)
        for vote in several
    ]
    return pd.DataFrame(rows, columns=["instruction", "output_1", "output_2", "preference"])


def naive_score(rule: str, one: float, other: float) -> float:
    if rule == "zero_one":
        return float(np.sign(one - 1.5) == np.sign(other - 1.5))
    return 1 - abs(one - other) ** (2 if rule == "squared" else 1)


def naive_centres(rule: str, votes: list[float]) -> list[float]:
    if rule == "squared":
        return [mean(votes)]
    if rule == "zero_one":
        return multimode([1.5 + np.sign(vote - 1.5) / 2 for vote in votes])
    return multimode(votes) if set(votes) <= {1, 1.5, 2} else [median(votes)]


def naive(rule: str, pairs: list[tuple[list[list[float]], list[list[float]]]]) -> tuple[float, float, float]:
    """Average over pairs and their comparisons; each scores every candidate against every other."""
    expected, smallest, largest = [], [], []
    for predictions, targets in pairs:
        scores = [
            [naive_score(rule, one, other) for one, other in product(candidates, against)]
            for candidates, against in zip(predictions, targets, strict=True)
        ]
        expected.append(mean(map(mean, scores)))
        smallest.append(mean(map(min, scores)))
        largest.append(mean(map(max, scores)))
    return 100 * mean(expected), 100 * mean(smallest), 100 * mean(largest)


@given(st.lists(st.tuples(several, several), min_size=1), st.sampled_from(RULES))
def test_judge_against_people_is_what_enumeration_gives(
    votes: list[tuple[list[float], list[float]]], rule: Rule
) -> None:
    humans, judge = table([h for h, _ in votes]), table([j for _, j in votes])
    found = human_agreement(humans, judge, rule)
    single = [([[vote] for vote in j], [naive_centres(rule, h)] * len(j)) for h, j in votes]
    assert (found.value, found.smallest, found.largest) == pytest.approx(naive(rule, single))
    found = bias(humans, judge, rule)
    modes = [([naive_centres(rule, j)], [naive_centres(rule, h)]) for h, j in votes]
    assert (100 - found.value, 100 - found.largest, 100 - found.smallest) == pytest.approx(naive(rule, modes))


@given(st.lists(st.lists(graded, min_size=2, max_size=5), min_size=1), st.sampled_from(RULES))
def test_one_against_the_rest_is_what_enumeration_gives(votes: list[list[float]], rule: Rule) -> None:
    rest = [
        (
            [[vote] for vote in several],
            [naive_centres(rule, several[:i] + several[i + 1 :]) for i in range(len(several))],
        )
        for several in votes
    ]
    expected = naive(rule, rest)
    people, judge = human_agreement(table(votes), rule=rule), variance(table(votes), rule)
    assert (people.value, people.smallest, people.largest) == pytest.approx(expected)
    assert (100 - judge.value, 100 - judge.largest, 100 - judge.smallest) == pytest.approx(expected)


def test_published_figures_on_recorded_votes(pandalm: pd.DataFrame, longest: pd.DataFrame) -> None:
    assert human_agreement(pandalm, compatible=True).value == pytest.approx(93.463, abs=5e-4)
    assert variance(pandalm, compatible=True).value == pytest.approx(6.537, abs=5e-4)
    assert human_agreement(pandalm, longest, compatible=True).value == pytest.approx(64.833, abs=5e-4)
    assert bias(pandalm, longest, compatible=True).value == pytest.approx(35.167, abs=5e-4)
    assert human_agreement(pandalm).value == pytest.approx(93.593, abs=5e-4)
    assert human_agreement(pandalm, longest).value == pytest.approx(64.833, abs=5e-4)
    assert variance(longest).value == 0


def test_standard_errors_take_instructions_as_observations(
    pandalm: pd.DataFrame, longest: pd.DataFrame
) -> None:
    found = human_agreement(pandalm, longest)
    assert (found.n, found.n_instructions) == (900, 170)
    assert found.standard_error == pytest.approx(2.4, abs=0.05)
    assert 100 * np.sqrt(0.648 * 0.352 / 899) == pytest.approx(1.6, abs=0.05)  # as if pairs were independent


@pytest.mark.peer
@pytest.mark.parametrize("rule", RULES)
def test_compatible_equals_alpaca_eval(
    rule: Rule, pandalm: pd.DataFrame, longest: pd.DataFrame, peer: Callable[..., Any]
) -> None:
    """On every 20th instruction: the peer takes half a minute for all of them."""
    pairs = sorted(set(pandalm["instruction"]))[::20]
    pandalm, longest = (table[table["instruction"].isin(pairs)] for table in (pandalm, longest))
    noise = np.random.default_rng(0).choice([1, 1.5, 2], size=len(pandalm), p=[0.4, 0.2, 0.4])
    judge = pandalm.assign(preference=noise)
    script = f"""
from alpaca_eval.analyze import Analyzer
analyzer = Analyzer(gold_crossannotations=votes, gold_annotations=None, n_annotators=3, scoring_rule={rule!r})
result = [100 * analyzer.agreement_of_annotations(analyzer.df_gold_crossannotations, None, 1)["score"],
          100 * analyzer.estimate_variance(analyzer.df_gold_crossannotations)]
for table in (longest, judge):
    table = analyzer._select_n_annotations(table, n_annotators=3)
    result += [100 * analyzer.agreement_of_annotations(table, n_majority_vote_1=1)["score"],
               100 * analyzer.estimate_bias(table), 100 * analyzer.estimate_variance(table)]
"""
    ours = [human_agreement(pandalm, rule=rule, compatible=True), variance(pandalm, rule, compatible=True)]
    for annotations in (longest, judge):
        ours += [human_agreement(pandalm, annotations, rule, compatible=True)]
        ours += [
            bias(pandalm, annotations, rule, compatible=True),
            variance(annotations, rule, compatible=True),
        ]
    theirs = peer(script, votes=pandalm, longest=longest, judge=judge)
    assert [found.value for found in ours] == pytest.approx(theirs, abs=1e-6)


def test_zero_and_nulls_are_old_ties_and_missing_votes() -> None:
    votes = table([[1, 1, 2], [2, 2, 2]])
    judge = table([[0], [float("nan")]])
    found = human_agreement(votes, judge)
    assert (found.value, found.n) == (50, 1)


def test_nothing_to_compare_is_nan() -> None:
    found = variance(table([[1], [2]]))
    assert found.n == 0
    assert np.isnan(found.value)


def test_bias_of_people_is_zero_by_convention() -> None:
    assert bias(table([[1, 2, 1]])).value == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.rename(columns={"preference": "preferance"}), "Did you mean 'preferance'"),
        (lambda t: t.assign(preference=3.0), "row 0: the preference 3 is not between 1 and 2"),
        (lambda t: t.assign(output_1="other"), "no pair is in both tables"),
        (lambda t: t.head(0), "has no rows"),
    ],
)
def test_unusable_tables_are_refused(change: Callable[[pd.DataFrame], pd.DataFrame], message: str) -> None:
    votes = table([[1, 2, 1]])
    with pytest.raises(UsageError, match=message):
        human_agreement(votes, change(votes))
    with pytest.raises(UsageError, match="unknown scoring rule 'absolut'"):
        variance(votes, "absolut")  # type: ignore[arg-type]


def test_2240_pairs_with_3_votes_are_not_gone_through_one_by_one() -> None:
    rng = np.random.default_rng(0)
    votes = table([list(rng.choice([1, 1.5, 2], 3)) for _ in range(2240)])
    judge = votes.assign(preference=rng.uniform(1, 2, len(votes)))
    calls = n_calls(lambda: (human_agreement(votes, judge), bias(votes, judge), variance(judge)))
    assert calls < 20 * len(votes)
