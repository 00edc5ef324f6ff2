"""Asking on a Ray cluster of this machine: two workers, one of which is killed in the middle."""

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from autoeval.completions.ask import Silent
from autoeval.errors import UsageError
from autoeval.journeys.parameters.forwarding import defaults
from autoeval.journeys.parameters.limits import Limits, ask_options
from tests.cli.running import CommandLine
from tests.faults.counting import PaidJudge, n_stored
from tests.journeys.small import evaluate_small, write_outputs
from tests.processes import start_command, start_python
from tests.scale.test_shards import rows_of
from tests.servers import Answer, JudgeServer, always
from tests.servers.answers import Body

N = 500
IN_FLIGHT = 8


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"engine": "rya"}, "ray"),
        ({"ray_address": "auto"}, "--engine ray"),
        ({"engine": "ray", "batch": True}, "--batch"),
        ({"engine": "ray", "batch_files": "folder"}, "--batch_files"),
    ],
)
def test_what_does_not_go_together_is_said(given: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        ask_options(Limits(**{**defaults(Limits), **given}))  # type: ignore[typeddict-item]


def test_where_it_is_not_installed_one_line_says_what_to_install(
    command: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autoeval.runs.on_ray.find_spec", lambda _: None)
    outputs, reference = write_outputs(tmp_path)
    with JudgeServer(always("a > b")) as server:
        done = command(
            *("--model_outputs", outputs, "--reference_outputs", reference, "--engine", "ray"),
            *("--annotators_config", "gpt4_ranking", "--judge_base_url", server.base_url),
        )
        assert server.n_requests == 0
    assert done.code == 2
    assert "pip install 'autoeval[ray]'" in done.err
    assert len(done.err.strip().splitlines()) == 1


@pytest.mark.parametrize(("how", "is_said"), [("os._exit(1)", True), ("sys.exit(1)", False)])
def test_a_process_that_is_ended_in_its_middle_has_a_last_line(how: str, is_said: bool) -> None:
    code = f"import os, sys; from autoeval.runs.last_words import say_if_ended; say_if_ended('Gone.'); {how}"
    done = start_python("-c", code, is_new=True).finish()
    assert (done.returncode, done.stderr) == (1, "Gone.\n" if is_said else "")


@pytest.mark.cluster
@pytest.mark.slow
def test_where_the_cluster_goes_the_last_line_says_so_and_the_same_command_goes_on(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    judge, killed = PaidJudge(), list[int]()

    def answer(body: Body) -> Answer:
        if server.n_requests > N // 3 and not killed:
            killed.extend(_below(process.pid, b"gcs_server") + _below(process.pid, b"raylet"))
            for pid in killed:
                os.kill(pid, signal.SIGKILL)
        return replace(judge(body), delay=0.01)

    outputs, reference = write_outputs(tmp_path, N)
    with JudgeServer(answer) as server:
        given = [
            *(f"--model_outputs={outputs}", f"--reference_outputs={reference}", "--no_report"),
            *("--annotators_config=gpt4_ranking", f"--judge_base_url={server.base_url}"),
            *(f"--caching_path={tmp_path / 'cache.sqlite'}", "--output_path=None"),
        ]
        process = start_command(
            *given, "--engine=ray", "--max_concurrency=8", RAY_gcs_rpc_server_reconnect_timeout_s="1"
        )
        done = process.finish()
        assert (len(killed), done.returncode) == (2, 1)
        assert (
            done.stderr.strip().splitlines()[-1].startswith("--engine ray: this run was ended in its middle")
        )
        assert n_stored(tmp_path / "cache.sqlite") > 0
        assert start_command(*given).finish().returncode == 0
    assert len(judge.paid) == N


@pytest.mark.cluster
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
class TestCluster:
    """One cluster for all of them."""

    @pytest.fixture(autouse=True, scope="class")
    def _cluster(self) -> Iterator[None]:
        ray = pytest.importorskip("ray", reason="the extra `ray` is not installed")
        os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
        yield
        ray.shutdown()
        del os.environ["PYTHONPATH"]

    def test_a_worker_is_killed_and_the_result_is_that_of_one_process(self, tmp_path: Path) -> None:
        judge = PaidJudge()
        at_risk: list[int] = []

        def answer(body: Body) -> Answer:
            if server.n_requests > N // 3 and not at_risk:
                at_risk.append(server.n_requests - n_stored(tmp_path / "ray" / "cache.sqlite"))
                os.kill(_below(os.getpid(), b"ray::answers")[0], signal.SIGKILL)
            return replace(judge(body), delay=0.01)

        with JudgeServer(answer) as server:
            given: dict[str, Any] = {"n": N, "max_concurrency": IN_FLIGHT, "judge_price": (2, 8)}
            display = _Heard()
            found = evaluate_small(
                tmp_path / "ray", server, **given, engine="ray", max_cost=10, display=display
            )
            assert judge.n_paid_twice <= at_risk[0] + IN_FLIGHT
            assert server.n_requests == N + judge.n_paid_twice
            whole = evaluate_small(tmp_path / "whole", server, **given)
        assert found.exit_code == 0
        (died,) = (line for line in display.lines if "worker died" in line)
        assert f"{IN_FLIGHT} at most are asked again" in died
        assert (found.ask.n_asked, found.ask.failures) == (N, {})
        assert found.ask.spent == pytest.approx(whole.ask.spent)
        assert found.row == whole.row
        assert rows_of(tmp_path / "ray") == rows_of(tmp_path / "whole")

    def test_the_budget_is_kept(self, tmp_path: Path) -> None:
        with JudgeServer(always("a > b")) as server:
            given: dict[str, Any] = {"n": N, "judge_price": (100, 100), "max_cost": 2}
            found = evaluate_small(tmp_path / "ray", server, **given, engine="ray")
        assert found.exit_code == 4
        assert 1 < found.ask.spent <= 2

    def test_a_judge_that_says_no_verdict_is_left_after_eight(self, tmp_path: Path) -> None:
        with JudgeServer(always("I like both.")) as server:
            evaluate_small(tmp_path / "ray", server, n=N, engine="ray")
            assert server.n_requests == 8

    def test_a_refused_key_ends_the_run(self, tmp_path: Path) -> None:
        with JudgeServer(always(status=401)) as server:
            found = evaluate_small(tmp_path / "ray", server, n=N, engine="ray")
            assert server.n_requests == 1
        assert found.exit_code == 5


@dataclass
class _Heard(Silent):
    """A display that keeps what is announced."""

    lines: list[str] = field(default_factory=list)

    def announce(self, line: str) -> None:
        """Keep a line."""
        self.lines.append(line)


def _below(pid: int, name: bytes) -> list[int]:
    """Return the processes of a name that a process has started, itself or through others."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and Path(os.fsdecode(_command(folder))).name.startswith(os.fsdecode(name)):
            ancestor = folder.name
            while ancestor not in ("0", str(pid)):
                stat = Path("/proc", ancestor, "stat").read_text()
                ancestor = stat.rpartition(")")[2].split()[1]
            if ancestor != "0":
                found.append(int(folder.name))
    return found


def _command(folder: Path) -> bytes:
    """Return what a process was started as."""
    try:
        return (folder / "cmdline").read_bytes().partition(b"\0")[0]
    except OSError:
        return b""
