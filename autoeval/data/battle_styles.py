"""What is counted of the two texts of a battle: from the texts, or as Chatbot Arena's files count it."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autoeval.data.battles import StyleOf
from autoeval.data.loading import Row, describe, is_missing
from autoeval.errors import UsageError

_TEXTS = (
    ("output_1", "output_2"),
    ("response_a", "response_b"),
    ("answer_a", "answer_b"),
    ("conversation_a", "conversation_b"),
)
_METADATA = "conv_metadata"
_COUNTED = ("header_count", "list_count", "bold_count")


def style_reader(counts: Callable[[str], Sequence[float]]) -> StyleOf:
    """Return what reads the style of both texts of a row: length, headers, list items, bold passages.

    `conv_metadata`, as Chatbot Arena publishes it, counts tokens; texts (output_1 and output_2, response_a and
    response_b, conversation_a and conversation_b) are counted by `counts`.
    """

    def style_of(row: Row) -> tuple[Sequence[float], Sequence[float]]:
        if not is_missing(row.fields.get(_METADATA)):
            found = _decoded(row, _METADATA)
            return _recorded(row, found, "a"), _recorded(row, found, "b")
        for one, other in _TEXTS:
            if one in row.fields and other in row.fields:
                return counts(_text(row, one)), counts(_text(row, other))
        told = ", ".join(map(str, row.fields))
        raise UsageError(
            f"{row.where}: --style_control needs the texts (response_a and response_b, output_1 and output_2, …) or "
            f"`{_METADATA}`, and the row has none of them. It has: {told}."
        )

    return style_of


def _recorded(row: Row, metadata: Any, side: str) -> list[float]:
    if not isinstance(metadata, Mapping):
        raise UsageError(f"{row.where}: `{_METADATA}` is {describe(metadata)}; it should be an object.")
    tokens = metadata.get(f"sum_assistant_{side}_tokens")
    counted = [metadata.get(f"{name}_{side}") for name in _COUNTED]
    return [_amount(row, f"sum_assistant_{side}_tokens", tokens)] + [
        _amount(row, f"{name}_{side}", _summed(value)) for name, value in zip(_COUNTED, counted, strict=True)
    ]


def _summed(value: Any) -> Any:
    """Sum up counts given by kind ({"h1": 2, "h2": 0}); anything else stays as it is."""
    if isinstance(value, Mapping) and all(isinstance(one, int | float) for one in value.values()):
        return sum(value.values())
    return value


def _amount(row: Row, name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12:
        raise UsageError(
            f"{row.where}: `{_METADATA}.{name}` is {describe(value)}; it should be a number of 0 or more."
        )
    return float(value)


def _text(row: Row, name: str) -> str:
    value: Any = row.fields[name]
    turns = _decoded(row, name)  # Kaggle's files have a JSON list of turns as text
    if isinstance(turns, list | tuple):
        return "\n".join(_message(row, name, turn) for turn in turns)
    if not isinstance(value, str):
        raise UsageError(
            f"{row.where}: `{name}` is {describe(value)}; it should be text or a list of messages."
        )
    return value


def _message(row: Row, name: str, message: Any) -> str:
    """Return what the assistant says in a message, nothing of the user's."""
    if isinstance(message, str):
        return message
    content = message.get("content") if isinstance(message, Mapping) else None
    if isinstance(content, list | tuple):
        content = "\n".join(
            part["text"] for part in content if isinstance(part, Mapping) and part.get("text")
        )
    if not isinstance(content, str):
        raise UsageError(f"{row.where}: a message of `{name}` is {describe(message)}; it has no `content`.")
    return content if message.get("role") in ("assistant", None) else ""


def _decoded(row: Row, name: str) -> Any:
    """Return a field that holds objects; in files of text alone they are JSON."""
    value = row.fields[name]
    if not isinstance(value, str):
        return value.tolist() if hasattr(value, "tolist") else value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value
