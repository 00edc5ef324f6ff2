"""Nothing that was paid for is paid for again, and nothing else is taken from the cache."""

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

import autoeval
from autoeval.completions.cache import Cache
from autoeval.resources import shipped
from tests.journeys.small import evaluate_small, evaluated, write_outputs
from tests.processes import start_command
from tests.servers import Answer, JudgeServer, always, prompt_text
from tests.servers.answers import Body

A_WINS = always("a > b")


def _own_judge(folder: Path) -> Path:
    return Path(shutil.copytree(shipped("annotator_configs") / "gpt4_ranking", folder / "my_judge"))


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_rerun_makes_no_request_and_gives_the_same_files(tmp_path: Path) -> None:
    with JudgeServer(A_WINS) as server:
        first = evaluate_small(tmp_path, server)
        files = {path.name: path.read_text() for path in first.paths if path.name != "run.json"}
        assert server.n_requests == 20
        again = evaluate_small(tmp_path, server)
        assert server.n_requests == 20
    assert again.ask.n_cached == 20
    assert {path.name: path.read_text() for path in again.paths if path.name != "run.json"} == files


def test_a_deleted_reply_is_asked_again_and_only_that(tmp_path: Path) -> None:
    with JudgeServer(A_WINS) as server:
        evaluate_small(tmp_path, server)
        with Cache(tmp_path / "cache.sqlite") as cache:
            cache.query("DELETE FROM replies WHERE rowid = 7")
        evaluate_small(tmp_path, server)
        assert server.n_requests == 21


@pytest.mark.parametrize(
    ("file", "old", "new", "asked"),
    [
        ("prompt.jinja", "Two answers", "Both answers", 20),
        ("config.yaml", "temperature: 0", "temperature: 1", 20),
        ("config.yaml", "gpt-4.1", "gpt-4.1-mini", 20),
        ("config.yaml", "first: a, second: b", "first: b, second: a", 0),
        ("config.yaml", "GPT-4 orders", "My GPT-4 orders", 0),
    ],
)
def test_a_changed_question_is_asked_and_a_changed_parser_only_reads(
    file: str, old: str, new: str, asked: int, tmp_path: Path
) -> None:
    judge = _own_judge(tmp_path)
    with JudgeServer(A_WINS) as server:
        before = evaluate_small(tmp_path, server, annotators_config=judge)
        _edit(judge / file, old, new)
        after = evaluate_small(tmp_path, server, annotators_config=judge)
        assert server.n_requests == 20 + asked
    if "first: b" in new:
        assert after.win_rate.win_rate == 100 - before.win_rate.win_rate


def test_another_seed_is_another_vote(tmp_path: Path) -> None:
    with JudgeServer(A_WINS) as server:
        evaluate_small(tmp_path, server, seed=0)
        evaluate_small(tmp_path, server, seed=1)
        assert server.n_requests == 40


def test_a_reply_without_a_verdict_is_kept_parsed_again_and_asked_again_only_on_request(
    tmp_path: Path,
) -> None:
    def answer(body: Body) -> Answer:
        return Answer(text="I cannot say." if is_coy and "thing 3." in prompt_text(body) else "a > b")

    is_coy = True
    with JudgeServer(answer) as server:
        first = evaluate_small(tmp_path, server)
        (missing,) = [row for row in first.records() if row["preference"] is None]
        assert missing["raw_completion"] == "I cannot say."
        assert missing["failure"].startswith("unparsed: ")
        assert (first.exit_code, first.row["n_missing"]) == (3, 1)
        is_coy = False
        evaluate_small(tmp_path, server)
        assert server.n_requests == 20
        again = evaluate_small(tmp_path, server, is_reask_unparsed=True)
        assert server.n_requests == 21
    assert again.exit_code == 0


def _stopping_after(n: int, stop: Callable[[], None]) -> Callable[[Body], Answer]:
    asked = 0

    def answer(_: Body) -> Answer:
        nonlocal asked
        asked += 1
        if asked == n:
            stop()
        return Answer("a > b", delay=0.002)

    return answer


@pytest.mark.parametrize("kill", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_goes_on_where_it_was(kill: signal.Signals, tmp_path: Path) -> None:
    outputs, reference = write_outputs(tmp_path, n=300)
    server = JudgeServer()
    with server:
        server.answer = _stopping_after(100, lambda: process.send_signal(kill))
        arguments = (
            f"--model_outputs={outputs}",
            f"--reference_outputs={reference}",
            "--annotators_config=gpt4_ranking",
            f"--judge_base_url={server.base_url}",
            f"--caching_path={tmp_path / 'cache.sqlite'}",
            f"--output_path={tmp_path / 'out'}",
            "--max_concurrency=8",
        )
        process = start_command(*arguments)
        killed = process.finish()
        assert killed.returncode == (130 if kill is signal.SIGINT else -signal.SIGKILL)
        assert "Traceback" not in killed.stderr
        with Cache(tmp_path / "cache.sqlite") as cache:
            ((kept,),) = cache.query("SELECT count(*) FROM replies")
        assert kept >= 100 - 8
        server.answer, server.n_requests = A_WINS, 0
        assert start_command(*arguments).finish().returncode == 0
        assert server.n_requests == 300 - kept


def test_a_failed_run_leaves_an_earlier_result_in_place(tmp_path: Path) -> None:
    with JudgeServer(A_WINS) as server:
        before = evaluate_small(tmp_path, server).paths[0].read_text()
    with JudgeServer(always(status=401)) as server:
        result = evaluate_small(tmp_path, server, seed=5)
    assert result.exit_code == 5
    assert (tmp_path / "results" / "gpt4_ranking" / "annotations.json").read_text() == before


def test_max_instances_takes_the_same_instructions_whatever_the_order_of_the_file(tmp_path: Path) -> None:
    outputs, reference = write_outputs(tmp_path)
    rows = json.loads(outputs.read_text())
    taken = [
        {row["instruction"] for row in _judged(given, reference).records()}
        for given in (rows, list(reversed(rows)))
    ]
    assert len(taken[0]) == 7
    assert taken[0] == taken[1]


def _judged(rows: list[dict[str, str]], reference: Path) -> autoeval.Evaluation:
    result: autoeval.Evaluation = evaluated(rows, reference, "longest", output_path=None, max_instances=7)
    return result
