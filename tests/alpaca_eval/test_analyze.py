"""`Analyzer` beside alpaca_eval's own on generated votes."""

import random
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from autoeval.alpaca_eval.analyze import SCORING_RULES, Analyzer
from autoeval.errors import UsageError
from tests.alpaca_eval.peer import ask_peer

N_PAIRS, N_GENERATORS = 153, 3
AGREEMENTS: list[dict[str, Any]] = [
    {},
    {"annotations_2": None},
    {"n_majority_vote_1": 3, "n_majority_vote_2": 4},
    {"annotations_2": "gold_annotations"},
]


def texts(pair: int) -> dict[str, Any]:
    draw = random.Random(pair)
    made = [draw.choice(["", "- a\n- b ", "1. one ", "say "]) + "x" * draw.randint(1, 90) for _ in range(2)]
    return {"instruction": f"i{pair}", "output_1": made[0], "output_2": made[1] + "!", "datasplit": "eval"}


def votes(seed: int, preferences: list[float]) -> list[dict[str, Any]]:
    draw = random.Random(seed)
    return [
        {**texts(pair), "preference": draw.choice(preferences), "annotator_index": vote, "index": vote}
        for pair in range(N_PAIRS)
        for vote in range(4)
    ]


@pytest.mark.slow
@pytest.mark.peer
@pytest.mark.parametrize(
    ("rule", "preferences"),
    [
        ("zero_one", [1, 2, 1.5]),
        ("squared", [1.1, 1.5, 1.7]),
    ],
)
def test_an_analyzer_says_what_theirs_says(rule: str, preferences: list[float], tmp_path: Path) -> None:
    human, judge = votes(1, [1, 2]), votes(2, preferences)
    named = [
        {**texts(pair), "preference": 1 + pair % 2, "generator": f"m{pair % N_GENERATORS}"}
        for pair in range(N_PAIRS)
    ]
    question = {"human": human, "votes": judge, "named": named, "rule": rule, "agreements": AGREEMENTS}
    theirs = ask_peer("analyze", question, tmp_path)
    analyzer = Analyzer(human, named, scoring_rule=rule)
    table = pd.DataFrame(judge)
    for kwargs, expected in zip(AGREEMENTS, theirs["agreements"], strict=True):
        assert dict(analyzer.agreement_of_annotations(table, **kwargs)) == pytest.approx(
            expected, nan_ok=True
        )
    assert analyzer.estimate_bias(table) == pytest.approx(theirs["bias"])
    assert analyzer.estimate_variance(table) == pytest.approx(theirs["variance"])
    assert analyzer.estimate_correlations(table) == pytest.approx(theirs["correlations"])
    tendencies = {**analyzer.get_length_biases(table), **analyzer.get_list_biases(table)}
    assert tendencies == pytest.approx(theirs["tendencies"])


def test_pairs_with_too_few_votes_and_votes_too_many_are_left_out() -> None:
    rows = [
        {"instruction": name, "output_1": "a", "output_2": "b", "preference": 1}
        for name, n_votes in (("few", 1), ("enough", 2), ("many", 5))
        for _ in range(n_votes)
    ]
    kept = Analyzer(rows, None, n_annotators=2).df_gold_crossannotations
    assert kept["instruction"].tolist() == ["enough"] * 2 + ["many"] * 2
    assert kept["index"].tolist() == [0, 1, 0, 1]


def test_a_rule_can_be_changed_afterwards() -> None:
    rows = [
        {"instruction": "i", "output_1": "a", "output_2": "b", "preference": preference}
        for preference in (1.0, 1.2)
    ]
    analyzer = Analyzer(rows, None, n_annotators=2, scoring_rule="zero_one")
    assert analyzer.agreement_of_annotations("gold_crossannotations", None)["score"] == 1
    analyzer.scoring_rule = SCORING_RULES["absolute"]()
    assert analyzer.agreement_of_annotations("gold_crossannotations", None)["score"] == pytest.approx(0.8)


def test_more_votes_than_there_are_is_an_error() -> None:
    rows = [{"instruction": "i", "output_1": "a", "output_2": "b", "preference": 1}] * 2
    with pytest.raises(UsageError, match="n_majority_vote_1 is 3"):
        Analyzer(rows, None, n_annotators=2).agreement_of_annotations(
            "gold_crossannotations", n_majority_vote_1=3
        )
