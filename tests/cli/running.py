"""The command line in this process, and a small eval set to give it."""

import json
import logging
import signal
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from autoeval.cli import main

USER_CACHE = "cache"
"""The folder of these tests in which the user's cache is."""
SQLITES_OWN = ("-wal", "-shm")
"""The ends of files that come and go while SQLite reads."""


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class CommandLine:
    """Runs commands in a folder of their own; COLUMNS is 80 and no key but a test key is set."""

    folder: Path
    capture: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch

    def __call__(self, *arguments: Any) -> Outcome:
        """Run a command and return its exit code and output."""
        self.patch.setattr(sys, "argv", ["alpaca_eval", *map(str, arguments)])
        self.patch.setattr(sys, "unraisablehook", sys.unraisablehook)
        self.capture.readouterr()
        handler = signal.getsignal(signal.SIGINT)
        try:
            with warnings.catch_warnings(), pytest.raises(SystemExit) as exit_:
                main()
        finally:
            signal.signal(signal.SIGINT, handler)
            logging.disable(logging.NOTSET)
        told = self.capture.readouterr()
        code = exit_.value.code or 0
        assert isinstance(code, int)
        return Outcome(code, told.out, told.err)

    def files(self) -> dict[str, bytes | None]:
        """Return files with their content and folders with None; what the cache of the user has is left out."""
        paths = (path.relative_to(self.folder) for path in sorted(self.folder.rglob("*")))
        return {
            str(path): (self.folder / path).read_bytes() if (self.folder / path).is_file() else None
            for path in paths
            if path.parts[0] != USER_CACHE and not path.name.endswith(SQLITES_OWN)
        }

    def write(self, name: str, content: bytes | str | Sequence[Any]) -> Path:
        """Write a file; rows are written as JSON."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes | str):
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        else:
            path.write_text(json.dumps(content))
        return path


def rows(n: int = 4, who: str = "model", **fields: Any) -> list[dict[str, Any]]:
    """Return n outputs; the fields replace those of the second row."""
    made = [
        {
            "instruction": f"Do thing {number}.",
            "output": f"answer of the {who}, number {number}",
            "generator": who,
            "dataset": "even" if number % 2 == 0 else "odd",
        }
        for number in range(n)
    ]
    return [{**row, **(fields if place == 1 else {})} for place, row in enumerate(made)]
