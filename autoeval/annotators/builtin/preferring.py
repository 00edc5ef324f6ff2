"""The embedded judges that prefer one of two outputs by what can be counted in them."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autoeval.annotators.builtin.text_features import Features


# How far one unit of each feature of a text (see `text_features.Features`) moves the log odds that it is the
# better answer. Fitted by benchmarks/fit_offline_judge.py, which prints this table; no human vote is in it.
WEIGHTS: Mapping[str, float] = {
    "variety": 0.409,
    "variety_above_8": 0.714,
    "own_content": 0.478,
    "function_words": -4.032,
    "punctuation": 5.559,
    "paragraphs": 0.31,
    "bold": 1.296,
    "code_as_asked": 0.468,
    "refusal": -0.735,
    "cut_off": -0.168,
    "leftovers": -1.553,
}

# Too rare in the data to be fitted, so set by hand: no word at all, and an answer in another script.
WEIGHTS_BY_HAND: Mapping[str, float] = {
    "empty": -5.0,
    "other_script": -3.0,
}

_ALL_WEIGHTS = tuple({**WEIGHTS, **WEIGHTS_BY_HAND}.items())


def longest(instruction: str, output_1: str, output_2: str) -> float:  # noqa: ARG001 (judges share one signature)
    """Prefer the output with more characters: the baseline that every judge has to beat.

    Returns:
        1 where output 1 is longer, 2 where output 2 is, 1.5 where they are equally long.
    """
    if len(output_1) == len(output_2):
        return 1.5
    return 2.0 if len(output_2) > len(output_1) else 1.0


def offline(instruction: str, output_1: str, output_2: str) -> float:
    """Prefer the output whose words and layout look more like an answer that GPT-4 prefers.

    A logistic model on what `text_features` sees: it reads no meaning, so it is for a first look, for tests
    and for work on the tool itself. The verdict is a probability rather than a side, because two outputs that
    look alike should count near a half each instead of deciding the win rate by a hair. Swapping the outputs
    mirrors the verdict exactly.

    Args:
        instruction: what was asked, its input merged in.
        output_1: the reference's answer.
        output_2: the evaluated model's answer.

    Returns:
        1 + the probability that output 2 is the better one, to four decimals; 1.5 for equal evidence.
    """
    from autoeval.annotators.builtin.text_features import measure

    advantage = _score(measure(instruction, output_2)) - _score(measure(instruction, output_1))
    # Only the winner's side is rounded: 3 - x is exact there, so the other order gives precisely the mirror.
    preference = round(1 + 1 / (1 + math.exp(-abs(advantage))), 4)
    return preference if advantage >= 0 else 3 - preference


def _score(features: "Features") -> float:
    return math.fsum(weight * getattr(features, name) for name, weight in _ALL_WEIGHTS)
