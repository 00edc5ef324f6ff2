"""What users rely on of the cache: nothing paid for is lost, and no file is mistaken for one."""

import json
import math
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from autoeval.completions.cache import Cache, CacheError, Entry, RecordedVerdict
from autoeval.errors import UsageError
from autoeval.types import Completion, TokenLogprobs

FULL = Completion(
    text="a > b \ud800 \x00 é",
    finish_reason="stop",
    tool_arguments='{"better": "a"}',
    refusal="no",
    logprobs=(TokenLogprobs("a", -0.1, (("a", -0.1), ("b", -2.4))), TokenLogprobs("!", -1.0)),
    model="gpt-4.1-2025-04-14",
    input_tokens=12,
    output_tokens=3,
    seconds=0.5,
    reasoning_tokens=2,
    processing="batch",
    adapted=("without temperature",),
    has_reasoning=True,
)
LONG = Completion('plain "text"\n\x00', input_tokens=2**70, seconds=1e-9)


def key(number: int) -> bytes:
    return number.to_bytes(32, "big")


@pytest.mark.parametrize(
    "entry", [FULL, LONG, Completion(""), RecordedVerdict((1.5,)), RecordedVerdict((1.25, None), 0.01, 2.0)]
)
def test_an_entry_comes_back_as_it_went_in_also_from_another_process_view(
    entry: Entry, tmp_path: Path
) -> None:
    path = tmp_path / "folder" / "replies.sqlite"
    with Cache(path) as cache:
        cache.put(key(1), entry)
        with Cache(path) as another:
            assert another.get_many([key(1), key(2)]) == {key(1): entry}
            assert another.known([key(1), key(2)]) == {key(1)}


def test_a_new_file_is_made_when_something_is_written(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "replies.sqlite"
    with Cache(path) as cache, Cache(path) as another:
        assert not cache.known([key(1)])
        assert not another.has_batches
        assert not any(tmp_path.iterdir())
        cache.put(key(1), FULL)
        assert path.exists()
        assert another.get_many([key(1)]) == {key(1): FULL}, "who found nothing sees what is there since"
        another.put(key(2), LONG)
        assert cache.get_many([key(2)]) == {key(2): LONG}


@pytest.mark.parametrize("name", ["file/replies.sqlite", f"{'x' * 256}/replies.sqlite"])
def test_a_file_that_could_not_be_made_is_refused_at_once(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"cannot be (written|opened)"):
        Cache(tmp_path / name)


def test_what_is_no_number_is_not_stored(tmp_path: Path) -> None:
    with Cache(tmp_path / "c.sqlite") as cache:
        for entry in (Completion("a", seconds=math.nan), RecordedVerdict((math.inf,))):
            with pytest.raises(ValueError, match="JSON"):
                cache.put(key(1), entry)
        assert not cache.known([key(1)])
        cache.put(key(1), replace(LONG, text="é", input_tokens=1))
        ((stored,),) = cache.query("SELECT value FROM replies")
        cache.put(key(1), Completion("a"))
        ((empty,),) = cache.query("SELECT value FROM replies")
    assert stored.isascii()
    assert {"text"} <= json.loads(empty).keys() <= {"text", "finish_reason", "seconds"}, "the rest is empty"


def test_more_keys_than_sqlite_takes_at_once_are_looked_up(tmp_path: Path) -> None:
    with Cache(tmp_path / "c.sqlite") as cache:
        cache.put_many((key(number), Completion(str(number))) for number in range(3_000))
        found = cache.get_many([key(number) for number in range(0, 6_000, 2)])
    assert {int.from_bytes(name, "big") for name in found} == set(range(0, 3_000, 2))


def test_a_newer_reply_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    with Cache(tmp_path / "c.sqlite") as cache:
        cache.put(key(1), Completion("old"))
        cache.put(key(1), Completion("new"))
        assert cache.get_many([key(1)]) == {key(1): Completion("new")}


def test_deleted_entries_are_unknown(tmp_path: Path) -> None:
    with Cache(tmp_path / "c.sqlite") as cache:
        cache.put_many([(key(1), Completion("a")), (key(2), Completion("b"))])
        assert cache.delete([key(1), key(3)]) == 1
        assert cache.known([key(1), key(2)]) == {key(2)}


def test_a_temporary_cache_leaves_nothing_behind() -> None:
    with Cache(None) as cache:
        path = cache.path
        assert path is not None
        cache.put(key(1), FULL)
        assert path.exists()
    assert not path.parent.exists()


def _other_program(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE mine (x)")
    connection.commit()
    connection.close()


def _newer_version(path: Path) -> None:
    with Cache(path) as cache:
        cache.put_many([])
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: path.write_text("instruction,output\n" * 100), "not a database"),
        (_other_program, "another program"),
        (_newer_version, "newer version"),
        (lambda path: path.mkdir(), "unable to open"),
    ],
)
def test_a_file_that_is_no_cache_of_ours_is_refused_and_left_alone(
    make: object, says: str, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    make(path)  # type: ignore[operator]
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(UsageError, match=says) as error:
        Cache(path)
    assert str(path) in str(error.value)
    assert "--caching_path" in str(error.value)
    assert (path.read_bytes() if path.is_file() else None) == before


def test_a_reply_that_cannot_be_stored_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with Cache(tmp_path / "c.sqlite") as cache:
        cache.put(key(1), FULL)
        cache.query("PRAGMA max_page_count = 1")
        with pytest.raises(CacheError, match=r"full.*free some space"):
            cache.put(key(2), Completion("x" * 100_000))
        assert cache.known([key(1)]) == {key(1)}
