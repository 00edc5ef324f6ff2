"""Files that are there only when they are whole."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from typing import IO, cast

from autoeval.errors import UsageError, not_written

_LONGEST_NAME = 255
"""In bytes, on every file system that people keep files on."""


@contextmanager
def replacing(path: Path) -> Iterator[TextIOWrapper]:
    """Open a temporary file that takes the place of `path` when the context ends well, and vanishes otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", text=True)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            yield file
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


@contextmanager
def result_file(path: Path, named: str = "--output_path: ") -> Iterator[TextIOWrapper]:
    """Open a file of results as `replacing` does.

    Args:
        path: the file.
        named: what stands before its path where it cannot be written: the flag that says where, or what it is.

    Raises:
        AutoevalError: it cannot be written.
    """
    try:
        with replacing(path) as file:
            yield file
    except OSError as error:
        raise not_written(f"{named}{path}", error) from None


@contextmanager
def result_bytes(path: Path, named: str = "--output_path: ") -> Iterator[IO[bytes]]:
    """Open a file of results that is no text as `result_file` does.

    Raises:
        AutoevalError: it cannot be written.
    """
    with result_file(path, named) as file:
        yield cast("IO[bytes]", file.buffer)


def refuse_unwritable(path: Path, named: str = "--output_path: ") -> None:
    """Refuse a file that could not be written for its place, before anything is spent on what would be in it.

    Args:
        path: the file; neither it nor its folder need exist.
        named: as of `result_file`.

    Raises:
        UsageError: saying why.
    """
    try:
        why = _why_unwritable(path)
    except OSError as error:  # a folder that nobody may look into
        raise not_written(f"{named}{path}", error) from None
    if why:
        raise UsageError(f"{named}{path} cannot be written: {why}.")


def _why_unwritable(path: Path) -> str | None:
    if any(len(os.fsencode(name)) > _LONGEST_NAME for name in path.parts):
        return f"a name is longer than {_LONGEST_NAME} bytes"
    above = next(folder for folder in path.absolute().parents if folder.exists())
    if path.is_dir():
        return "it is a folder"
    if not above.is_dir():
        return f"{above} is no folder"
    if not os.access(above, os.W_OK | os.X_OK):
        return f"nothing can be written in the folder {above}"
    return None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
