"""What a cache keeps of a reply, and how it is written down."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from typing import Any

import orjson

from autoeval.completions.providers.logprobs import from_json, to_json
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
    if kind == "verdict":
        return RecordedVerdict(**{**fields, "preferences": tuple(fields["preferences"])})
    if "adapted" in fields:
        fields["adapted"] = tuple(fields["adapted"])
    if "logprobs" in fields:
        fields["logprobs"] = tuple(map(_token, fields["logprobs"]))
    return Completion(**fields)


def _token(written: Mapping[str, Any]) -> TokenLogprobs:
    top = tuple([(text, from_json(number)) for text, number in written["top"]])
    return TokenLogprobs(written["token"], from_json(written["logprob"]), top)
