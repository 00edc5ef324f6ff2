"""JSON as Python's own module reads and writes it, in a fraction of the time where orjson can do it."""

import json
from typing import Any

import orjson


def loads(text: str | bytes) -> Any:
    """Return what `json.loads` returns.

    Raises:
        ValueError: it is no JSON.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:  # NaN, half characters, another encoding
        return json.loads(text)


def dumps(value: Any) -> bytes:
    """Return a value as compact JSON in UTF-8. Its numbers must be finite.

    Raises:
        ValueError, TypeError: it cannot be written so.
    """
    try:
        return orjson.dumps(value)
    except TypeError:  # very long numbers, for example
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
