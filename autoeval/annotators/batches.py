"""Grouping pairs into prompts that ask about several at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True)
class Batches:
    """Groups of pair indices (None pads the last one), and the group and place of each pair."""

    groups: Sequence[tuple[int | None, ...]]
    place_of: Mapping[int, tuple[int, int]]


def batches(indices: Sequence[int], size: int, shuffle_seed: int | None, chunk: int | None = None) -> Batches:
    """Group pairs by `size`.

    Args:
        indices: the pairs to group, in their order.
        size: pairs in a group; the last group is padded to it.
        shuffle_seed: shuffle as AlpacaEval does with this seed before grouping; None keeps the order.
        chunk: group the pairs of each stretch of so many indices apart; None groups all together.
    """
    stretches = groupby(indices, key=lambda index: index // chunk if chunk else 0)
    groups = [group for _, stretch in stretches for group in _groups(list(stretch), size, shuffle_seed)]
    places = {
        index: (number, place)
        for number, group in enumerate(groups)
        for place, index in enumerate(group)
        if index is not None
    }
    return Batches(groups, places)


def _groups(indices: Sequence[int], size: int, shuffle_seed: int | None) -> list[tuple[int | None, ...]]:
    padded: list[int | None] = [*indices, *[None] * (-len(indices) % size)]
    if shuffle_seed is not None:
        import numpy as np

        # pandas' DataFrame.sample(frac=1, random_state=seed) draws this permutation
        order = np.random.RandomState(shuffle_seed).permutation(len(padded))
        padded = [padded[place] for place in order]
    return [tuple(padded[start : start + size]) for start in range(0, len(padded), size)]
