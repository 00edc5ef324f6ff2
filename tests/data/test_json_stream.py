"""Read through a window of any size, a document gives what the standard library gives for the whole of it."""

import io
import json
import re
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autoeval.data.json_stream import JsonStream
from autoeval.errors import UsageError

TEXT = st.text(st.characters(codec=None), max_size=30)  # lone surrogates included
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(TEXT, children, max_size=3),
    max_leaves=8,
)
ARRAYS = st.lists(VALUES, max_size=6)
INDENTS = st.sampled_from([None, 0, 2, "\t"])


def items(document: str, chunk: int) -> list[Any]:
    stream = JsonStream(io.StringIO(document, newline=""), "x.json", chunk)
    assert stream.peek() == "["
    return list(stream.array_items())


@given(ARRAYS, INDENTS, st.booleans(), st.integers(1, 40))
def test_arrays_come_back_whatever_the_window(
    array: list[Any], indent: Any, ascii_only: bool, chunk: int
) -> None:
    document = json.dumps(array, indent=indent, ensure_ascii=ascii_only)
    # Lone surrogates that stand side by side in the escaped text are one character to every JSON reader.
    assert items(f" \n{document}\n", chunk) == json.loads(document)


@given(ARRAYS, INDENTS, st.integers(1, 40), st.data())
def test_damage_is_refused_at_the_position_that_the_standard_library_gives(
    array: list[Any], indent: Any, chunk: int, data: st.DataObject
) -> None:
    document = json.dumps([*array, {"a": 1}], indent=indent)
    at = data.draw(st.integers(1, len(document) - 1))
    damaged = document[:at] + data.draw(st.sampled_from(["", "@", '"', "}", "]", ",", "\\"]))
    try:
        expected = json.loads(damaged)
    except json.JSONDecodeError as error:
        assume("trailing comma" not in error.msg)  # reported at the comma since Python 3.13, after it before
        with pytest.raises(
            UsageError, match=re.escape(f"x.json, line {error.lineno}, column {error.colno}:")
        ):
            items(damaged, chunk)
    else:
        assert items(damaged, chunk) == expected


def test_a_value_much_longer_than_the_window_is_read_in_few_tries() -> None:
    class Counting(io.StringIO):
        reads = 0

        def read(self, size: int | None = -1) -> str:
            self.reads += 1
            return super().read(size)

    text = Counting(json.dumps([{"output": "x" * 1_000_000}]))
    stream = JsonStream(text, "x.json", chunk=16)
    stream.peek()
    assert len(next(stream.array_items())["output"]) == 1_000_000
    assert text.reads < 30
