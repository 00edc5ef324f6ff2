"""Where a benchmark's files lie: in a checkout of its own tools, near the files that a user names, or on the hub."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autoeval.errors import UsageError

_MOST_ABOVE = 4


@dataclass(frozen=True)
class BenchmarkFolder:
    """How a benchmark lays out its files: each lies in one of the folders `below` the one that is looked into."""

    below: tuple[str, ...]

    def find(self, folder: Path, name: str) -> Path | None:
        """Return a file of a folder, whichever of its levels is meant, compressed or not."""
        for below in self.below:
            for ending in ("", ".gz"):
                path = folder / below / f"{name}{ending}"
                if path.is_file():
                    return path
        return None

    def nearest(self, name: str, near: Iterable[Any]) -> Path | None:
        """Return the file in the folders above some files, or above the current one; None where there is none."""
        return next(self._walk(name, near), None)

    def named(self, source: Any, name: str, near: Iterable[Any]) -> Any:
        """Return the source that a user names, or the file that lies nearest; None where the hub's is meant.

        Args:
            source: a file, the folder that holds it, rows, or None.
            name: the file's name in the benchmark's folder.
            near: files that may lie in such a folder.

        Raises:
            UsageError: the folder that is named does not hold it.
        """
        if source is None:
            return self.nearest(name, near)
        path = Path(source) if isinstance(source, str | Path) else None
        if path is None or not path.is_dir():
            return path if path is not None and path.is_file() else source
        found = self.find(path, name)
        if found is None:
            raise UsageError(f"--evaluation_dataset: {path} holds no {name}.")
        return found

    def _walk(self, name: str, near: Iterable[Any]) -> Iterator[Path]:
        for entry in (*near, Path("here")):
            if isinstance(entry, str | Path):
                path = Path(entry).absolute()
                for folder in (path, *list(path.parents)[:_MOST_ABOVE]):
                    if (found := self.find(folder, name)) is not None:
                        yield found
