"""Drift between two days, held against every dealing of the replies, and against judges of known faults."""

from itertools import product

import numpy as np
import pytest

from autoeval.analysis import drift as module
from autoeval.analysis.drift import drift, own_noise
from benchmarks.anchors import share_found


@pytest.fixture
def fewer_dealings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DEALINGS", 499)


def test_p_values_are_those_of_every_dealing() -> None:
    then = np.array([[1, 1], [1, 2], [2, 2], [1.2, 1.4]])
    now = np.array([[2, 2], [2, 2], [2, 1.5], [1.9, 1.6]])
    halves = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    pooled = np.concatenate([then, now], axis=1)

    def seen(dealt: tuple[tuple[int, int], ...]) -> tuple[float, float]:
        shift = distance = 0.0
        for replies, first in zip(pooled, dealt, strict=True):
            a, b = replies[list(first)], np.delete(replies, first)
            shift += b.mean() - a.mean()
            distance += np.mean([abs(x - y) for x in a for y in b])
        return round(abs(shift), 9), round(distance, 9)

    every = [seen(dealt) for dealt in product(halves, repeat=4)]
    as_it_was = seen(((0, 1),) * 4)
    ps = [tuple(np.mean([other[j] >= one[j] for other in every]) for j in (0, 1)) for one in set(every)]
    smaller = dict(zip(set(every), map(min, ps), strict=True))
    together = np.mean([smaller[one] <= smaller[as_it_was] + 1e-12 for one in every])
    found = drift(then, now)
    assert found is not None
    alone = dict(zip(set(every), ps, strict=True))[as_it_was]
    assert (found.p_shift, found.p_change) == pytest.approx(alone, abs=0.015)
    assert found.p_value == pytest.approx(together, abs=0.015)


@pytest.mark.usefixtures("fewer_dealings")
@pytest.mark.parametrize("noise", [0.0, 0.1, 0.3])
def test_a_judge_that_is_the_same_is_rarely_said_to_have_changed(noise: float) -> None:
    assert share_found(noise, 0.0, 0.0, 200, 100) <= 0.05 + 3 * (0.05 * 0.95 / 200) ** 0.5


@pytest.mark.usefixtures("fewer_dealings")
@pytest.mark.parametrize(
    ("noise", "share", "turned", "least"),
    [(0.0, 0.2, 0.0, 0.98), (0.02, 0.2, 0.0, 0.95), (0.1, 0.4, 0.0, 0.95), (0.0, 0.0, 0.1, 0.95)],
)
def test_a_judge_that_has_changed_is_found(noise: float, share: float, turned: float, least: float) -> None:
    """Towards one output, and in verdicts that are turned both ways, which no mean shows."""
    assert share_found(noise, share, turned, 60, 100) >= least


def test_what_is_counted() -> None:
    then = np.array([[1.0, 1.0], [1.0, 2.0], [2.0, 2.0], [1.5, 1.5], [1.0, np.nan]])
    now = np.array([[2.0, 2.0], [2.0, 1.0], [2.0, 2.0], [2.0, 2.0], [1.0, 1.0]])
    found = drift(then, now)
    assert found is not None
    assert found.n_pairs == 4
    assert found.n_changed == 1 + 0.5 + 0 + 0.5
    assert found.n_noise == (1 + 1) / 2
    assert found.shift == pytest.approx(100 * (1 + 0 + 0 + 0.5) / 4)
    assert found.low < found.shift < found.high
    assert own_noise(then) == (1.0, 4)


def test_nothing_to_compare_and_one_reply_a_day() -> None:
    assert drift([[np.nan, 1.0]], [[1.0, 1.0]]) is None
    with pytest.raises(ValueError, match="two days"):
        drift([[1.0]], [[2.0]])
