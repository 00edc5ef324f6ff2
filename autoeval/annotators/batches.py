"""Grouping cases into prompts that ask about several at once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from autoeval.annotators.kinds.draws import shown_order


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
    return Batches(groups, _places(groups))


def together(cases: Iterable[tuple[int, str]], size: int, seed: int | None) -> Batches:
    """Group the cases of each instruction by up to `size`, in groups of about one size.

    Args:
        cases: index and instruction of each, in their order.
        size: cases in a group at most.
        seed: of the order in which the cases of an instruction are shown; None keeps theirs.
    """
    of_instruction: dict[str, list[int]] = defaultdict(list)
    for index, instruction in cases:
        of_instruction[instruction].append(index)
    groups: list[tuple[int, ...]] = []
    for instruction, indices in of_instruction.items():
        order = indices if seed is None else shown_order(instruction, seed, indices)
        n_groups = -(-len(order) // size)
        groups += [tuple(order[start::n_groups]) for start in range(n_groups)]
    return Batches(groups, _places(groups))


def _places(groups: Iterable[Sequence[int | None]]) -> dict[int, tuple[int, int]]:
    return {
        index: (number, place)
        for number, group in enumerate(groups)
        for place, index in enumerate(group)
        if index is not None
    }


def _groups(indices: Sequence[int], size: int, shuffle_seed: int | None) -> list[tuple[int | None, ...]]:
    padded: list[int | None] = [*indices, *[None] * (-len(indices) % size)]
    if shuffle_seed is not None:
        import numpy as np

        # pandas' DataFrame.sample(frac=1, random_state=seed) draws this permutation
        order = np.random.RandomState(shuffle_seed).permutation(len(padded))
        padded = [padded[place] for place in order]
    return [tuple(padded[start : start + size]) for start in range(0, len(padded), size)]
