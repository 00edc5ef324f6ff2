"""What is drawn for an instruction: the order of the outputs, the judge of a pool, label noise.

Every draw depends on the instruction and the seed alone, and is made as AlpacaEval makes it, so that replies
recorded by that tool answer the same questions here.
"""

import random
from collections.abc import Sequence
from functools import lru_cache
from typing import TypeVar

T = TypeVar("T")


def annotator_of(instruction: str, seed: int, pool: list[T]) -> T:
    """Draw the annotator of a pool that judges an instruction."""
    return pool[0] if len(pool) == 1 else _draw("annotator", instruction, seed, pool)


def noise_on(instruction: str, seed: int, p_label_flip: float) -> float | None:
    """Draw the coin flip that an instruction gets instead of a verdict; None where it gets none."""
    if not p_label_flip:
        return None
    weights = [1 - 2 * p_label_flip, p_label_flip, p_label_flip]
    return _draw("noisy_preference", instruction, seed, [None, 1.0, 2.0], weights)


@lru_cache(maxsize=4096)
def is_switched(instruction: str, seed: int) -> bool:
    """Return whether `order: random` shows output 2 first.

    Args:
        instruction: as loaded, after `input` is merged.
        seed: of the run.
    """
    return _draw("is_switched_outputs", instruction, seed, [False, True])


def shown_order(instruction: str, seed: int, items: Sequence[T]) -> list[T]:
    """Draw the order that the outputs for an instruction are shown in, where one prompt shows several."""
    order = list(items)
    random.Random(f"order_of_outputs{instruction}{seed}").shuffle(order)
    return order


def _draw(
    purpose: str, instruction: str, seed: int, choices: list[T], weights: list[float] | None = None
) -> T:
    generator = random.Random(f"{purpose}{instruction}{seed}")
    if weights is None:
        return choices[int(generator.random() * len(choices))]  # what `choices` does, in a third of the time
    return generator.choices(choices, weights=weights, k=1)[0]
