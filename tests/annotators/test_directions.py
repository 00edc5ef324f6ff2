"""A ranking that says that the better output comes first says nothing new: it does not speak of the worse one."""

import pytest

from tests.annotators.parsing import parser, reading

SAID = (
    "Best to worst: {}",
    "best to worst:\n{}",
    "**Ranked from best to worst:** {}",
    "Ranking (best to worst): {}",
    "Best-to-worst ranking: {}",
    "best → worst: {}",
    "From the best answer to the worst answer: {}",
    "Better to worse: {}",
    "Strongest to weakest: {}",
    "Highest to lowest quality: {}",
    "Vom besten zum schlechtesten: {}",
    "Du meilleur au pire : {}",
    "De la mejor a la peor: {}",
    "Do melhor ao pior: {}",
    "Do melhor para o pior: {}",
    "Dal migliore al peggiore: {}",
    "От лучшего к худшему: {}",
    "从最好到最差：{}",
    "良い方から悪い方の順：{}",
)


@pytest.mark.parametrize("said", SAID)
def test_best_to_worst_is_read_in_one_line_and_below(said: str) -> None:
    ranking = parser("ranking")
    for better, worse, preference in (("a", "b", 1.0), ("b", "a", 2.0)):
        for listed in (f"{better} > {worse}", f"{better}, {worse}", f"1. {better}\n2. {worse}"):
            if listed[0] != "1" or "\n" in said:
                assert reading(ranking, said.format(listed)) == preference, listed
    assert reading(ranking, said.format("a = b")) == 1.5


def test_a_list_below_it_has_an_order() -> None:
    ranking = parser("ranking")
    for listed in ("a\nb", "- a\n- b", "\na\nb", '["a", "b"]', "a over b", "a then b"):
        assert reading(ranking, f"Best to worst:\n{listed}") == 1.0, listed
    assert reading(ranking, '{"ranking_best_to_worst": ["b", "a"]}') == 2.0
    assert reading(ranking, '{"order": "best to worst", "ranking": ["b", "a"]}') == 2.0
    assert reading(ranking, "b > a (best to worst)") == 2.0
    named = parser("ranking", first="first", second="second")
    assert reading(named, "Best to worst: second, first") == 2.0


@pytest.mark.parametrize(
    "said",
    [
        "Best to worst: a < b",
        "Best to worst: a",
        "Best to worst: a, c",
        "Best to worst:\na\nb\nc",
        "Best to worst: a > b?",
        "Not best to worst: a > b",
        "I cannot rank them from best to worst: a, b",
        "Example (best to worst): a, b",
        "Best to worst: a, b\nBest to worst: b, a",
        "Best to worst: a, b\n\nBut really b > a",
        "Best to worst: a > b\nWorst to best: a > b",
        "Worst to best: a > b. Best to worst: b > a.",
        "Worse to better: a, b",
        "The worst: a > b",
        "Loser, best to worst:\n\nWorst: a\nBest: b",
        "By the number of errors, highest to lowest: a > b",
    ],
)
def test_what_can_be_read_two_ways_is_none(said: str) -> None:
    assert isinstance(reading(parser("ranking"), said), str)


def test_how_long_a_reply_is_does_not_matter() -> None:
    ranking = parser("ranking")
    for repeated in ("best-", "best to ", "best to worst:\n", "best to worst" + "\n" * 9):
        assert isinstance(reading(ranking, repeated * 10_000), str)
