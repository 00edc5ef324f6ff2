"""Thousands of replies with a known verdict: every parser reads that verdict or none, never another."""

import pytest

from autoeval.types import Verdict
from tests.annotators.generated import ALL, replies

SEED = 12
N_REPLIES = 1_000
LEAST_READ = 0.05
"""A parser that reads none at all would pass."""


@pytest.mark.parametrize("name", ALL)
def test_a_reply_gives_its_verdict_or_none(name: str) -> None:
    n_read = 0
    for completion, expected in replies(name, N_REPLIES, SEED):
        found, *others = ALL[name].parser.read(completion)
        if isinstance(found, Verdict) and not others:  # several are none for one pair
            assert found.value == expected, completion
            n_read += 1
    assert n_read > LEAST_READ * N_REPLIES
