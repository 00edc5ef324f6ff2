"""Hashed TF-IDF vectors beside those of scikit-learn, whose columns are the terms themselves."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from autoeval.texts.vectors import tfidf
from autoeval.texts.words import words

Terms = Callable[[str], Sequence[str]]

FEW = st.lists(st.sampled_from(["a", "b", "c", "the", "there", "Österreich", "東京", "🦀"]), max_size=12).map(
    " ".join
)
TEXTS = st.lists(FEW | st.text(max_size=30), min_size=1, max_size=8)


def whole(text: str) -> list[str]:
    return [text]


@given(TEXTS, st.sampled_from([words, str.split, list, whole]))
def test_cosines_are_scikit_learns(texts: list[str], terms: Terms) -> None:
    ours, frequencies = tfidf(texts, terms)
    distinct = {term for text in texts for term in terms(text)}
    assume(distinct)  # of texts that are all without terms, scikit-learn makes no vectors
    assume(np.count_nonzero(frequencies[:-1]) == len(distinct))  # no two terms share a column
    theirs = TfidfVectorizer(analyzer=terms, sublinear_tf=True).fit_transform(texts)
    assert (ours @ ours.T).toarray() == pytest.approx((theirs @ theirs.T).toarray(), abs=1e-9)


def test_a_thousand_terms_hardly_ever_share_a_column() -> None:
    texts = [f"word{n} and word{n + 1}" for n in range(1000)]
    _, frequencies = tfidf(texts, str.split)
    assert frequencies[-1] == 1000
    assert 995 <= np.count_nonzero(frequencies[:-1]) <= 1002


def test_terms_weigh_as_they_did_in_an_earlier_call() -> None:
    known = ["the cat", "the dog", "the bird sings"]
    vectors, frequencies = tfidf(known, str.split)
    again, same = tfidf(known[:1], str.split, frequencies)
    assert abs(again - vectors[:1]).max() == 0
    assert same is frequencies
    alone, _ = tfidf(known[:1], str.split)
    assert abs(again - alone).max() > 0.1, "by itself, both of its terms are as rare"


@pytest.mark.parametrize("texts", [[], [""], ["", "a"], ["a", ""], ["", "a a", "", "b"]])
def test_what_has_no_term_is_like_nothing(texts: list[str]) -> None:
    vectors, _ = tfidf(texts, str.split)
    assert (vectors @ vectors.T).toarray() == pytest.approx(np.diag([float(bool(text)) for text in texts]))
