"""Grouping cases into prompts that ask about several at once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from autoeval.annotators.kinds.draws import shown_order

Item = int | tuple[int, int]


@dataclass(frozen=True)
class Batches:
    """Groups of items, and the group and place of each.

    An item is what a prompt shows several of: the index of a case (None pads the last group), or, of outputs that are
    shown together, that with the number of the output.
    """

    groups: Sequence[tuple[Item | None, ...]]
    place_of: Mapping[Item, tuple[int, int]]


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


def together(outputs: Iterable[tuple[Item, str]], size: int, seed: int | None) -> Batches:
    """Group the outputs for each instruction by up to `size`, in groups of about one size.

    Args:
        outputs: each with its instruction, in their order.
        size: outputs in a group at most.
        seed: of the order in which the outputs for an instruction are shown; None keeps theirs.
    """
    of_instruction: dict[str, list[Item]] = defaultdict(list)
    for item, instruction in outputs:
        of_instruction[instruction].append(item)
    groups: list[tuple[Item, ...]] = []
    for instruction, items in of_instruction.items():
        order = items if seed is None else shown_order(instruction, seed, items)
        n_groups = -(-len(order) // size)
        groups += [tuple(order[start::n_groups]) for start in range(n_groups)]
    return Batches(groups, _places(groups))


def _places(groups: Iterable[Sequence[Item | None]]) -> dict[Item, tuple[int, int]]:
    return {
        item: (number, place)
        for number, group in enumerate(groups)
        for place, item in enumerate(group)
        if item is not None
    }


def _groups(indices: Sequence[int], size: int, shuffle_seed: int | None) -> list[tuple[int | None, ...]]:
    padded: list[int | None] = [*indices, *[None] * (-len(indices) % size)]
    if shuffle_seed is not None:
        import numpy as np

        # pandas' DataFrame.sample(frac=1, random_state=seed) draws this permutation
        order = np.random.RandomState(shuffle_seed).permutation(len(padded))
        padded = [padded[place] for place in order]
    return [tuple(padded[start : start + size]) for start in range(0, len(padded), size)]
