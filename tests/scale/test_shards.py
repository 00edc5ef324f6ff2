"""Parts of a run, asked apart and read together, are the run."""

import json
import os
import signal
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import autoeval
from autoeval.completions.cache import Cache
from autoeval.completions.storage.places import Shard
from autoeval.errors import UsageError
from autoeval.runs.sharding import ShardReport
from tests.cli.running import CommandLine
from tests.faults.counting import PaidJudge
from tests.journeys.small import evaluate_small, write_outputs
from tests.processes import start_command
from tests.servers import Answer, JudgeServer, in_turn

N = 60


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "a/b", "-1/3", "1/0", ""])
def test_a_part_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--shard"):
        Shard.parse(text)


def test_the_parts_are_the_whole_and_share_nothing() -> None:
    keys = [os.urandom(32) for _ in range(3_000)]
    parts = [{key for key in keys if Shard(number, 7).has(key)} for number in range(1, 8)]
    assert sum(map(len, parts)) == len(set().union(*parts)) == 3_000
    assert min(map(len, parts)) > 300


def rows_of(folder: Path) -> list[dict[str, Any]]:
    """Return the rows of the annotations below a folder, but for the times at which they were made."""
    (path,) = folder.rglob("annotations.json")
    rows: list[dict[str, Any]] = json.loads(path.read_text())
    return [{name: value for name, value in row.items() if "time" not in name} for row in rows]


def test_parts_asked_one_by_one_and_read_together_are_one_run(tmp_path: Path) -> None:
    judge = PaidJudge()
    with JudgeServer(judge) as server:
        whole = evaluate_small(tmp_path / "whole", server, n=N)
        n_whole = server.n_requests
        caches = tmp_path / "caches"
        for number in (1, 2, 3):
            part: object = evaluate_small(
                tmp_path / "cut", server, n=N, shard=f"{number}/3", caching_path=caches
            )
            assert isinstance(part, ShardReport)
            assert part.exit_code == 0
        assert not (tmp_path / "cut" / "results").exists()
        assert sorted(path.name for path in caches.iterdir() if path.suffix == ".sqlite") == [
            f"shard-{number}-of-3.sqlite" for number in (1, 2, 3)
        ]
        assert server.n_requests == 2 * n_whole
        read = evaluate_small(tmp_path / "cut", server, n=N, caching_path=caches)
        assert server.n_requests == 2 * n_whole
    assert read.estimate == whole.estimate
    assert rows_of(tmp_path / "cut") == rows_of(tmp_path / "whole")


def test_parts_that_others_only_begin_are_not_in_the_way(tmp_path: Path) -> None:
    folder = tmp_path / "caches"
    folder.mkdir()
    with closing(sqlite3.connect(folder / "shard-2-of-3.sqlite")) as begun:
        begun.execute("PRAGMA journal_mode = WAL")
    (folder / "shard-3-of-3.sqlite").touch()
    with JudgeServer(PaidJudge()) as server:
        made = evaluate_small(tmp_path / "run", server, n=N, caching_path=folder)
        assert (made.estimate.n, server.n_requests) == (N, N)


@pytest.mark.parametrize(
    ("n_flagged", "min_coverage", "code"),
    [(N, 0.0, 3), (N // 2, 0.0, 0), (N // 2, 0.5, 0), (N // 2, 0.51, 3)],
)
def test_a_part_ends_with_3_where_too_few_or_none_have_a_reply(
    n_flagged: int, min_coverage: float, code: int, command: CommandLine, tmp_path: Path
) -> None:
    flagged = Answer("flagged", status=400, code="content_filter")
    outputs, reference = write_outputs(tmp_path, N)
    mixed = [flagged, Answer("a > b")] * (N - n_flagged) or [flagged]
    with JudgeServer(in_turn(*mixed)) as server:
        done = command(
            *("--model_outputs", outputs, "--reference_outputs", reference, "--shard", "1/1", "--go_on"),
            *("--annotators_config", "gpt4_ranking", "--judge_base_url", server.base_url),
            *("--caching_path", tmp_path / "caches", "--min_coverage", min_coverage),
        )
    assert f"{N - n_flagged} of {N} requests are answered" in done.out
    assert done.code == code


def test_a_part_with_nothing_to_ask_is_done(tmp_path: Path) -> None:
    with JudgeServer(PaidJudge()) as server:
        parts: list[object] = [
            evaluate_small(
                tmp_path / "run", server, n=1, shard=f"{number}/2", caching_path=tmp_path / "caches"
            )
            for number in (1, 2)
        ]
    assert sorted(part.ask.n_requests for part in parts if isinstance(part, ShardReport)) == [0, 1]
    assert [part.exit_code for part in parts if isinstance(part, ShardReport)] == [0, 0]


def test_other_cuts_ask_nothing_again(tmp_path: Path) -> None:
    with JudgeServer(PaidJudge()) as server:
        caches = tmp_path / "caches"
        evaluate_small(tmp_path / "run", server, n=N, shard="1/3", caching_path=caches)
        n_asked = server.n_requests
        for number in range(1, 6):
            evaluate_small(tmp_path / "run", server, n=N, shard=f"{number}/5", caching_path=caches)
        assert server.n_requests == N
        assert 0 < n_asked < N


def test_several_files_are_read_and_the_first_one_is_written(tmp_path: Path) -> None:
    with JudgeServer(PaidJudge()) as server:
        files = [tmp_path / f"{name}.sqlite" for name in ("new", "one", "two")]
        for number, file in enumerate(files[1:], 1):
            evaluate_small(tmp_path / "run", server, n=N, shard=f"{number}/3", caching_path=file)
        before = [file.read_bytes() for file in files[1:]]
        n_asked = server.n_requests
        evaluate_small(tmp_path / "run", server, n=N, caching_path=files)
        assert server.n_requests == N
        assert [file.read_bytes() for file in files[1:]] == before
    with Cache(files[0]) as cache:
        assert cache.query("SELECT count(*) FROM replies") == [(N - n_asked,)]


def test_a_file_to_read_that_is_not_there_is_named(tmp_path: Path) -> None:
    with JudgeServer(PaidJudge()) as server, pytest.raises(UsageError, match=r"there is no .*gone\.sqlite"):
        evaluate_small(
            tmp_path / "run", server, caching_path=f"{tmp_path / 'a.sqlite'},{tmp_path / 'gone.sqlite'}"
        )
    assert server.n_requests == 0


def test_a_board_is_made_of_parts(tmp_path: Path) -> None:
    outputs, reference = write_outputs(tmp_path, N)
    with JudgeServer(PaidJudge()) as server:
        asked: dict[str, Any] = {
            "leaderboard_path": tmp_path / "board.csv",
            "annotators_config": "gpt4_ranking",
            "all_model_outputs": outputs,
            "reference_outputs": reference,
            "judge_base_url": server.base_url,
            "caching_path": f"{tmp_path}/caches/",
        }
        for number in (1, 2):
            autoeval.make_leaderboard(**asked, shard=f"{number}/2")
        assert not (tmp_path / "board.csv").exists()
        made = autoeval.make_leaderboard(**asked)
        assert server.n_requests == N
    assert list(made.judged) == ["model"]


def test_a_model_is_generated_and_judged_by_parts(tmp_path: Path) -> None:
    _, reference = write_outputs(tmp_path, N)
    judge = PaidJudge()
    with JudgeServer(judge) as server:
        config = {"provider": "openai", "model": "writer", "base_url": server.base_url}
        asked: dict[str, Any] = {
            "evaluation_dataset": reference,
            "annotators_config": "gpt4_ranking",
            "judge_base_url": server.base_url,
            "caching_path": f"{tmp_path}/caches/",
            "precomputed_leaderboard": None,
            "no_report": True,
        }
        made = [
            autoeval.evaluate_from_model(
                {"writer": config}, shard=f"{number}/3", output_path=tmp_path / "by parts", **asked
            )
            for number in (1, 2, 3)
        ]
        assert [part.exit_code for part in made] == [0, 0, 0]
        assert [part.ask.n_requests for part in made] == [part.ask.n_asked for part in made]
        assert server.n_requests == sum(part.ask.n_asked for part in made) == 2 * N
        assert not (tmp_path / "by parts").exists()
        found = autoeval.evaluate_from_model({"writer": config}, output_path=tmp_path / "by parts", **asked)
        assert server.n_requests == 2 * N
        assert judge.n_paid_twice == 0
        asked["caching_path"] = tmp_path / "whole.sqlite"
        whole = autoeval.evaluate_from_model({"writer": config}, output_path=tmp_path / "whole", **asked)
    assert found.estimate == whole.estimate
    assert rows_of(tmp_path / "by parts") == rows_of(tmp_path / "whole")
    assert found.tally.n_judged == N


@pytest.mark.slow
def test_three_processes_one_of_which_is_killed_and_started_again(tmp_path: Path) -> None:
    judge = PaidJudge()
    n, in_flight = 300, 8
    outputs, reference = write_outputs(tmp_path, n)
    caches = tmp_path / "caches"
    with JudgeServer(lambda body: replace(judge(body), delay=0.05)) as server:
        arguments = [
            *(f"--model_outputs={outputs}", f"--reference_outputs={reference}", "--no_report"),
            *("--annotators_config=gpt4_ranking", f"--judge_base_url={server.base_url}"),
            *(f"--max_concurrency={in_flight}", f"--output_path={tmp_path / 'results'}"),
        ]
        parts = [[*arguments, f"--shard={number}/3", f"--caching_path={caches}"] for number in (1, 2, 3)]
        processes = [start_command(*part) for part in parts]
        while server.n_requests < 40:
            time.sleep(0.01)
        processes[1].send_signal(signal.SIGKILL)
        processes[1].finish()
        processes[1] = start_command(*parts[1])
        for process in processes:
            done = process.finish()
            assert done.returncode == 0, done.stderr
        merged = start_command("cache", "merge", str(caches), f"--into={tmp_path / 'merged.sqlite'}")
        assert merged.finish().returncode == 0
        read = start_command(*arguments, f"--caching_path={tmp_path / 'merged.sqlite'}")
        read.finish()
        n_before = server.n_requests
    assert read.returncode == 0
    assert judge.n_paid_twice <= in_flight
    assert n_before == n + judge.n_paid_twice
    with JudgeServer(judge) as server:
        evaluate_small(tmp_path / "whole", server, n=n)
    assert rows_of(tmp_path / "results") == rows_of(tmp_path / "whole")


def test_the_command_line_says_what_a_part_came_to(command: CommandLine, tmp_path: Path) -> None:
    outputs, reference = write_outputs(tmp_path, N)
    with JudgeServer(PaidJudge()) as server:
        done = command(
            *("--model_outputs", outputs, "--reference_outputs", reference, "--shard", "1/1"),
            *("--annotators_config", "gpt4_ranking", "--judge_base_url", server.base_url),
            *("--caching_path", tmp_path / "caches"),
        )
    assert done.code == 0
    assert f"Shard 1/1: {N} of {N} requests are answered" in done.out
