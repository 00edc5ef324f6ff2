"""What a row of a check, or of refusals, holds besides its score and parts: looked at where a run is read back."""

from collections.abc import Callable, Mapping
from typing import Any

from autoeval.data.loading import Row, describe, is_missing
from autoeval.errors import UsageError
from autoeval.texts.refusals import DEGREES
from autoeval.types import Scale

_SHARE = Scale(0, 1)
_DEGREES = tuple(str(degree) for degree in DEGREES)


def check_scored(row: Row) -> None:
    """Refuse a row whose numbers would be wrong, or could not be computed.

    Raises:
        UsageError: naming file, row and field.
    """
    _check(row, "refusal", row.fields.get("refusal"), _is_degree, f"one of {', '.join(_DEGREES)}, or null")
    _check(
        row,
        "is_safe",
        row.fields.get("is_safe"),
        lambda value: isinstance(value, bool),
        "true, false or null",
    )
    for name, said in _fields(row, "others").items():
        _check(row, f"others.{name}", said, _is_degree, f"one of {', '.join(_DEGREES)}, or null")
    for name, several in _fields(row, "observations").items():
        _check(row, f"observations.{name}", several, _are_shares, "a list of numbers from 0 to 1")


def _fields(row: Row, name: str) -> Mapping[Any, Any]:
    value: Any = row.fields.get(name)
    _check(row, name, value, lambda value: isinstance(value, Mapping), "an object")
    fields: Mapping[Any, Any] = {} if is_missing(value) else value
    return fields


def _check(row: Row, name: str, value: Any, is_right: Callable[[Any], bool], should_be: str) -> None:
    if not (is_missing(value) or is_right(value)):
        raise UsageError(f"{row.where}: `{name}` is {describe(value)}; it should be {should_be}.")


def _is_degree(value: Any) -> bool:
    return isinstance(value, str) and value in _DEGREES


def _are_shares(value: Any) -> bool:
    return isinstance(value, list) and all(one is None or _SHARE.holds(one) for one in value)
