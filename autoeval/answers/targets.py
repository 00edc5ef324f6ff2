"""What is right, as it stands in a row."""

import math
from fractions import Fraction
from typing import Any

from autoeval.answers.checked import Answer
from autoeval.answers.numbers import first_number, last_number
from autoeval.data.loading import describe
from autoeval.errors import UsageError


def number_target(answer: Answer, *markers: str) -> Fraction:
    """Read a target that is a number, or text with one behind one of the markers, or else at its end.

    Raises:
        UsageError: there is no number; the message names file and row.
    """
    target = answer.target
    if isinstance(target, str):
        marked = next(
            (target.rpartition(marker)[2] for marker in markers if marker and marker in target), None
        )
        found = last_number(target) if marked is None else first_number(marked)
        if found:
            return found[1]
    elif is_number(target):
        return Fraction(str(target))
    raise UsageError(
        f"{answer.row.where}: `target` is {describe(target)}; it should be a number, or text that ends with one."
    )


def text_target(answer: Answer) -> str:
    """Read a target that is text.

    Raises:
        UsageError: it is something else, or empty.
    """
    target = answer.target
    if isinstance(target, str) and target.strip():
        return target
    if is_number(target):
        return str(target)
    raise UsageError(
        f"{answer.row.where}: `target` is {describe(target)}; it should be text that is not empty."
    )


def is_number(value: Any) -> bool:
    """Whether a value is a finite number."""
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)  # of however many digits
