"""Changes to valid replies, drawn at random: of their structure, of their bytes, of how the JSON is written."""

import copy
import json
import math
import random
from collections.abc import Iterator
from typing import Any

Path = tuple[str | int, ...]

_ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    -10_000_000,
    1.5,
    10**400,
    math.nan,
    math.inf,
    -math.inf,
    "",
    " ",
    "x",
    "\ud83d",
    "\x00\x1b[31m",
    "word " * 2000,
    [],
    [None],
    [[]],
    {},
    {"x": None},
    {"type": 7, "text": 7, "message": 7, "error": None},
    {"error": {"message": "went away", "code": 503}},
)
"""None of these says a verdict in any parser's words."""
_NAMES = ("error", "x", "text", "type", "refusal", "index", "message", "detail", "success")
_BYTES = (
    b"\x00",
    b"\xff",
    b'"',
    b"\\",
    b"{",
    b"]",
    b",",
    b"\n",
    b"\\ud83d",
    b"1",
    b"NaN",
    b"\xe2\x80\xa8",
    b"\xef\xbb\xbf",
)


def paths_in(value: Any, above: Path = ()) -> Iterator[Path]:
    """Walk through the places below a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, below in items:
        yield (*above, name)
        yield from paths_in(below, (*above, name))


def restructured(draw: random.Random, reply: Any) -> tuple[Any, Path]:
    """Return a reply of which one place was changed, and which."""
    changed = copy.deepcopy(reply)
    path = draw.choice(list(paths_in(reply)))
    holder: Any = changed
    for step in path[:-1]:
        holder = holder[step]
    name: Any = path[-1]
    match draw.choice(("replace", "replace", "remove", "wrap", "add", "deepen")):
        case "replace":
            holder[name] = draw.choice(_ODD)
        case "remove":
            del holder[name]
        case "wrap":
            holder[name] = draw.choice(([holder[name]], {"x": holder[name]}, {str(name): holder[name]}))
        case "add":
            if isinstance(holder, dict):
                added = draw.choice(_NAMES)
                holder[added], path = draw.choice(_ODD), (*path[:-1], added)
            else:
                holder.append(draw.choice(_ODD))
        case "deepen":
            holder[name] = json.loads("[" * 50 + "]" * 50)
    return changed, path


def damaged(draw: random.Random, content: bytes) -> bytes:
    """Return a body of which some bytes were changed."""
    start = draw.randrange(len(content))
    end = min(len(content), start + draw.choice((1, 1, 1, 4, 40)))
    match draw.choice(("flip", "flip", "drop", "put in", "twice", "cut", "replace")):
        case "flip":
            return content[:start] + bytes([content[start] ^ 1 << draw.randrange(8)]) + content[start + 1 :]
        case "drop":
            return content[:start] + content[end:]
        case "put in":
            return content[:start] + draw.choice(_BYTES) + content[start:]
        case "twice":
            return content[:end] + content[start:]
        case "cut":
            return content[:start]
        case _:
            return content[:start] + draw.randbytes(end - start) + content[end:]


def written(draw: random.Random, reply: Any) -> bytes:
    """Return a reply's JSON, in one of the ways in which it can be written."""
    is_ascii = draw.random() < 0.5
    text = json.dumps(reply, ensure_ascii=is_ascii, indent=draw.choice((None, None, 1)))
    return text.encode("utf-8", "surrogatepass")
