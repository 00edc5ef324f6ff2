"""JSON (or Python) values that stand in a text, and the prose around them."""

import ast
import json
import re
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from autoeval.texts.patterns import lazy_pattern

_MOST_IN_VAIN = 300_000
"""Characters read in vain; a text that takes more is nothing but brackets, and holds no value that we look for."""
_PER_ATTEMPT = 300
"""What an attempt costs beside, in the same measure."""


def values_in(text: str) -> list[Any]:
    """Return every JSON (or Python) object or list that stands in a text, outermost ones, in order.

    An object that gives one field two different values stands as None.
    """
    return split_values(text)[0]


def split_values(text: str) -> tuple[list[Any], str]:
    """Return the values in a text as `values_in` does, and the prose around them."""
    found = found_in(text)
    return [value for value, _, _ in found], prose_around(found, text)


def prose_around(found: Sequence[tuple[Any, int, int]], text: str) -> str:
    """Return a text without the values that were found in it, a line break in the place of each."""
    ends = [0, *(end for _, _, end in found)]
    starts = [*(start for _, start, _ in found), len(text)]
    return "\n".join(text[end:start] for end, start in zip(ends, starts, strict=True))


def is_one_value(text: str) -> bool:
    """Whether a text is a single whole value and nothing else; a code fence around it does not count."""
    values, prose = split_values(text)
    return len(values) == 1 and _FENCES.fullmatch(prose) is not None


def spans_in(text: str) -> Iterator[tuple[int, int]]:
    """Walk through the places of the values in a text, start and end."""
    return ((start, end) for _, start, end in found_in(text))


def found_in(text: str) -> list[tuple[Any, int, int]]:
    """Return the values in a text as `values_in` does, each with its start and end."""
    found: list[tuple[Any, int, int]] = []
    at, in_vain = 0, 0
    while (bracket := _BRACKET.search(text, at)) is not None:
        start = bracket.start()
        value, end, n_read = _value_at(text, start)
        if end is None:
            in_vain += n_read
            if in_vain > _MOST_IN_VAIN:
                return []
            at = start + 1
        else:
            found.append((value, start, end))
            at = end
    return found


_FENCES = lazy_pattern(r"[\s`]*(?:json|python)?[\s`]*", re.IGNORECASE)
_BRACKET = lazy_pattern(r"[{\[]")
_STRUCTURE = lazy_pattern(r"\\.|[\[\]{}\"']", re.DOTALL)
_DEEPEST_JSON = 1_000


def _value_at(text: str, start: int) -> tuple[Any, int | None, int]:
    """Return the value that begins at a bracket and its end (None: there is none), and how much was read."""
    try:
        return *_DECODER.raw_decode(text, start), 0
    except json.JSONDecodeError as error:
        n_read = error.pos - start
    except (ValueError, RecursionError):  # too many digits, or too deep
        n_read = _DEEPEST_JSON
    end = _closing_bracket(text, start)
    n_read += (len(text) if end is None else end) - start + _PER_ATTEMPT
    if end is None:
        return None, None, n_read
    try:
        return _python_value(text[start:end]), end, n_read
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None, None, n_read


def _once(fields: list[tuple[str, Any]]) -> dict[str, Any] | None:
    found = dict(fields)
    return found if all(found[name] == value for name, value in fields) else None


_DECODER = json.JSONDecoder(strict=False, object_pairs_hook=_once)


def _python_value(text: str) -> Any:
    """Read what a judge means by single quotes and trailing commas."""
    with warnings.catch_warnings(
        action="ignore"
    ):  # of odd escapes and digits in what is no literal after all
        tree = ast.parse(text, mode="eval")
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict) and _contradicts_itself(node):
            return None
    return ast.literal_eval(tree)


def _contradicts_itself(node: ast.Dict) -> bool:
    fields = [
        (ast.dump(key), ast.dump(value)) for key, value in zip(node.keys, node.values, strict=True) if key
    ]
    return len(dict(fields)) < len(set(fields))


def _closing_bracket(text: str, start: int) -> int | None:
    """Return the position after the bracket that closes the one at `start`, quotes respected."""
    depth, quote = 0, ""
    for match in _STRUCTURE.finditer(text, start):
        char = match[0]
        if quote:
            quote = "" if char == quote else quote
        elif char in ("'", '"'):
            quote = char
        elif char in ("[", "{"):
            depth += 1
        elif char in ("]", "}"):
            depth -= 1
            if depth == 0:
                return match.end()
    return None
