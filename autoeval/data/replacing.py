"""Files that are there only when they are whole."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from autoeval.errors import not_written


@contextmanager
def replacing(path: Path) -> Iterator[IO[str]]:
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
def result_file(path: Path) -> Iterator[IO[str]]:
    """Open a file of the folder of results as `replacing` does.

    Raises:
        AutoevalError: it cannot be written.
    """
    try:
        with replacing(path) as file:
            yield file
    except OSError as error:
        raise not_written(f"--output_path: {path}", error) from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
