"""The cache's file under everything that can happen to a file: what was paid for is not lost."""

import os
import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from autoeval.completions.cache import Cache, CacheError
from autoeval.completions.storage import claims, sqlite_file, sqlite_schema
from autoeval.errors import UsageError
from autoeval.types import Completion
from tests.faults.counting import N_PAIRS, PaidJudge, n_stored, run
from tests.journeys.small import write_outputs
from tests.processes import start_command
from tests.servers import JudgeServer
from tests.servers.answers import Answerer


def _filled(path: Path, server: JudgeServer) -> Path:
    run(path, server)
    return path / "cache.sqlite"


def test_a_full_disk_ends_the_run_and_the_next_one_goes_on(tmp_path: Path) -> None:
    judge = PaidJudge()
    with JudgeServer(judge) as server:
        outputs, reference = write_outputs(tmp_path, 400)
        cache = tmp_path / "cache.sqlite"
        arguments = _arguments(outputs, reference, server, tmp_path)
        ended = start_command(*arguments, limits={"RLIMIT_FSIZE": 100 * 1024}).finish()
        assert ended.returncode == 1
        assert f"the cache {cache} cannot be written" in ended.stderr
        assert "Traceback" not in ended.stderr
        kept = n_stored(cache)
        assert 0 < kept < 400
        assert start_command(*arguments).finish().returncode == 0
    assert judge.n_paid_twice <= 64  # those in flight when the disk was full
    assert n_stored(cache) == 400


def _arguments(outputs: Path, reference: Path, server: JudgeServer, folder: Path, *more: str) -> list[str]:
    return [
        *(f"--model_outputs={outputs}", f"--reference_outputs={reference}"),
        *("--annotators_config=gpt4_ranking", f"--judge_base_url={server.base_url}", "--no_report"),
        *(f"--caching_path={folder / 'cache.sqlite'}", f"--output_path={folder / 'results'}", *more),
    ]


def test_a_cache_that_another_process_holds_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    with JudgeServer(PaidJudge()) as server:
        cache = tmp_path / "cache.sqlite"
        with Cache(cache) as begun:
            begun.put_many([])
        holder = sqlite3.connect(cache, isolation_level=None, check_same_thread=False)
        holder.execute("BEGIN IMMEDIATE")
        threading.Timer(0.2, holder.execute, ["COMMIT"]).start()
        assert run(tmp_path, server).tally.n_judged == N_PAIRS
        holder.close()


def test_a_cache_that_stays_locked_is_an_error_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "LOCK_SECONDS", 0.05)
    with JudgeServer(PaidJudge()) as server:
        cache = tmp_path / "cache.sqlite"
        with Cache(cache) as begun:
            begun.put_many([])
        holder = sqlite3.connect(cache, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(CacheError, match="locked"):
            run(tmp_path, server)
        holder.close()
        assert run(tmp_path, server).tally.n_judged == N_PAIRS


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_of_a_cache_cut_short_what_can_be_read_is_kept(share: float, tmp_path: Path) -> None:
    judge = PaidJudge()
    with JudgeServer(judge) as server:
        cache = _filled(tmp_path, server)
        with Cache(cache) as opened:
            opened.put_many((os.urandom(32), Completion("a > b")) for _ in range(2_000))
        with cache.open("r+b") as file:
            file.truncate(int(cache.stat().st_size * share))
        with Cache(cache) as opened:
            assert opened.salvaged is not None
            assert opened.salvaged.damaged.exists()
            assert opened.salvaged.n_replies > 0.5 * share * 2_000
        result = run(tmp_path, server)
    assert result.tally.n_judged == N_PAIRS
    assert judge.n_paid_twice < N_PAIRS / 2
    assert n_stored(cache) >= N_PAIRS


def test_damage_that_shows_only_when_it_is_read_is_salvaged_too(tmp_path: Path) -> None:
    judge = PaidJudge()
    with JudgeServer(judge) as server:
        cache = _filled(tmp_path, server)
        content = bytearray(cache.read_bytes())
        content[4096 * 2 : 4096 * 3] = b"\xff" * 4096
        cache.write_bytes(content)
        with pytest.raises(CacheError, match=r"damaged: \d+ replies could be read"):
            run(tmp_path, server)
        assert run(tmp_path, server).tally.n_judged == N_PAIRS
    assert n_stored(cache) == N_PAIRS


def test_a_log_cut_short_costs_only_what_was_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "cache.sqlite"
    judge = PaidJudge()
    with JudgeServer(judge) as server, Cache(path) as held:
        held.put_many([])  # an open connection keeps the log
        with monkeypatch.context() as patch:
            patch.setattr(claims, "LEASE_SECONDS", 0.0)  # who crashed does not renew it
            run(tmp_path, server)
        log = Path(f"{path}-wal")
        copy = tmp_path / "crashed"
        copy.mkdir()
        (copy / path.name).write_bytes(path.read_bytes())
        (copy / log.name).write_bytes(log.read_bytes()[: log.stat().st_size // 2])
        assert held.known([]) == set()
        result = run(copy, server)
    assert result.tally.n_judged == N_PAIRS
    assert 0 < judge.n_paid_twice < N_PAIRS


@pytest.mark.parametrize("name", ["outputs.json", "reference.json/cache"])
def test_what_is_no_cache_is_refused_before_anything_is_asked(name: str, tmp_path: Path) -> None:
    write_outputs(tmp_path)
    with JudgeServer(PaidJudge()) as server:
        with pytest.raises(UsageError, match="cache"):
            run(tmp_path, server, caching_path=tmp_path / name)
        assert server.n_requests == 0


_OURS = f"PRAGMA application_id = {sqlite_schema.APPLICATION_ID}; PRAGMA user_version = 1"
_FOREIGN = {
    "another program's tables": "CREATE TABLE notes (text)",
    "tables with our names": "CREATE TABLE replies (key, value)",
    "a view with our name": "CREATE VIEW replies AS SELECT 1 AS key",
    "another program's file, empty": "PRAGMA application_id = 7",
    "our mark on other tables": f"CREATE TABLE notes (text); {_OURS}",
    "our mark on other columns": f"CREATE TABLE replies (a, b); {_OURS}",
    "our mark on nothing": _OURS,
    "our mark, no version": f"CREATE TABLE notes (text); {_OURS}; PRAGMA user_version = 0",
    "our mark, a version below none": f"{_OURS}; PRAGMA user_version = -1",
    "a newer version": f"{_OURS}; PRAGMA user_version = 99",
    "a log of its own": "PRAGMA journal_mode = WAL; CREATE TABLE notes (text)",
    "our tables and others": f"{sqlite_schema.SCHEMA}; CREATE TABLE notes (text)",
    "one of our tables missing": f"{sqlite_schema.SCHEMA}; DROP TABLE batch_requests",
    "cut short": "CREATE TABLE notes AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 9999) "
    "SELECT i FROM n",
}


@pytest.mark.parametrize("kind", _FOREIGN)
def test_a_database_that_is_no_cache_is_refused_and_left_as_it_is(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "theirs.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(_FOREIGN[kind])
    content = path.read_bytes()
    if kind == "cut short":
        content = content[: len(content) // 2]
        path.write_bytes(content)
    with pytest.raises(UsageError, match=r"theirs\.sqlite cannot be opened: .*--caching_path") as error:
        Cache(path)
    assert error.value.exit_code == 2
    assert path.read_bytes() == content
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_two_processes_share_a_cache_and_a_board(tmp_path: Path) -> None:
    judge = PaidJudge()
    with JudgeServer(_slowly(judge)) as server:
        outputs, reference = write_outputs(tmp_path, 400)
        board = tmp_path / "board.csv"
        processes = [
            start_command(
                *_arguments(
                    outputs, reference, server, tmp_path / name, f"--precomputed_leaderboard={board}"
                ),
                f"--caching_path={tmp_path / 'cache.sqlite'}",
                f"--name={name}",
                "--max_concurrency=8",
            )
            for name in ("one", "two", "three")
        ]
        done = [process.finish() for process in processes]
    assert [each.returncode for each in done] == [0, 0, 0], [each.stderr for each in done]
    assert n_stored(tmp_path / "cache.sqlite") == 400
    assert judge.n_paid_twice < 100, "questions are asked twice only while another process asks them"
    assert {line.split(",")[0] for line in board.read_text().splitlines()[1:]} == {"one", "two", "three"}


def _slowly(judge: PaidJudge) -> Answerer:
    return lambda body: replace(judge(body), delay=0.01)


def test_a_clock_that_is_set_back_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = time.time
    judge = PaidJudge()
    with JudgeServer(judge) as server:
        run(tmp_path, server)
        monkeypatch.setattr(time, "time", lambda: real() - 10 * 365 * 86_400)
        result = run(tmp_path, server, seed=1)
        assert run(tmp_path, server, seed=0).tally.n_judged == N_PAIRS
    assert result.tally.n_judged == N_PAIRS
    assert judge.paid.total() == 2 * N_PAIRS
