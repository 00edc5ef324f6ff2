"""Grids of parameters, of which a part is tried each time and the rest with the slow tests."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import pytest


def thinned(*axes: Sequence[Any], to: int) -> list[Any]:
    """Return all combinations, of which one in `to` is not slow.

    Where `to` is as long as two axes, each value of the one meets each of the other there: a Latin square.
    """
    return [
        pytest.param(*point, marks=[] if sum(place) % to == 0 else pytest.mark.slow)
        for place, point in zip(product(*(range(len(axis)) for axis in axes)), product(*axes), strict=True)
    ]
