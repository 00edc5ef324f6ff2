"""What a cache keeps of a reply, and how it is written down."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from types import NoneType
from typing import Any

import orjson

from autoeval.completions.providers.logprobs import from_json, to_json
from autoeval.completions.storage.database import CacheError
from autoeval.texts import fast_json
from autoeval.types import Completion, TokenLogprobs


@dataclass(frozen=True, slots=True)
class RecordedVerdict:
    """Verdicts imported from elsewhere without the reply that they were read from.

    `preferences` has one for each pair that the prompt asks about, in the order shown; None where the reply held no
    verdict. `price` and `seconds` are per pair.
    """

    preferences: tuple[float | None, ...]
    price: float | None = None
    seconds: float | None = None


Entry = Completion | RecordedVerdict
_json = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_OF_COMPLETION = tuple(field.name for field in dataclass_fields(Completion))
_OF_VERDICT = tuple(field.name for field in dataclass_fields(RecordedVerdict))
_TEXT, _NUMBER = (str, NoneType), (float, int, NoneType)
_KINDS: Mapping[str, Mapping[str, tuple[type, ...]]] = {
    "completion": {
        "text": (str,),
        **dict.fromkeys(("finish_reason", "tool_arguments", "refusal", "model", "processing"), _TEXT),
        **dict.fromkeys(("input_tokens", "output_tokens", "reasoning_tokens"), _NUMBER),
        **dict.fromkeys(("logprobs", "adapted"), (list,)),
        "seconds": (float, int),
        "has_reasoning": (bool,),
    },
    "verdict": {"preferences": (list,), "price": _NUMBER, "seconds": _NUMBER},
}
"""What JSON has for each field of an entry; a cache is a file, and anybody may have changed it."""


def encode(entry: Entry) -> tuple[str, str]:
    """Return an entry's kind and its value as JSON in ASCII; what is empty is left out.

    Raises:
        ValueError: a number is none.
    """
    kind, names = (
        ("completion", _OF_COMPLETION) if isinstance(entry, Completion) else ("verdict", _OF_VERDICT)
    )
    fields = {
        name: value
        for name in names
        if (value := getattr(entry, name)) is not None and value is not False and value != ()
    }
    if isinstance(entry, Completion) and entry.logprobs:
        fields["logprobs"] = [_written(token) for token in entry.logprobs]
    return kind, _as_json(fields, entry)


def _as_json(fields: dict[str, Any], entry: Entry) -> str:
    """Write what is kept, by the fast way where that says the same: no number is NaN, and every text is ASCII."""
    if isinstance(entry, Completion) and math.isfinite(entry.seconds):
        try:
            written = orjson.dumps(fields)
        except TypeError:  # half characters, very long numbers
            return _json(fields)
        if written.isascii():
            return written.decode()
    return _json(fields)


def _written(token: TokenLogprobs) -> dict[str, Any]:
    top = [(text, to_json(number)) for text, number in token.top]
    return {"token": token.token, "logprob": to_json(token.logprob), "top": top}


def decode(kind: str, value: str) -> Entry:
    """Return the entry that a kind and a value say.

    Raises:
        ValueError, TypeError, LookupError, AttributeError: they are none.
    """
    fields: dict[str, Any] = fast_json.loads(value)
    kinds = _KINDS[kind]
    for name, found in fields.items():
        if type(found) not in kinds[name]:
            raise TypeError(f"`{name}` is {found!r:.40}")
        if type(found) is float and not math.isfinite(found):
            raise ValueError(f"`{name}` is no number")
    if kind == "verdict":
        return RecordedVerdict(**{**fields, "preferences": _each(fields["preferences"], _NUMBER)})
    if "adapted" in fields:
        fields["adapted"] = _each(fields["adapted"], (str,))
    if "logprobs" in fields:
        fields["logprobs"] = tuple(map(_token, fields["logprobs"]))
    return Completion(**fields)


def entry_of(cache: str, key: bytes, kind: str, value: str) -> Entry:
    """Return the entry that a row of a cache says.

    Args:
        cache: its name, for the error.
        key: of the row.
        kind: of the row.
        value: of the row.

    Raises:
        CacheError: the row holds none.
    """
    try:
        return decode(kind, value)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise CacheError(
            f"the cache {cache} holds a reply that cannot be read ({bytes(key).hex()[:16]}…: {error}). `cache merge` "
            "puts all that can be read into another cache; what cannot is asked again with that."
        ) from None


def _each(found: list[Any], kinds: tuple[type, ...]) -> tuple[Any, ...]:
    if not all(type(one) in kinds for one in found):
        raise TypeError(f"{found!r:.40} holds something else")
    return tuple(found)


def _token(written: Mapping[str, Any]) -> TokenLogprobs:
    top = tuple([(_text(text), from_json(number)) for text, number in written["top"]])
    return TokenLogprobs(_text(written["token"]), from_json(written["logprob"]), top)


def _text(found: Any) -> str:
    if type(found) is not str:
        raise TypeError(f"{found!r:.40} is no text")
    return found
