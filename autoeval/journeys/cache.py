"""Looking after the caches of replies: counting, putting together, checking, handing on."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from autoeval.checks import check_choice
from autoeval.completions.cache import Cache, default_path
from autoeval.completions.storage import upkeep
from autoeval.completions.storage.database import Source
from autoeval.completions.storage.places import CachingPath, files_of, is_server
from autoeval.completions.storage.reader import ReadOnlyFile
from autoeval.errors import UsageError

ACTIONS = ("info", "merge", "export", "verify")
_MOST_FAULTS_SHOWN = 5


@dataclass(frozen=True)
class CacheReport:
    """What looking after caches came to, a line a cache; `exit_code` is 1 where one is not whole."""

    lines: tuple[str, ...]
    exit_code: int = 0

    def __str__(self) -> str:
        """Return the lines."""
        return "\n".join(self.lines)


def cache(
    action: str = "info", caching_path: CachingPath = "auto", *, into: str | Path | None = None
) -> CacheReport:
    """Look after caches of replies: files, all files of a folder, or a server's.

    Args:
        action: info counts what is in them; merge puts them together, into another one; export writes their replies
            to a table; verify reads them from end to end and says what is wrong.
        caching_path: A cache, several, or a folder of them. `auto`: the one in the user's cache folder.
        into: With merge, the cache that gets everything; what it has already stays. With export, the table: a name
            that ends in .parquet, .jsonl or .jsonl.gz.

    Returns:
        What was found or done.

    Raises:
        UsageError: a cache is not there or is none, or into is missing.
        CacheError: a cache cannot be read or written.
    """
    check_choice("action", action, ACTIONS)
    if (into is None) == (action in ("merge", "export")):
        raise UsageError(f"--into: {'name where it goes' if into is None else f'{action} writes nothing'}.")
    if action == "info":
        return _info(caching_path)
    if action == "verify":
        return _verify(caching_path)
    assert into is not None
    return _merge(caching_path, into) if action == "merge" else _export(caching_path, Path(into))


@contextmanager
def _sources(caching_path: CachingPath, without: Path | None = None) -> Iterator[list[Source]]:
    """Open caches to read them."""
    with ExitStack() as opened:
        if is_server(caching_path):
            yield [opened.enter_context(Cache(str(caching_path))).database]
            return
        files = [path for path in files_of(caching_path, default_path()) if not _is_same(path, without)]
        sources: list[Source] = []
        for path in files:
            sources.append(source := ReadOnlyFile(path))
            opened.callback(source.close)
        yield sources


def _is_same(path: Path, other: Path | None) -> bool:
    return other is not None and other.exists() and path.samefile(other)


def _info(caching_path: CachingPath) -> CacheReport:
    with _sources(caching_path) as sources:
        found = [
            upkeep.info_of(source, source.path if isinstance(source, ReadOnlyFile) else None)
            for source in sources
        ]
    lines = [_told(info) for info in found]
    if len(found) > 1:
        lines.append(f"{len(found)} caches: {sum(info.n_replies for info in found):,} replies")
    return CacheReport(tuple(lines))


def _told(info: upkeep.FileInfo) -> str:
    parts = [f"{info.name}: {info.n_replies:,} replies"]
    if info.n_verdicts:
        parts.append(f"{info.n_verdicts:,} of them verdicts only")
    if info.n_waiting:
        parts.append(f"{info.n_waiting:,} requests wait in batch jobs")
    if (
        info.first is not None
        and info.last is not None
        and all(map(upkeep.is_moment, (info.first, info.last)))
    ):
        parts.append(f"from {_moment(info.first)} to {_moment(info.last)} UTC")
    if info.n_bytes is not None:
        parts.append(f"{info.n_bytes / 1e6:.1f} MB")
    return ", ".join(parts)


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"


def _merge(caching_path: CachingPath, into: str | Path) -> CacheReport:
    target = into if is_server(into) else Path(into)
    with _sources(caching_path, without=target if isinstance(target, Path) else None) as sources:
        if not sources:
            raise UsageError("--caching_path: there is nothing to merge but the cache that it would go into.")
        with Cache(target) as merged:  # only now: what cannot be merged leaves no empty file
            done = [upkeep.merge(source, merged) for source in sources]
            total = upkeep.info_of(merged.database)
    lines = [
        f"{one.name}: {one.n_replies:,} replies, {one.n_new:,} of them new"
        + (f", {one.n_unread:,} left out that cannot be read" if one.n_unread else "")
        for one in done
    ]
    return CacheReport((*lines, f"{total.name} has {total.n_replies:,} replies now"))


def _export(caching_path: CachingPath, into: Path) -> CacheReport:
    from autoeval.completions.storage.exporting import export

    with _sources(caching_path) as sources:
        n_rows = export(_each_once(sources), into)
    return CacheReport((f"{into}: {n_rows:,} replies",))


def _each_once(sources: list[Source]) -> Iterator[upkeep.Row]:
    """Walk through all replies in the order of their keys; of several to one request the first cache's counts."""
    from heapq import merge as merged

    last: bytes | None = None
    numbered = [
        ((row.key, place, row) for row in upkeep.rows_of(source)) for place, source in enumerate(sources)
    ]
    for key, _, row in merged(*numbered, key=lambda one: one[:2]):
        if key != last:
            yield row
        last = key


def _verify(caching_path: CachingPath) -> CacheReport:
    if is_server(caching_path):
        raise UsageError("cache verify is for files: a server looks after what it keeps.")
    lines: list[str] = []
    is_whole = True
    for path in files_of(caching_path, default_path()):
        found = upkeep.verify(path)
        is_whole = is_whole and not found.faults
        lines.append(f"{found.name}: {found.n_replies:,} replies, {'damaged' if found.faults else 'whole'}")
        lines += [f"  {fault}" for fault in found.faults[:_MOST_FAULTS_SHOWN]]
        if len(found.faults) > _MOST_FAULTS_SHOWN:
            lines.append(f"  and {len(found.faults) - _MOST_FAULTS_SHOWN:,} more")
    return CacheReport(tuple(lines), 0 if is_whole else 1)
