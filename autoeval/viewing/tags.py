"""Words that people put on runs, kept in the folder that is shown."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from autoeval.data.replacing import replacing
from autoeval.errors import UsageError, not_written

TAGS_NAME = "tags.json"
_MOST_TAGS, _LONGEST_TAG = 20, 40


class Tags:
    """The tags of the runs below a folder, by the runs' folders."""

    def __init__(self, root: Path) -> None:
        self._path = root / TAGS_NAME

    def all(self) -> Mapping[str, Sequence[str]]:
        """Return the tags of every run that has some; none where the file is of something else."""
        return self._read() or {}

    def _read(self) -> Mapping[str, Sequence[str]] | None:
        """Return what the file says; None where it is damaged, or of something else."""
        try:
            kept: Any = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError):
            return None
        if not isinstance(kept, Mapping):
            return None
        return {run: [str(tag) for tag in tags] for run, tags in kept.items() if isinstance(tags, list)}

    def set(self, run: str, tags: Sequence[str]) -> Sequence[str]:
        """Give a run its tags, in place of those that it had.

        Returns:
            Them, without blanks and repetitions.

        Raises:
            UsageError: there are too many, one is too long, or the file is of something else or cannot be written.
        """
        from filelock import FileLock

        cleaned = list(dict.fromkeys(" ".join(tag.split()) for tag in tags if tag.strip()))
        if len(cleaned) > _MOST_TAGS or any(len(tag) > _LONGEST_TAG for tag in cleaned):
            raise UsageError(f"a run has at most {_MOST_TAGS} tags of {_LONGEST_TAG} characters.")
        try:
            with FileLock(self._path.with_name(f".{TAGS_NAME}.lock")):
                before = self._read()
                if before is None:
                    raise UsageError(
                        f"{self._path} holds no tags, or is damaged, and is left as it is. Mend it, or move it away, "
                        "to tag runs here."
                    )
                kept = {**before, run: cleaned}
                with replacing(self._path) as file:
                    json.dump({name: each for name, each in sorted(kept.items()) if each}, file, indent=2)
                    file.write("\n")
        except OSError as error:
            raise not_written(str(self._path), error) from None
        return cleaned
