"""A JSON document read value by value through a window, so that a file of any size takes little memory.

The values come from the standard library's own decoder, and an error has the position that it has there:
line and column in the whole document.
"""

import json
from collections.abc import Iterator
from typing import Any, NoReturn, TextIO

from autoeval.errors import UsageError
from autoeval.texts.patterns import lazy_pattern

_DECODE = json.JSONDecoder().raw_decode
_WHITESPACE = lazy_pattern(r"[ \t\n\r]*")
_LONGEST_CUT_TOKEN = (
    16  # a literal or an escape that the window's end cuts is reported at most this far before it
)


class JsonStream:
    """A window that slides over a text with a JSON document in it.

    Args:
        text: where the document comes from.
        name: what error messages call it.
        chunk: characters read at a time; a value that is longer widens the window.
    """

    def __init__(self, text: TextIO, name: str, chunk: int = 1 << 16) -> None:
        self._text = text
        self._name = name
        self._chunk = chunk
        self._window = ""
        self._at = 0
        self._lines_before = 0
        self._columns_before = 0  # characters between the last line break before the window and the window

    def peek(self) -> str:
        """Return the next character that is not white space, or an empty string at the end."""
        while True:
            match = _WHITESPACE.match(self._window, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._window):
                return self._window[self._at]
            if not self._read_on():
                return ""

    def value(self) -> Any:
        """Decode the value that comes next.

        Raises:
            UsageError: there is none.
        """
        self.peek()
        while True:
            try:
                value, end = _DECODE(self._window, self._at)
            except json.JSONDecodeError as error:
                if self._may_be_cut(error) and self._read_on():
                    continue
                self._refuse(error)
            except (RecursionError, ValueError) as error:  # nested too deep; an integer of too many digits
                raise UsageError(f"{self._name}: this JSON cannot be read ({error}).") from None
            if isinstance(value, int | float) and len(self._window) - end < len("e+1") and self._read_on():
                continue  # more of the number may follow
            self._at = end
            return value

    def array_items(self) -> Iterator[Any]:
        """Decode the items of the array that comes next, which has to end the document."""
        self._at += 1
        if self.peek() == "]":
            self._at += 1
        else:
            yield self.value()
            while (character := self.peek()) != "]":
                if character != ",":
                    self._refuse(json.JSONDecodeError("Expecting ',' delimiter", self._window, self._at))
                self._at += 1
                yield self.value()
            self._at += 1
        self.expect_end()

    def expect_end(self) -> None:
        """Refuse whatever follows the document."""
        if self.peek():
            self._refuse(json.JSONDecodeError("Extra data", self._window, self._at))

    def _read_on(self) -> bool:
        remaining = len(self._window) - self._at
        more = self._text.read(max(self._chunk, remaining))  # doubling keeps the tries at a long value few
        if not more:
            return False
        passed = self._window[: self._at]
        if breaks := passed.count("\n"):
            self._lines_before += breaks
            self._columns_before = 0
        self._columns_before += len(passed) - (passed.rfind("\n") + 1)
        self._window = self._window[self._at :] + more
        self._at = 0
        return True

    def _may_be_cut(self, error: json.JSONDecodeError) -> bool:
        near_end = error.pos >= len(self._window) - _LONGEST_CUT_TOKEN
        return near_end or error.msg.startswith("Unterminated string")

    def _refuse(self, error: json.JSONDecodeError) -> NoReturn:
        line = self._lines_before + error.lineno
        column = error.colno + (self._columns_before if error.lineno == 1 else 0)
        raise UsageError(
            f"{self._name}, line {line}, column {column}: not valid JSON ({error.msg}). "
            "The file should hold an array of objects; it may be cut off, or be JSON lines (.jsonl)."
        )
