"""What people said, kept at every key: a line a key is appended and on the disk before the key counts."""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from autoeval.errors import UsageError, not_written
from autoeval.texts.patterns import lazy_pattern

SKIPPED = "skip"
_NAME = lazy_pattern(r"[a-z0-9](?:[a-z0-9_.-]{0,38}[a-z0-9])?")
_SUFFIX = ".jsonl"


class Journal:
    """The answers of the people who label one run, a file each in the folder `labels` of the run."""

    def __init__(self, run_folder: Path) -> None:
        self.folder = run_folder / "labels"

    def people(self) -> list[str]:
        """Return who has labelled."""
        return sorted(path.stem for path in self.folder.glob(f"*{_SUFFIX}") if _NAME.fullmatch(path.stem))

    def answers(self, person: str) -> dict[str, str]:
        """Return a person's answers by the pair's id, the latest last."""
        answers: dict[str, str] = {}
        for line in self._lines(person):
            answers.pop(line["id"], None)
            if line["better"] is not None:
                answers[line["id"]] = line["better"]
        return answers

    def add(self, person: str, identity: str, better: str | None) -> None:
        """Keep an answer; None takes the one before back.

        When this returns, the answer is on the disk.

        Raises:
            UsageError: the person's name is none, or the answer cannot be written.
        """
        line = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "id": identity, "better": better}
        try:
            self.folder.mkdir(exist_ok=True)
            handle = os.open(self._path(person), os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
            try:
                # after a line that a killed server left half written, a new one begins; empty lines are no answers
                with os.fdopen(
                    handle, "ab", closefd=False
                ) as file:  # writes the whole of it, or says why not
                    file.write(f"\n{json.dumps(line)}\n".encode())
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise not_written(f"the answer in {self.folder}", error) from None

    def sheet_path(self, person: str) -> Path:
        """Return where a person's sheet lies, which `label` reads."""
        return self._path(person).with_suffix(".csv")

    def _path(self, person: str) -> Path:
        return self.folder / f"{check_name(person)}{_SUFFIX}"

    def _lines(self, person: str) -> Iterator[dict[str, Any]]:
        with suppress(FileNotFoundError):
            for text in self._path(person).read_text(encoding="utf-8", errors="replace").split("\n"):
                with suppress(ValueError, RecursionError):
                    line = json.loads(text)
                    if isinstance(line, dict) and isinstance(line.get("id"), str) and _is_answer(line):
                        yield line


def _is_answer(line: dict[str, Any]) -> bool:
    return "better" in line and isinstance(line["better"], str | None)


def check_name(person: str) -> str:
    """Return a person's name as it names their files.

    Raises:
        UsageError: it is no name: letters, digits, and . _ - between them, 40 at most.
    """
    name = person.strip().lower()
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{person!r} will not do as a name for labels: use letters from a to z, digits, and . _ - between them "
            "(40 at most)."
        )
    return name
