"""Reading what servers send: whole text out of any bytes, and no field trusted to be of its type."""

import json
import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import orjson

from autoeval.completions.providers.failures import MalformedReplyError, hinted, plain_text, whole
from autoeval.texts.patterns import lazy_pattern

_SURROGATE = lazy_pattern(r"\\u[dD][89a-fA-F]")
_MOST_EXACT_DIGITS = 18
_MOST_TOKENS = 10**9
"""No reply has more; a server that counts more is wrong."""


def decode(content: bytes) -> Any:
    """Return the JSON value of a body: half characters are replaced, and no number is too long.

    Raises:
        ValueError, RecursionError: it is no JSON.
    """
    with suppress(orjson.JSONDecodeError):  # not UTF-8, half characters, NaN: read with more patience
        return orjson.loads(content)
    text = content.decode(json.detect_encoding(content), "replace")
    value = json.loads(text, strict=False, parse_int=_whole_number)
    return _mended(value) if _SURROGATE.search(text) else value


def decode_reply(content: bytes, status: int, content_type: str = "") -> Any:
    """Return the JSON value of a successful reply.

    Raises:
        MalformedReplyError: it is none; a web page shows that the address is wrong.
    """
    if not content.strip():
        raise MalformedReplyError(f"the reply is empty (HTTP {status})")
    try:
        return decode(content)
    except (ValueError, RecursionError):
        text = content[:4096].decode("utf-8", "replace")
        if "html" in content_type.lower() or text.lstrip().startswith("<"):
            told = f"the address answers with a web page ({plain_text(text)[:80] or 'empty'}) (HTTP {status})"
            raise MalformedReplyError(hinted(told)) from None
        raise MalformedReplyError(f"the reply is not JSON (HTTP {status}): {text[:100]!r}") from None


def optional_text(value: Any) -> str | None:
    """Return a field's text, None for anything that is no text."""
    return value if isinstance(value, str) else None


def mapping(value: Any) -> Mapping[str, Any]:
    """Return an object's fields, none for anything that is no object."""
    return value if isinstance(value, dict) or isinstance(value, Mapping) else {}  # noqa: SIM101 - the first is fast


def count(value: Any) -> int | None:
    """Return a number of tokens, None for what cannot be one."""
    if value is None:
        return None
    number = decimal(value)
    return int(number) if 0 <= number <= _MOST_TOKENS else None  # NaN is in no range


def decimal(value: Any) -> float:
    """Return a number or the number that a text says, NaN for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return math.nan
    try:
        return float(value)
    except (ValueError, OverflowError):
        return math.nan


def arguments(value: Any) -> str | None:
    """Return the JSON text of a tool call's arguments, which some servers give as an object."""
    if isinstance(value, Mapping | list):
        return json.dumps(value, ensure_ascii=False)
    return optional_text(value)


def joined_arguments(calls: Iterable[Any]) -> str | None:
    """Return the arguments of all tool calls, one a line, equal ones once; None where no call has any."""
    found = dict.fromkeys(text for text in map(arguments, calls) if text is not None)
    return "\n".join(found) if found else None


def _whole_number(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MOST_EXACT_DIGITS else float(digits)


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, list):
        return [_mended(item) for item in value]
    if isinstance(value, dict):
        return {whole(name): _mended(item) for name, item in value.items()}
    return value
