"""Each exit code, and what the run that ends with it keeps and says. Exit 2 has a file of its own."""

import _thread
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.running import CommandLine, Outcome, rows
from tests.processes import Process, start_command
from tests.servers import Answer, JudgeServer, always, in_turn
from tests.servers.answers import Body

N = 12


def evaluate(command: CommandLine, server: JudgeServer, *more: str) -> Outcome:
    command.write("outputs.json", rows(N))
    command.write("reference.json", rows(N, who="reference"))
    return command(
        *("--model_outputs", "outputs.json", "--reference_outputs", "reference.json"),
        *(
            "--annotators_config",
            "gpt4_ranking",
            "--judge_base_url",
            server.base_url,
            "--output_path",
            "results",
        ),
        *("--caching_path", "cache.sqlite", "--retry_delay", 0, *more),
    )


def annotations(command: CommandLine) -> list[dict[str, object]]:
    path = command.folder / "results" / "gpt4_ranking" / "annotations.json"
    read: list[dict[str, object]] = json.loads(path.read_text())
    return read


def test_0_all_judged(command: CommandLine) -> None:
    with JudgeServer(always("a > b")) as server:
        outcome = evaluate(command, server)
    assert outcome.code == 0
    assert f"{N} of {N} pairs judged (100.0%)" in outcome.err
    assert len(annotations(command)) == N


def test_0_help_version_board_and_dry_run(command: CommandLine) -> None:
    assert command("--help").code == 0
    assert command("--version").out.startswith("autoeval ")
    assert command("evaluate", "-h").code == 0
    board = command()
    assert board.code == 0
    assert board.err == ""
    assert "win_rate" in board.out
    with JudgeServer() as server:
        plan = evaluate(command, server, "--dry_run")
        assert server.n_requests == 0
    assert plan.code == 0
    assert f"requests: {N}, of which 0 cached and {N} new" in plan.out


def test_3_too_few_judged(command: CommandLine) -> None:
    """The results are saved, the missing are counted by reason, and less may be asked for."""
    answers = in_turn(Answer("I cannot say."), Answer("", refusal="no"), Answer("a > b"))
    with JudgeServer(answers) as server:
        outcome = evaluate(command, server)
        assert outcome.code == 3
        assert f"{N - 2} of {N} pairs judged (83.3%)" in outcome.err
        assert "missing: 2 unparsed" in outcome.err
        assert "whatever the missing ones are, the win rate lies from" in outcome.err
        missing = [row for row in annotations(command) if row["preference"] is None]
        assert sorted(str(row["failure"]) for row in missing) == [
            "unparsed: the judge refused: no",
            "unparsed: the reply does not rank 'a' and 'b'",
        ]
        assert "I cannot say." in [row["raw_completion"] for row in missing]
        asked = server.n_requests
        assert evaluate(command, server, "--min_coverage", "0.8").code == 0
        assert server.n_requests == asked


def test_3_nobody_answers(command: CommandLine) -> None:
    with JudgeServer() as server:
        pass
    outcome = evaluate(command, server, "--request_timeout", "5")
    assert outcome.code == 3
    assert f"0 of {N} pairs judged" in outcome.err
    assert "stopped: " in outcome.err
    assert not (command.folder / "results" / "gpt4_ranking" / "annotations.json").exists()


def test_4_the_budget_is_spent(command: CommandLine) -> None:
    with JudgeServer(always("a > b")) as server:
        outcome = evaluate(command, server, "--max_cost", "0.003")
        assert outcome.code == 4
        assert 0 < server.n_requests < N
        assert f"missing: {N - server.n_requests} not asked" in outcome.err
        assert "stopped: the budget of $0.003 is reached" in outcome.err
        assert evaluate(command, server).code == 0
        assert server.n_requests == N


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (401, "invalid_api_key", "key"),
        (403, "permission_denied", "stopped: "),
        (404, "model_not_found", "stopped: "),
        (429, "insufficient_quota", "stopped: "),
    ],
)
def test_5_the_endpoint_refuses_us(command: CommandLine, status: int, code: str, told: str) -> None:
    """One call is enough to know; what was judged before is kept, and the key is in no message."""
    refusal = Answer("not for sk-test", status=status, code=code)
    with JudgeServer(in_turn(Answer("a > b"), Answer("a > b"), refusal)) as server:
        outcome = evaluate(command, server, "--max_concurrency", "1")
        assert server.n_requests == 3
    assert outcome.code == 5
    assert f"2 of {N} pairs judged" in outcome.err
    assert told in outcome.err
    assert "sk-test" not in outcome.out + outcome.err
    assert [row["preference"] for row in annotations(command)].count(None) == N - 2


def test_130_interrupted(command: CommandLine) -> None:
    """As by Ctrl-C: every reply so far is kept, and the same command asks only for the rest."""
    asked: list[Body] = []

    def interrupted_at_the_fifth(body: Body) -> Answer:
        asked.append(body)
        if len(asked) == 5:
            _thread.interrupt_main()
        return Answer("a > b", delay=0.0 if len(asked) < 5 else 0.05)

    with JudgeServer(interrupted_at_the_fifth) as server:
        outcome = evaluate(command, server, "--max_concurrency", "1")
        assert outcome.code == 130
        assert outcome.err.endswith(
            "autoeval: interrupted. Every reply so far is kept; run the same command again.\n"
        )
        assert outcome.out == ""
        assert len(asked) == 5
        assert evaluate(command, server).code == 0
        assert len(asked) in (N, N + 1)  # the fifth was answered, or was cut off and asked again


def test_130_however_often_it_is_pressed(command: CommandLine) -> None:
    """One Ctrl-C after another while the run ends: the same code, one message, no traceback."""
    process: list[Process] = []

    def answer(_body: Body) -> Answer:
        if process:
            for _ in range(3):
                process[0].send_signal(signal.SIGINT)
        return Answer("a > b")

    command.write("outputs.json", rows(N))
    command.write("reference.json", rows(N, who="reference"))
    with JudgeServer(answer) as server:
        arguments = [
            *("--model_outputs=outputs.json", "--reference_outputs=reference.json", "--output_path=results"),
            *(
                "--annotators_config=gpt4_ranking",
                f"--judge_base_url={server.base_url}",
                "--max_concurrency=1",
            ),
        ]
        process.append(start_command(*arguments, folder=command.folder, is_new=True))
        done = process[0].finish()
    assert done.returncode == 130
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", [(), ("--version",), ("annotators",)])
def test_1_nobody_can_read_the_result(arguments: tuple[str, ...], command: CommandLine) -> None:
    with Path("/dev/full").open("w") as full:
        ended = start_command(*arguments, folder=command.folder, stdout=full).finish()
    assert ended.returncode == 1
    assert "autoeval: [Errno 28] No space left on device" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "Exception ignored" not in ended.stderr


def test_a_closed_output_is_nowhere_to_write_to(command: CommandLine) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "autoeval", "annotators"],
        stderr=subprocess.PIPE,
        text=True,
        cwd=command.folder,
        check=False,
        preexec_fn=lambda: os.close(1),
    )
    assert (ended.returncode, ended.stderr) == (0, "")
