"""Opening files, compressed or not, and saying what is wrong with one that cannot be read."""

import contextlib
import gzip
import io
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from autoeval.errors import UsageError

_READ_BYTES = 1 << 16
WIDE: Mapping[tuple[bool, ...], str] = {
    (True, False, True, False): "UTF-16LE",
    (False, True, False, True): "UTF-16BE",
    (True, False, False, False): "UTF-32LE",
    (False, False, False, True): "UTF-32BE",
}
"""Encodings by which of the first four bytes is not NUL, where a text begins with two characters of ASCII."""


def open_bytes(path: Path) -> BinaryIO:
    """Open a file for its bytes, unpacked."""
    return cast(BinaryIO, gzip.open(path)) if path.name.lower().endswith(".gz") else path.open("rb")


def open_text(path: Path, newline: str | None = None) -> TextIO:
    """Open a file for its text, which is UTF-8; half a character passes."""
    file = open_bytes(path)
    try:
        _refuse_wide(file, path)
    except BaseException:
        file.close()
        raise
    return io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogatepass", newline=newline)


def _refuse_wide(file: BinaryIO, path: Path) -> None:
    """Refuse a text of two or four bytes a character without a mark that says so: it is UTF-8 as well, with NULs.

    Raises:
        UsageError: naming the encoding.
    """
    start = file.peek(4)[:4]  # type: ignore[attr-defined]
    encoding = WIDE.get(tuple(byte != 0 for byte in start))
    if encoding is not None:
        raise UsageError(
            f"{path}: this text is {encoding}, without a byte-order mark. Save the file as UTF-8, for example with: "
            f"iconv -f {encoding} -t UTF-8."
        )


@contextlib.contextmanager
def explaining_what_is_wrong_with(path: Path) -> Iterator[None]:
    """Make what goes wrong while a file is read an error that says what to do."""
    try:
        yield
    except UnicodeDecodeError:
        raise UsageError(_about_encoding(path)) from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UsageError(
            f"{path}: not a complete gzip file ({error}). Copy it again, or take .gz from its name "
            "if it is not compressed."
        ) from None
    except OSError as error:
        raise UsageError(f"{path}: the file cannot be read ({error.strerror or error}).") from None


def _about_encoding(path: Path) -> str:
    """Say where a file stops being UTF-8, by reading it again, and what it probably is instead."""
    with open_bytes(path) as file:
        start = file.read(4)
    if start[:2] == b"\x1f\x8b":
        return f"{path}: the file is gzip-compressed. Rename it to end in {path.suffix}.gz."
    if start[:4] == b"PAR1":
        return f"{path}: this is a Parquet file. Rename it to end in .parquet."
    offset, byte = _first_undecodable_byte(path)
    guess = "UTF-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "WINDOWS-1252"
    return (
        f"{path}: the byte {byte:#04x} at offset {offset} is not UTF-8. Save the file as UTF-8, "
        f"for example with: iconv -f {guess} -t UTF-8 (if it is {guess}, which is a guess)."
    )


def _first_undecodable_byte(path: Path) -> tuple[int, int]:
    offset, pending = 0, b""
    with open_bytes(path) as file:
        while chunk := file.read(_READ_BYTES):
            pending += chunk
            try:
                pending.decode("utf-8", "surrogatepass")
            except UnicodeDecodeError as error:
                if error.start < len(pending) - 3:  # otherwise it may be a character cut in two
                    return offset + error.start, pending[error.start]
                offset, pending = offset + error.start, pending[error.start :]
            else:
                offset, pending = offset + len(pending), b""
    return offset, pending[0]
