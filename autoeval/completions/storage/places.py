"""Where a `caching_path` says that replies are: one file, several, a folder of files, or a server."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autoeval.errors import UsageError

SUFFIX = ".sqlite"
OWN_NAME = f"replies{SUFFIX}"
_SERVERS = ("postgresql://", "postgres://")
_SUFFIXES = frozenset({SUFFIX, ".sqlite3", ".db"})
AUTO = "auto"

CachingPath = str | Path | Sequence[str | Path] | None
"""What a `caching_path` parameter takes."""


@dataclass(frozen=True, slots=True)
class Shard:
    """The `number`-th (from 1) of `count` parts of all requests, cut by their keys.

    `is_cut`: what it is asked about is this part alone, because it was cut before there were requests.
    """

    number: int
    count: int
    is_cut: bool = False

    @classmethod
    def parse(cls, text: Any) -> "Shard | None":
        """Read `i/N`; None is no shard, and one that is read already is taken as it is.

        Raises:
            UsageError: it is anything else.
        """
        if text is None or isinstance(text, Shard):
            return text
        number, _, count = str(text).partition("/")
        if not (number.strip().isdecimal() and count.strip().isdecimal()) or not (
            1 <= int(number) <= int(count)
        ):
            raise UsageError(f"--shard: {text!r} is no part of a whole. Write the second of eight as 2/8.")
        return cls(int(number), int(count))

    def has(self, key: bytes) -> bool:
        """Whether a request is this part's."""
        return self.is_cut or int.from_bytes(key[:8], "big") % self.count == self.number - 1

    def has_text(self, text: str) -> bool:
        """Whether all that is asked about a text is this part's."""
        return self.has(hashlib.sha256(text.encode()).digest())

    def whole(self) -> "Shard":
        """Return this part where only it is there any more."""
        return replace(self, is_cut=True)

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where new replies go (`own`; None: a temporary file), and the files that are only read beside it."""

    own: Path | str | None
    others: tuple[Path, ...] = ()


def is_server(caching_path: object) -> bool:
    """Whether a `caching_path` is the address of a database server."""
    return isinstance(caching_path, str) and caching_path.startswith(_SERVERS)


def find_place(caching_path: CachingPath, default: Path, shard: Shard | None = None) -> Place:
    """Return where replies are read and written.

    Args:
        caching_path: a file, several (a list, or with commas; the first is written, the others are read), a folder
            (all its files are read), the address of a server, `auto` or None for a temporary file.
        default: the file that `auto` means.
        shard: whose replies are written. In a folder it has a file of its own.

    Raises:
        UsageError: a file that is only read is not there, or a shard would lose or mix its replies.
    """
    if caching_path is None:
        if shard is not None:
            raise UsageError("--shard: --caching_path None would lose the replies. Name a folder.")
        return Place(None)
    if is_server(caching_path):
        return Place(str(caching_path))
    paths = _several(caching_path)
    if len(paths) > 1:
        return _of_files([Path(path) for path in paths])
    (path,) = paths
    if path == AUTO:
        return Place(default) if shard is None else _of_folder(default.parent / "shards", shard)
    if _is_folder(path, shard):
        return _of_folder(Path(path), shard)
    return Place(Path(path))


def files_of(caching_path: CachingPath, default: Path) -> list[Path]:
    """Return the files that a `caching_path` names, all of which are there.

    Raises:
        UsageError: one is not there, or it is no file.
    """
    if caching_path is None or is_server(caching_path):
        return []
    found: list[Path] = []
    for path in _several(caching_path):
        if path == AUTO:
            found.append(default)
        elif Path(path).is_dir():
            found += _in_folder(Path(path))
        else:
            found.append(Path(path))
    for file in found:
        if not file.is_file():
            raise UsageError(f"--caching_path: there is no {file}.")
    if not found:
        raise UsageError(f"--caching_path: there is no cache (*{SUFFIX}) in {caching_path}.")
    return list(dict.fromkeys(found))


def _several(caching_path: CachingPath) -> list[str]:
    if isinstance(caching_path, Sequence) and not isinstance(caching_path, str):
        return [str(path) for path in caching_path]
    text = str(caching_path)
    if isinstance(caching_path, str) and "," in text and not Path(text).exists():
        return [part for part in (part.strip() for part in text.split(",")) if part]
    return [text]


def _is_folder(path: str, shard: Shard | None) -> bool:
    is_named_so = path.endswith("/") or (shard is not None and Path(path).suffix not in _SUFFIXES)
    return Path(path).is_dir() or (is_named_so and not Path(path).is_file())


def _of_folder(folder: Path, shard: Shard | None) -> Place:
    name = OWN_NAME if shard is None else f"shard-{shard.number}-of-{shard.count}{SUFFIX}"
    return Place(folder / name, tuple(_in_folder(folder, leaves_out=name)))


def _of_files(paths: Sequence[Path]) -> Place:
    own, *others = paths
    found: list[Path] = []
    for path in others:
        found += _in_folder(path) if path.is_dir() else [path]
    for path in found:
        if not path.is_file():
            raise UsageError(f"--caching_path: there is no {path}; of several files, only the first is made.")
    if own.is_dir():
        place = _of_folder(own, None)
        return Place(place.own, tuple(dict.fromkeys((*place.others, *found))))
    return Place(own, tuple(dict.fromkeys(path for path in found if path != own)))


def _in_folder(folder: Path, leaves_out: str = "") -> list[Path]:
    """Return the caches of a folder; a shard that has only begun has none yet."""
    from autoeval.completions.storage.reader import is_blank

    found = sorted(path for path in folder.glob(f"*{SUFFIX}") if path.is_file() and path.name != leaves_out)
    return [path for path in found if not is_blank(path)]
