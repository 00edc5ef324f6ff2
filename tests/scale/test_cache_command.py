"""Looking after caches: what is counted, put together, handed on and found damaged."""

import gzip
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from autoeval.completions.cache import Cache, CacheError, RecordedVerdict
from autoeval.completions.storage.entries import Entry
from autoeval.completions.storage.filesystems import is_shared_type, type_of
from autoeval.errors import UsageError
from autoeval.journeys.cache import cache as look_after
from autoeval.types import Completion, TokenLogprobs
from tests.cli.running import CommandLine

FULL = Completion(
    text="a \ud800 é",
    finish_reason="stop",
    logprobs=(TokenLogprobs("a", -0.1, (("a", -0.1), ("b", float("-inf")))),),
    model="m",
    input_tokens=3,
    output_tokens=1,
    adapted=("temperature left out",),
)


def key(number: int) -> bytes:
    return number.to_bytes(32, "big")


def _filled(path: Path, entries: dict[int, Entry]) -> Path:
    with Cache(path) as cache:
        cache.put_many((key(number), entry) for number, entry in entries.items())
    return path


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A folder of two caches that share one request."""
    _filled(tmp_path / "caches" / "a.sqlite", {1: FULL, 2: Completion("first")})
    _filled(
        tmp_path / "caches" / "b.sqlite", {2: Completion("second"), 3: RecordedVerdict((1.5, None), 0.25)}
    )
    return tmp_path / "caches"


def test_several_caches_are_counted(two: Path, command: CommandLine) -> None:
    done = command("cache", "info", two)
    assert done.code == 0
    assert "2 caches: 4 replies" in done.out
    assert "1 of them verdicts only" in " ".join(done.out.split())


def test_what_is_merged_is_what_is_read_from_all_of_them(two: Path, tmp_path: Path) -> None:
    into = _filled(tmp_path / "all.sqlite", {4: Completion("own")})
    assert "4 replies now" in str(look_after("merge", two, into=into))
    assert "0 of them new" in str(look_after("merge", two, into=into))
    keys = [key(number) for number in range(6)]
    files = sorted(two.glob("*.sqlite"))
    with Cache(into) as merged, Cache(tmp_path / "own.sqlite", files) as union:
        found = merged.get_many(keys)
        assert union.get_many(keys) == {name: found[name] for name in found if name != key(4)}
        assert union.known(keys) == set(found) - {key(4)}
        assert found[key(2)] == Completion("first")


def test_a_cache_is_merged_into_one_of_its_own_folder(two: Path) -> None:
    assert "a.sqlite has 3 replies now" in "".join(
        str(look_after("merge", two, into=two / "a.sqlite")).split("\n")
    )


def test_jobs_that_are_paid_for_are_merged_too(tmp_path: Path) -> None:
    from autoeval.completions.batch.jobs import Jobs
    from autoeval.types import Endpoint

    with Cache(tmp_path / "a.sqlite") as cache:
        job, _ = Jobs(cache).begin(Endpoint("openai"), "m", [key(1)])
        Jobs(cache).submitted(job, "batch-1")
    look_after("merge", tmp_path / "a.sqlite", into=tmp_path / "b.sqlite")
    with Cache(tmp_path / "b.sqlite") as cache:
        assert cache.in_batches([key(1)]) == {key(1)}
        assert [job.id for job in Jobs(cache).all()] == ["batch-1"]
    with Cache(tmp_path / "c.sqlite", [tmp_path / "b.sqlite"]) as union:
        assert union.in_batches([key(1)]) == {key(1)}


@pytest.mark.parametrize("ending", [".parquet", ".jsonl", ".jsonl.gz"])
def test_a_table_has_each_reply_once(ending: str, two: Path, tmp_path: Path) -> None:
    path = tmp_path / f"replies{ending}"
    assert "3 replies" in str(look_after("export", two, into=path))
    rows = _rows(path)
    assert [row["key"] for row in rows] == [key(number).hex() for number in (1, 2, 3)]
    assert [row["text"] for row in rows] == ["a ? é", "first", None]
    assert (
        json.loads(rows[0]["logprobs"])[0]["top"][1] == ["b", "-Infinity"] or "Inf" not in rows[0]["logprobs"]
    )
    assert json.loads(rows[2]["preferences"]) == [1.5, None]
    assert (rows[0]["input_tokens"], rows[2]["price"]) == (3, 0.25)


def _rows(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
        return rows
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in text.splitlines()]


def test_what_is_damaged_is_found_and_said(two: Path, command: CommandLine) -> None:
    assert command("cache", "verify", two).code == 0
    with closing(sqlite3.connect(two / "b.sqlite", isolation_level=None)) as connection:
        connection.execute("UPDATE replies SET value = '{' WHERE kind = 'verdict'")
        connection.execute("INSERT INTO replies VALUES (x'00', 'completion', '{}', 0)")
    done = command("cache", "verify", two)
    assert done.code == 1
    assert "damaged" in done.out
    assert "has 1 bytes" in done.out
    assert "cannot be read" in done.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("merge", "x.sqlite"), "--into"),
        (("info", "x.sqlite", "--into", "y"), "--into"),
        (("info", "gone.sqlite"), "there is no gone.sqlite"),
        (("merg", "x.sqlite", "--into", "y"), "merge"),
        (("export", "x.sqlite", "--into", "y.csv"), ".parquet"),
        (("info", "."), "there is no cache"),
    ],
)
def test_what_cannot_be_done_is_said(arguments: tuple[str, ...], says: str, command: CommandLine) -> None:
    _filled(command.folder / "x.sqlite", {1: FULL})
    (command.folder / "x.sqlite").rename(command.folder / "x.sqlite3" if arguments[1] == "." else "x.sqlite")
    done = command("cache", *arguments)
    assert done.code == 2
    assert says in " ".join(done.err.split())


def test_a_file_that_cannot_be_written_beside_is_read(tmp_path: Path) -> None:
    """As on a disk that is only read: SQLite's log cannot be made there."""
    path = _filled(tmp_path / "locked" / "a.sqlite", {1: FULL})
    path.parent.chmod(0o500)
    try:
        with Cache(None, [path]) as cache:
            assert cache.get_many([key(1)]) == {key(1): FULL}
    finally:
        path.parent.chmod(0o700)


def test_a_cache_of_an_older_version_is_read_as_it_is(tmp_path: Path) -> None:
    from autoeval.completions.storage.sqlite_schema import APPLICATION_ID, MIGRATIONS

    path = tmp_path / "old.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            f"{MIGRATIONS[0]}; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1"
        )
        connection.execute("INSERT INTO replies VALUES (?, 'completion', '{\"text\": \"a\"}', 0)", (key(1),))
        connection.commit()
    before = path.read_bytes()
    with Cache(None, [path]) as cache:
        assert cache.get_many([key(1)]) == {key(1): Completion("a")}
        assert cache.in_batches([key(1)]) == set()
    assert path.read_bytes() == before


MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/export /mnt/my\\040data nfs4 rw 0 0
lustre@tcp:/scratch /scratch lustre rw 0 0
tmpfs /scratch/fast tmpfs rw 0 0
sshfs#host: /home/me/far fuse.sshfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind", "is_shared"),
    [
        ("/var/cache/a.sqlite", "ext4", False),
        ("/mnt/my data/caches/a.sqlite", "nfs4", True),
        ("/scratch/a.sqlite", "lustre", True),
        ("/scratch/fast/a.sqlite", "tmpfs", False),
        ("/scratchy/a.sqlite", "ext4", False),
        ("/home/me/far/a.sqlite", "fuse.sshfs", True),
    ],
)
def test_filesystems_of_several_machines_are_known(path: str, kind: str, is_shared: bool) -> None:
    assert type_of(Path(path), MOUNTS) == kind
    assert is_shared_type(kind) is is_shared


def test_where_several_machines_write_no_log_in_shared_memory_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from autoeval.completions.storage import filesystems

    path = _filled(tmp_path / "a.sqlite", {1: FULL})
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    monkeypatch.setattr(filesystems, "is_shared", lambda _: True)
    with Cache(path) as cache, Cache(path) as another:
        assert cache.query("PRAGMA journal_mode") == [("delete",)]
        cache.put(key(2), FULL)
        another.put(key(3), FULL)
        assert len(cache.known([key(number) for number in range(5)])) == 3
    assert {file.name for file in tmp_path.iterdir()} == {"a.sqlite"}


def test_a_shard_with_nowhere_to_keep_replies_is_refused() -> None:
    from autoeval.completions.storage.places import Shard
    from autoeval.runs.opening import open_cache

    with pytest.raises(UsageError, match="--shard"):
        open_cache(None, Shard(1, 2))


_WRONG: dict[str, tuple[Any, ...]] = {
    "text": (None, 3, ["a"], {}),
    "finish_reason": ([None], 1),
    "model": ([None], 5, {}),
    "input_tokens": ("x", True),
    "output_tokens": ("\ud800", []),
    "seconds": ("x", None, float("inf")),
    "logprobs": (
        "x",
        [1],
        [{"token": 1, "logprob": 0, "top": []}],
        [{"token": "a", "logprob": 0, "top": [[1, 0]]}],
    ),
    "adapted": ("x", [1]),
    "has_reasoning": ("yes",),
    "of_another_version": (1,),
}
_NO_ENTRIES = ("", "{", "[]", "null", "-1", '"x"', "{}")


def test_replies_that_are_none_are_named_found_and_left_out(tmp_path: Path) -> None:
    """What somebody changed in the file, or a newer version wrote, is never taken for a reply."""
    whole = _filled(tmp_path / "whole.sqlite", {1: FULL, 2: Completion("b")})
    with closing(sqlite3.connect(whole)) as connection:
        (value,) = connection.execute("SELECT value FROM replies WHERE key = ?", (key(1),)).fetchone()
    spoilt = [json.dumps({**json.loads(value), name: one}) for name, each in _WRONG.items() for one in each]
    for text in (*spoilt, *_NO_ENTRIES):
        path = tmp_path / "spoilt.sqlite"
        path.write_bytes(whole.read_bytes())
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("UPDATE replies SET value = ? WHERE key = ?", (text, key(1)))
        with Cache(path) as cache, pytest.raises(CacheError, match=r"spoilt.sqlite.*0000000000000000…:"):
            cache.get_many([key(1), key(2)])
        with pytest.raises(CacheError, match=r"spoilt.sqlite"):
            look_after("export", path, into=tmp_path / "out.jsonl")
        assert look_after("verify", path).exit_code == 1, text
        into = tmp_path / "merged.sqlite"
        into.unlink(missing_ok=True)
        assert "1 left out that cannot be read" in str(look_after("merge", path, into=into))
        with Cache(into) as cache:
            assert cache.get_many([key(1), key(2)]) == {key(2): Completion("b")}


@pytest.mark.parametrize("created", ["x", 1e300, -5.0, float("inf")])
def test_a_time_that_is_none_is_found(created: object, tmp_path: Path) -> None:
    path = _filled(tmp_path / "c.sqlite", {1: FULL})
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE replies SET created = ?", (created,))
    assert "1 replies, " in str(look_after("info", path))
    assert look_after("verify", path).exit_code == 1


@pytest.mark.parametrize("action", ["info", "verify", "export", "merge"])
def test_an_empty_file_is_no_cache(action: str, tmp_path: Path) -> None:
    empty = tmp_path / "empty.sqlite"
    empty.touch()
    into = {"export": tmp_path / "out.jsonl", "merge": tmp_path / "all.sqlite"}.get(action)
    with pytest.raises(UsageError, match=r"empty.sqlite cannot be read: there is nothing in it"):
        look_after(action, empty, into=into)
    assert list(tmp_path.iterdir()) == [empty]
