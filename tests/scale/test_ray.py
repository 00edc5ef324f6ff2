"""Asking on a Ray cluster of this machine: two workers, one of which is killed in the middle."""

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autoeval.errors import UsageError
from autoeval.journeys.parameters.forwarding import defaults
from autoeval.journeys.parameters.limits import Limits, ask_options
from tests.cli.running import CommandLine
from tests.faults.counting import PaidJudge, n_stored
from tests.journeys.small import evaluate_small, write_outputs
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
                os.kill(_workers()[0], signal.SIGKILL)
            return replace(judge(body), delay=0.01)

        with JudgeServer(answer) as server:
            given: dict[str, Any] = {"n": N, "max_concurrency": IN_FLIGHT, "judge_price": (2, 8)}
            found = evaluate_small(tmp_path / "ray", server, **given, engine="ray", max_cost=10)
            assert judge.n_paid_twice <= at_risk[0] + IN_FLIGHT
            assert server.n_requests == N + judge.n_paid_twice
            whole = evaluate_small(tmp_path / "whole", server, **given)
        assert found.exit_code == 0
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


def _workers() -> list[int]:
    """Return the processes that ask for this one."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and _command(folder).startswith(b"ray::answers"):
            ancestor = folder.name
            while ancestor not in ("0", str(os.getpid())):
                stat = Path("/proc", ancestor, "stat").read_text()
                ancestor = stat.rpartition(")")[2].split()[1]
            if ancestor != "0":
                found.append(int(folder.name))
    return found


def _command(folder: Path) -> bytes:
    try:
        return (folder / "cmdline").read_bytes()
    except OSError:
        return b""
