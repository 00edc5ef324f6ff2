"""Checks of parameters, made before anything is loaded or spent."""

from collections.abc import Iterable
from typing import Any

from autoeval.errors import UsageError, nearest

_LARGEST = 2**63 - 1
"""The largest whole number that a database knows, and far more than there is of anything."""


def check_choice(parameter: str, value: str, choices: Iterable[str]) -> None:
    """Refuse a value that is none of the choices.

    Raises:
        UsageError: naming the nearest choice.
    """
    known = list(choices)
    if value not in known:
        raise UsageError(f"--{parameter}: {value!r} is no choice. {nearest(str(value), known)}")


def check_number(
    parameter: str,
    value: Any,
    least: float,
    most: float | None = None,
    whole: bool = False,
    optional: bool = True,
) -> None:
    """Refuse what is no number, or one outside its range; None passes where a number is optional.

    Raises:
        UsageError: saying the range.
    """
    if value is None and optional:
        return
    kind = "a whole number" if whole else "a number"
    is_number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
    if is_number and whole and value > _LARGEST:
        raise UsageError(f"--{parameter} must be at most {_LARGEST}, not {value!r}.")
    if not is_number or not value >= least or (most is not None and value > most):
        limit = f"at least {least:g}" if most is None else f"from {least:g} to {most:g}"
        raise UsageError(f"--{parameter} must be {kind} {limit}, not {value!r}.")


def require_source(value: Any, flag: str, what: str) -> Any:
    """Return a source that has no default.

    Raises:
        UsageError: it was not given.
    """
    if value is None:
        raise UsageError(f"{flag} is missing: {what}.")
    return value
